package io.runcible.layout;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.Digest;
import io.runcible.Tool;
import io.runcible.archive.Decompression;
import io.runcible.archive.LayerWriter;
import io.runcible.archive.WrittenLayer;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Layer;
import io.runcible.image.MediaType;
import io.runcible.image.Platform;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Archives and directories of images, with skopeo and umoci on the other side. */
class ArchivesIT {
  private static final ImageReference APP = ImageReference.parse("registry.example/team/app:1");
  private static final Platform PLATFORM = Platform.parse("linux/arm64");
  private static final Platform OTHER = Platform.parse("linux/amd64");

  @TempDir Path temporary;
  private final Tool skopeo = Tool.require("skopeo", "skopeo");
  private Path place;
  private ImageAssembly image;
  private @Nullable ImageAssembly other;

  /** Two layers, of which one is compressed. */
  @BeforeEach
  void assemble() {
    place = temporary.resolve("place");
    image = image(PLATFORM, "arm");
  }

  private ImageAssembly image(Platform platform, String content) {
    WrittenLayer lower =
        new LayerWriter()
            .addFile("etc/kept", 0644, content.getBytes(UTF_8))
            .addFile("etc/removed", 0644, "removed".getBytes(UTF_8))
            .writeTo(temporary.resolve(content + "-lower"));
    WrittenLayer upper =
        new LayerWriter()
            .addWhiteout("etc/removed")
            .uncompressed()
            .writeTo(temporary.resolve(content + "-upper"));
    return ImageAssembly.builder(platform)
        .layer(lower)
        .layer(upper)
        .config(config -> config.entrypoint("/bin/tool").labels(Map.of("k", content)))
        .build();
  }

  private ImageIndex writeIndex(ImageSink sink) {
    ImageAssembly second = other();
    List<Descriptor> parts = new ArrayList<>();
    for (ImageAssembly part : List.of(image, second)) {
      Platform platform = part == image ? PLATFORM : OTHER;
      ImageReference pinned = ImageReference.parse(APP.name() + "@" + part.manifest().digest());
      parts.add(part.writeTo(sink, pinned).withPlatform(platform));
    }
    ImageIndex index = ImageIndex.of(parts, Map.of());
    sink.putManifest(APP, index.descriptor(), index.raw());
    return index;
  }

  private ImageAssembly other() {
    if (other == null) {
      other = image(OTHER, "amd");
    }
    return other;
  }

  private String skopeo(Object... arguments) throws Exception {
    List<Object> all = new ArrayList<>(List.of("--insecure-policy", "--override-arch=arm64"));
    all.addAll(List.of(arguments));
    return skopeo.run(all.toArray());
  }

  private JsonNode inspect(String location) throws Exception {
    return new ObjectMapper().readTree(skopeo("inspect", location));
  }

  private static void assertVerified(Image image) throws IOException {
    for (Layer layer : image.layers()) {
      try (InputStream plain = Decompression.open(layer.compressed())) {
        assertThat(Digest.sha256(plain.readAllBytes())).isEqualTo(layer.diffId());
      }
    }
  }

  private void assertSame(ImageSource source, ImageReference reference) throws IOException {
    Image read = Image.resolve(source, reference, PLATFORM);
    assertThat(read.descriptor().digest()).isEqualTo(image.manifest().digest());
    assertThat(read.config().raw()).isEqualTo(image.config().raw());
    assertVerified(read);
  }

  private void assertInspected(String location) throws Exception {
    JsonNode seen = inspect(location);
    assertThat(seen.get("Digest").asText()).isEqualTo(image.manifest().digest().toString());
    assertThat(seen.get("Labels").get("k").asText()).isEqualTo("arm");
  }

  private Path layout() {
    Path layout = temporary.resolve("layout");
    image.writeTo(ImageLayout.create(layout), APP);
    return layout;
  }

