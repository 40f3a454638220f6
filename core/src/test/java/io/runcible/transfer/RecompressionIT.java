package io.runcible.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.Tool;
import io.runcible.archive.Compression;
import io.runcible.archive.LayerWriter;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.Samples;
import io.runcible.layout.ImageLayout;
import io.runcible.registry.DockerRegistry;
import io.runcible.registry.DockerRegistry.Entrance;
import io.runcible.registry.RegistryClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layers that we compressed, as skopeo and umoci read them. */
class RecompressionIT {
  private static final ImageReference IMAGE = ImageReference.parse("registry.example/app:1");

  @TempDir Path directory;
  private final Tool skopeo = Tool.require("skopeo", "skopeo");
  private ImageLayout original;
  private Manifest manifest;

  @BeforeEach
  void write() {
    original = ImageLayout.create(directory.resolve("original"));
    ImageAssembly image =
        ImageAssembly.builder(Samples.PLATFORM)
            .layer(
                new LayerWriter()
                    .addFile("/etc/text", 0644, "all is well\n".repeat(200_000).getBytes(UTF_8))
                    .writeTo(directory.resolve("first")))
            .layer(
                new LayerWriter()
                    .addFile("/etc/more", 0600, "more".getBytes(UTF_8))
                    .uncompressed()
                    .writeTo(directory.resolve("second")))
            .build();
    image.writeTo(original, IMAGE);
    manifest = image.manifest();
  }

  /** Has skopeo decompress the layers, each of which is then named by its own digest. */
  private void assertSkopeoUnpacks(String image, String... options) throws Exception {
    Path plain = directory.resolve("plain");
    List<Object> arguments =
        new ArrayList<>(List.of("--insecure-policy", "copy", "--dest-decompress"));
    arguments.addAll(List.of(options));
    arguments.addAll(List.of(image, "dir:" + plain));
    skopeo.run(arguments.toArray());
    byte[] config =
        Files.readAllBytes(
            original.directory().resolve("blobs/sha256/" + manifest.config().digest().hex()));
    for (Digest diffId : ImageConfig.parse(config).diffIds()) {
      assertThat(plain.resolve(diffId.hex())).exists();
    }
  }

  private ImageLayout copied(Compression format) {
    ImageLayout copy = ImageLayout.create(directory.resolve("copy"));
    ImageCopy.between(original, copy).recompress(format).copy(IMAGE, IMAGE);
    return copy;
  }

  @Test
  void zstdIsReadBySkopeo() throws Exception {
    ImageLayout copy = copied(Compression.ZSTD);
    assertSkopeoUnpacks("oci:" + copy.directory());
    String raw = skopeo.run("inspect", "--raw", "oci:" + copy.directory());
    assertThat(raw).contains(MediaType.OCI_LAYER_ZSTD).doesNotContain(MediaType.OCI_LAYER_GZIP);
  }

  @Test
  void plainIsReadBySkopeo() throws Exception {
    assertSkopeoUnpacks("oci:" + copied(Compression.NONE).directory());
  }

  @Test
  void gzipIsUnpackedByUmoci() throws Exception {
    Tool umoci = Tool.require("umoci", "umoci");
    Path copy = copied(Compression.GZIP).directory();
    Path bundle = directory.resolve("bundle");
    umoci.run("unpack", "--rootless", "--image", copy + ":" + IMAGE, bundle);
    assertThat(Files.readString(bundle.resolve("rootfs/etc/more"))).isEqualTo("more");
    assertThat(bundle.resolve("rootfs/etc/text")).hasSize(12L * 200_000);
  }

  @Test
  void aRegistryTakesAnImageOfDockersAsAnOciImage() throws Exception {
    Manifest docker =
        manifest.replacing(
            MediaType.DOCKER_MANIFEST,
            Map.of(
                manifest.config().digest(),
                typed(manifest.config(), MediaType.DOCKER_CONFIG),
                manifest.layers().get(0).digest(),
                typed(manifest.layers().get(0), MediaType.DOCKER_LAYER_GZIP),
                manifest.layers().get(1).digest(),
                typed(manifest.layers().get(1), MediaType.DOCKER_LAYER)));
    original.putManifest(IMAGE, docker.descriptor(), docker.raw());
    try (DockerRegistry registry = start();
        RegistryClient client = registry.client().build()) {
      ImageReference remote = ImageReference.parse(registry.name() + "/app:1");
      CopyResult result =
          ImageCopy.between(original, client).recompress(Compression.ZSTD).copy(IMAGE, remote);
      assertThat(result.root().mediaType()).isEqualTo(MediaType.OCI_MANIFEST);
      assertSkopeoUnpacks("docker://" + remote, "--src-tls-verify=false");
    }
  }

  private DockerRegistry start() throws IOException {
    return DockerRegistry.start(
        Files.createDirectory(directory.resolve("registry")), Entrance.OPEN);
  }

  private static Descriptor typed(Descriptor descriptor, String mediaType) {
    return Descriptor.of(mediaType, descriptor.digest(), descriptor.size());
  }
}
