package io.runcible.layout;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.Digest;
import io.runcible.Tool;
import io.runcible.archive.LayerWriter;
import io.runcible.archive.WrittenLayer;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.Layer;
import io.runcible.image.Platform;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layouts that skopeo and umoci read and write. */
class ImageLayoutIT {
  private static final ImageReference APP = ImageReference.parse("registry.example/team/app:1");

  @TempDir Path temporary;
  private Path directory;
  private Descriptor written;

  /** An image of two layers, of which the second removes and changes what the first has. */
  @BeforeEach
  void write() {
    directory = temporary.resolve("layout");
    WrittenLayer lower =
        new LayerWriter()
            .addDirectory("etc", 0750)
            .addFile("etc/kept", 0644, "kept".getBytes(UTF_8))
            .addFile("etc/removed", 0644, "removed".getBytes(UTF_8))
            .addFile("bin/tool", 0755, "old".getBytes(UTF_8))
            .addSymlink("bin/link", "tool")
            .writeTo(temporary.resolve("lower"));
    WrittenLayer upper =
        new LayerWriter()
            .addWhiteout("etc/removed")
            .addFile("bin/tool", 0700, "new".getBytes(UTF_8))
            .uncompressed()
            .writeTo(temporary.resolve("upper"));
    ImageAssembly image =
        ImageAssembly.builder(Platform.parse("linux/arm64"))
            .layer(lower)
            .layer(upper)
            .config(
                config ->
                    config
                        .entrypoint("/bin/tool")
                        .command("run")
                        .environment(List.of("A=1"))
                        .labels(Map.of("k", "v")))
            .build();
    written = image.writeTo(ImageLayout.create(directory), APP);
  }

  private static void assertVerified(Image image) throws IOException {
    for (Layer layer : image.layers()) {
      try (InputStream in = layer.compressed()) {
        byte[] stored = in.readAllBytes();
        boolean gzip = stored.length > 1 && stored[0] == 0x1f;
        InputStream bytes = new ByteArrayInputStream(stored);
        byte[] plain = (gzip ? new GZIPInputStream(bytes) : bytes).readAllBytes();
        assertThat(Digest.sha256(plain)).isEqualTo(layer.diffId());
      }
    }
  }

  @Nested
  class Skopeo {
    private final Tool skopeo = Tool.require("skopeo", "skopeo");

    @Test
    void inspectsWhatIsWritten() throws Exception {
      String image = "oci:" + directory + ":" + APP;
      JsonNode seen =
          new ObjectMapper().readTree(skopeo.run("--override-arch=arm64", "inspect", image));
      assertThat(seen.get("Digest").asText()).isEqualTo(written.digest().toString());
      assertThat(seen.get("Architecture").asText()).isEqualTo("arm64");
      assertThat(seen.get("Labels").get("k").asText()).isEqualTo("v");
      assertThat(seen.get("Env").get(0).asText()).isEqualTo("A=1");
    }

    @Test
    void copiesAndTheCopyIsRead() throws Exception {
      Path copy = temporary.resolve("copy");
      skopeo.run(
          "--insecure-policy",
          "--override-arch=arm64",
          "copy",
          "oci:" + directory + ":" + APP,
          "oci:" + copy + ":other");
      Image image =
          Image.resolve(
              ImageLayout.open(copy),
              ImageReference.parse("registry.example/any:other"),
              Platform.parse("linux/arm64"));
      assertThat(image.config().entrypoint()).containsExactly("/bin/tool");
      assertThat(image.layers()).hasSize(2);
      assertVerified(image);
    }

    @Test
    void addsToALayoutThatIsStillOurs() throws Exception {
      skopeo.run(
          "--insecure-policy",
          "--override-arch=arm64",
          "copy",
          "oci:" + directory + ":" + APP,
          "oci:" + directory + ":second");
      ImageLayout layout = ImageLayout.open(directory);
      assertThat(layout.tags(APP)).containsExactly("1", "second");
      assertThat(layout.resolve(APP).digest()).isEqualTo(written.digest());
    }
  }

  @Nested
  class Umoci {
    private final Tool umoci = Tool.require("umoci", "umoci");

    @Test
    void unpacksWhatIsWritten() throws Exception {
      Path bundle = temporary.resolve("bundle");
      umoci.run("unpack", "--rootless", "--image", directory + ":" + APP, bundle);
      Path root = bundle.resolve("rootfs");
      assertThat(root.resolve("etc/kept")).hasContent("kept");
      assertThat(root.resolve("etc/removed")).doesNotExist();
      assertThat(root.resolve("bin/tool")).hasContent("new");
      assertThat(Files.readSymbolicLink(root.resolve("bin/link"))).hasToString("tool");
      assertThat(Files.getAttribute(root.resolve("bin/tool"), "unix:mode")).isEqualTo(0100700);
      assertThat(Files.getAttribute(root.resolve("etc"), "unix:mode")).isEqualTo(0040750);
      assertThat(Files.getLastModifiedTime(root.resolve("etc/kept")).toMillis()).isZero();
      JsonNode spec = new ObjectMapper().readTree(bundle.resolve("config.json").toFile());
      assertThat(spec.at("/process/args").toString()).isEqualTo("[\"/bin/tool\",\"run\"]");
    }

    @Test
    void makesALayoutThatIsRead() throws Exception {
      Path layout = temporary.resolve("umoci");
      Path tree = Files.createDirectory(temporary.resolve("tree"));
      Files.writeString(tree.resolve("file"), "content");
      umoci.run("init", "--layout", layout);
      umoci.run("new", "--image", layout + ":made");
      umoci.run("insert", "--rootless", "--image", layout + ":made", tree, "/opt");
      umoci.run("config", "--image", layout + ":made", "--config.user", "1:2");
      Image image =
          Image.resolve(
              ImageLayout.open(layout),
              ImageReference.parse("registry.example/any:made"),
              Platform.host());
      assertThat(image.config().user()).contains("1:2");
      assertThat(image.layers()).hasSize(1);
      assertVerified(image);
    }

    @Test
    void collectsGarbageButNotWhatIsNamed() throws Exception {
      umoci.run("gc", "--layout", directory);
      Image image = Image.resolve(ImageLayout.open(directory), APP, Platform.parse("linux/arm64"));
      assertVerified(image);
      assertThat(umoci.run("ls", "--layout", directory).strip()).isEqualTo(APP.toString());
    }
  }
}