  @Nested
  class OciArchives {
    @Test
    void whatSkopeoWritesIsRead() throws Exception {
      skopeo(
          "copy",
          "--preserve-digests",
          "oci:" + layout() + ":" + APP,
          "oci-archive:" + place + ":name");
      try (OciArchive archive = OciArchive.open(place)) {
        assertThat(archive.select("name").digest()).isEqualTo(image.manifest().digest());
        assertSame(archive, APP.withTag("name"));
      }
    }

    @Test
    void anIndexOfSkopeoIsRead() throws Exception {
      Path layout = temporary.resolve("layout");
      ImageIndex index = writeIndex(ImageLayout.create(layout));
      skopeo(
          "copy",
          "--all",
          "--preserve-digests",
          "oci:" + layout + ":" + APP,
          "oci-archive:" + place + ":" + APP);
      try (OciArchive archive = OciArchive.open(place)) {
        assertThat(archive.resolve(APP).digest()).isEqualTo(index.digest());
        assertSame(archive, APP);
        assertVerified(Image.resolve(archive, APP, OTHER));
      }
    }

    @Test
    void skopeoReadsWhatIsWritten() throws Exception {
      try (ImageSink sink = OciArchive.create(place)) {
        image.writeTo(sink, APP);
        sink.commit();
      }
      assertInspected("oci-archive:" + place + ":" + APP);
      Path copy = temporary.resolve("copy");
      skopeo("copy", "--preserve-digests", "oci-archive:" + place, "dir:" + copy);
      assertThat(copy.resolve("manifest.json")).hasBinaryContent(image.manifest().raw());
    }

    @Test
    void skopeoReadsAnIndex() throws Exception {
      ImageIndex index;
      try (ImageSink sink = OciArchive.create(place, "all")) {
        index = writeIndex(sink);
        sink.commit();
      }
      Path copy = temporary.resolve("copy");
      skopeo("copy", "--all", "oci-archive:" + place + ":all", "dir:" + copy);
      assertThat(copy.resolve("manifest.json")).hasBinaryContent(index.raw());
    }

    @Test
    void umociUnpacksWhatIsWritten() throws Exception {
      Tool umoci = Tool.require("umoci", "umoci");
      Tool tar = Tool.require("tar", "tar");
      try (ImageSink sink = OciArchive.create(place, "it")) {
        image.writeTo(sink, APP);
        sink.commit();
      }
      Path layout = Files.createDirectory(temporary.resolve("extracted"));
      tar.run("-C", layout, "-xf", place);
      Path bundle = temporary.resolve("bundle");
      umoci.run("unpack", "--rootless", "--image", layout + ":it", bundle);
      assertThat(bundle.resolve("rootfs/etc/kept")).hasContent("arm");
      assertThat(bundle.resolve("rootfs/etc/removed")).doesNotExist();
    }
  }

  @Nested
  class DockerArchives {
    private void assertContents(Image read) throws IOException {
      assertThat(read.config().raw()).isEqualTo(image.config().raw());
      assertThat(read.manifest().layers().stream().map(Descriptor::digest).toList())
          .isEqualTo(image.config().diffIds());
      assertThat(read.manifest().layers())
          .allMatch(layer -> layer.mediaType().equals(MediaType.OCI_LAYER));
      assertVerified(read);
    }

    @Test
    void whatSkopeoWritesIsRead() throws Exception {
      skopeo("copy", "oci:" + layout() + ":" + APP, "docker-archive:" + place + ":" + APP);
      JsonNode seen =
          new ObjectMapper().readTree(skopeo("inspect", "--raw", "docker-archive:" + place));
      try (DockerArchive archive = DockerArchive.open(place)) {
        Image read = Image.resolve(archive, APP, PLATFORM);
        assertContents(read);
        assertThat(seen.at("/config/digest").asText())
            .isEqualTo(read.manifest().config().digest().toString());
        for (int i = 0; i < 2; i++) {
          assertThat(seen.at("/layers/" + i + "/digest").asText())
              .isEqualTo(read.manifest().layers().get(i).digest().toString());
          assertThat(seen.at("/layers/" + i + "/size").asLong())
              .isEqualTo(read.manifest().layers().get(i).size());
        }
      }
    }

