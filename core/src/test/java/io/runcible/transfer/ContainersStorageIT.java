package io.runcible.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.HostTools;
import io.runcible.Tool;
import io.runcible.archive.LayerWriter;
import io.runcible.archive.WrittenLayer;
import io.runcible.engine.TestImages;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import io.runcible.image.Platform;
import io.runcible.layout.ImageLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A store that skopeo wrote, read by us and by skopeo. */
class ContainersStorageIT {
  private static final ImageReference MADE = ImageReference.parse("registry.example/made:1");

  @TempDir Path temporary;
  private final Tool skopeo = Tool.require("skopeo", "skopeo");

  @BeforeEach
  void needRoot() {
    HostTools.requireRoot();
  }

  /** The driver mounts its directory on itself. */
  @AfterEach
  void unmount() throws Exception {
    if (Files.exists(temporary.resolve("root"))) {
      Tool.require("umount", "mount").run("--lazy", temporary.resolve("root/overlay"));
    }
  }

  private String storage(String image) {
    return "containers-storage:[overlay@"
        + temporary.resolve("root")
        + "+"
        + temporary.resolve("run")
        + "]localhost/"
        + image
        + ":1";
  }

  private void copy(Object from, Object to) throws Exception {
    skopeo.run("--insecure-policy", "copy", "--quiet", from, to);
  }

  @Test
  void whatSkopeoStoredIsReadAsSkopeoReadsIt() throws Exception {
    copy("oci:" + TestImages.layout() + ":busybox", storage("busybox"));
    copy("oci:" + TestImages.layout() + ":busybox-zstd", storage("busybox-zstd"));
    copy("oci:" + made(), storage("made"));
    for (String image : List.of("busybox", "busybox-zstd", "made")) {
      copy(storage(image), "dir:" + temporary.resolve("theirs-" + image));
      assertEqual(read(image), temporary.resolve("theirs-" + image));
    }
  }

  /** An image with what the headers of an archive have trouble with. */
  private Path made() {
    WrittenLayer lower =
        new LayerWriter()
            .addDirectory("etc", 0750)
            .addFile("etc/empty", 0644, new byte[0])
            .addFile("etc/secret", 0, "secret".getBytes(UTF_8))
            .addFile("etc/" + "long/".repeat(60) + "name", 0644, new byte[100_000])
            .addFile("etc/\u00fcml\u00e4ut<&>", 04755, "text".getBytes(UTF_8))
            .addSymlink("bin", "usr/bin")
            .writeTo(temporary.resolve("lower"));
    WrittenLayer upper =
        new LayerWriter()
            .addWhiteout("etc/empty")
            .addFile("bin/tool", 0755, "tool".getBytes(UTF_8))
            .addFile("etc/secret", 0600, "other".getBytes(UTF_8))
            .writeTo(temporary.resolve("upper"));
    ImageAssembly image = ImageAssembly.builder(Platform.host()).layer(lower).layer(upper).build();
    Path layout = temporary.resolve("made");
    image.writeTo(ImageLayout.create(layout), MADE);
    return layout;
  }

  private Path read(String image) throws Exception {
    Path layout = temporary.resolve("ours-" + image);
    Transports transports = Transports.standard();
    try (OpenLocation<ImageSource> from = transports.source(ImageLocation.parse(storage(image)));
        OpenLocation<ImageSink> to = transports.sink(ImageLocation.parse("dir:" + layout))) {
      assertThat(from.reference().toString()).startsWith("localhost/" + image + ":1@sha256:");
      ImageCopy.between(from.images(), to.images()).copy(from.reference(), to.reference());
      to.images().commit();
    }
    return layout;
  }

  private static void assertEqual(Path ours, Path theirs) throws Exception {
    Manifest written = manifest(ours);
    Manifest expected = manifest(theirs);
    assertThat(written.config().digest()).isEqualTo(expected.config().digest());
    assertThat(digests(written)).isEqualTo(digests(expected));
    byte[] config = Files.readAllBytes(ours.resolve(written.config().digest().hex()));
    assertThat(ImageConfig.parse(config).diffIds()).isEqualTo(digests(written));
    for (Digest layer : digests(written)) {
      assertThat(ours.resolve(layer.hex())).hasSameBinaryContentAs(theirs.resolve(layer.hex()));
    }
  }

  private static Manifest manifest(Path directory) throws Exception {
    byte[] raw = Files.readAllBytes(directory.resolve("manifest.json"));
    return Manifest.parse(raw, Descriptor.ofDocument(raw).mediaType());
  }

  private static List<Digest> digests(Manifest manifest) {
    return manifest.layers().stream().map(Descriptor::digest).toList();
  }
}