    @Test
    void skopeoReadsWhatIsWritten() throws Exception {
      ImageReference second = APP.withTag("2");
      try (ImageSink sink = DockerArchive.create(place)) {
        image.writeTo(sink, APP);
        image(PLATFORM, "second").writeTo(sink, second);
        sink.commit();
      }
      JsonNode seen = inspect("docker-archive:" + place + ":" + APP);
      assertThat(seen.get("Labels").get("k").asText()).isEqualTo("arm");
      assertThat(seen.get("Layers").get(0).asText())
          .isEqualTo(image.config().diffIds().get(0).toString());
      assertThat(inspect("docker-archive:" + place + ":" + second).at("/Labels/k").asText())
          .isEqualTo("second");
      assertThat(inspect("docker-archive:" + place + ":@1").at("/Architecture").asText())
          .isEqualTo("arm64");
      Path copy = temporary.resolve("copy");
      skopeo("copy", "docker-archive:" + place + ":" + APP, "oci:" + copy + ":it");
      Image read = Image.resolve(ImageLayout.open(copy), APP.withTag("it"), PLATFORM);
      assertThat(read.config().diffIds()).isEqualTo(image.config().diffIds());
      assertVerified(read);
    }
  }

  @Nested
  class Directories {
    @Test
    void whatSkopeoWritesIsRead() throws Exception {
      skopeo("copy", "oci:" + layout() + ":" + APP, "dir:" + place);
      assertSame(ImageDirectory.open(place), APP);
    }

    @Test
    void anIndexOfSkopeoIsRead() throws Exception {
      Path layout = temporary.resolve("layout");
      ImageIndex index = writeIndex(ImageLayout.create(layout));
      skopeo("copy", "--all", "oci:" + layout + ":" + APP, "dir:" + place);
      ImageDirectory read = ImageDirectory.open(place);
      assertThat(read.resolve(APP).digest()).isEqualTo(index.digest());
      assertSame(read, APP);
      assertVerified(Image.resolve(read, APP, OTHER));
    }

    @Test
    void skopeoReadsWhatIsWritten() throws Exception {
      image.writeTo(ImageDirectory.create(place), APP);
      assertInspected("dir:" + place);
      Path copy = temporary.resolve("copy");
      skopeo("copy", "--preserve-digests", "dir:" + place, "oci:" + copy + ":it");
      assertSame(ImageLayout.open(copy), APP.withTag("it"));
    }

    @Test
    void skopeoReadsAnIndexAndWritesOverIt() throws Exception {
      ImageIndex index = writeIndex(ImageDirectory.create(place));
      Path copy = temporary.resolve("copy");
      skopeo("copy", "--all", "--preserve-digests", "dir:" + place, "oci-archive:" + copy + ":it");
      try (OciArchive archive = OciArchive.open(copy)) {
        assertThat(archive.select("it").digest()).isEqualTo(index.digest());
      }
      skopeo("copy", "oci:" + layout() + ":" + APP, "dir:" + place);
      assertSame(ImageDirectory.open(place), APP);
    }

    @Test
    void theFilesAreThoseOfSkopeo() throws Exception {
      writeIndex(ImageDirectory.create(place));
      Path layout = temporary.resolve("layout");
      writeIndex(ImageLayout.create(layout));
      Path theirs = temporary.resolve("theirs");
      skopeo("copy", "--all", "oci:" + layout + ":" + APP, "dir:" + theirs);
      List<String> names = new ArrayList<>(Tars.names(place));
      names.remove(LayoutLock.FILE_NAME);
      assertThat(names).isEqualTo(Tars.names(theirs));
      for (String name : names) {
        assertThat(place.resolve(name)).hasBinaryContent(Files.readAllBytes(theirs.resolve(name)));
      }
    }
  }
}
