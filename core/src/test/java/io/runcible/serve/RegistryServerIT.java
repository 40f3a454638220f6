package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.Tool;
import io.runcible.archive.LayerWriter;
import io.runcible.archive.WrittenLayer;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.Layer;
import io.runcible.image.Platform;
import io.runcible.layout.ImageLayout;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What skopeo makes of the registry. */
class RegistryServerIT {
  private static final ImageReference APP = ImageReference.parse("team/app:1");
  private static final ImageReference ALL = ImageReference.parse("team/app:all");
  private static final Platform ARM64 = Platform.parse("linux/arm64");

  @TempDir Path temporary;
  private final Tool skopeo = Tool.require("skopeo", "skopeo");
  private ImageLayout layout;
  private RegistryServer server;
  private Descriptor written;
  private ImageIndex index;

  @BeforeEach
  void start() {
    layout = ImageLayout.create(temporary.resolve("layout"));
    byte[] content = new byte[3_000_000];
    new Random(1).nextBytes(content);
    WrittenLayer layer =
        new LayerWriter().addFile("data", 0644, content).writeTo(temporary.resolve("layer"));
    written = image(ARM64, layer).writeTo(layout, APP);
    ImageAssembly other = image(Platform.parse("linux/amd64"), layer);
    String pinned = APP.name() + "@" + other.manifest().digest();
    Descriptor second = other.writeTo(layout, ImageReference.parse(pinned));
    index =
        ImageIndex.of(
            List.of(
                written.withPlatform(ARM64), second.withPlatform(Platform.parse("linux/amd64"))),
            Map.of());
    layout.putManifest(ALL, index.descriptor(), index.raw());
    server = RegistryServer.serve(layout).start();
  }

  private static ImageAssembly image(Platform platform, WrittenLayer layer) {
    return ImageAssembly.builder(platform)
        .layer(layer)
        .config(config -> config.labels(Map.of("k", "v")))
        .build();
  }

  @AfterEach
  void close() {
    if (server != null) {
      server.close();
    }
  }

  private String url(String suffix) {
    return "docker://" + server.host() + "/team/app" + suffix;
  }

  private void copy(String from, Path to, String... options) throws Exception {
    List<Object> arguments =
        new ArrayList<>(List.of("--insecure-policy", "--override-arch=arm64", "copy"));
    arguments.addAll(List.of(options));
    arguments.addAll(List.of("--src-tls-verify=false", from, "oci:" + to + ":copied"));
    skopeo.run(arguments.toArray());
  }

  @Test
  void skopeoInspects() throws Exception {
    String raw = skopeo.run("inspect", "--raw", "--tls-verify=false", url(":1"));
    assertThat(raw.getBytes(UTF_8)).isEqualTo(Image.resolve(layout, APP, ARM64).manifest().raw());
    JsonNode seen =
        new ObjectMapper()
            .readTree(
                skopeo.run("--override-arch=arm64", "inspect", "--tls-verify=false", url(":1")));
    assertThat(seen.get("Digest").asText()).isEqualTo(written.digest().toString());
    assertThat(seen.get("RepoTags").toString()).isEqualTo("[\"1\",\"all\"]");
    assertThat(seen.get("Labels").get("k").asText()).isEqualTo("v");
  }

  @Test
  void skopeoListsTags() throws Exception {
    JsonNode seen =
        new ObjectMapper().readTree(skopeo.run("list-tags", "--tls-verify=false", url("")));
    assertThat(seen.get("Tags").toString()).isEqualTo("[\"1\",\"all\"]");
  }

  @Test
  void skopeoCopiesByTagAndDigest() throws Exception {
    for (String suffix : List.of(":1", "@" + written.digest())) {
      Path copy = Files.createTempDirectory(temporary, "copy").resolve("layout");
      copy(url(suffix), copy);
      ImageLayout copied = ImageLayout.open(copy);
      Image image =
          Image.resolve(copied, ImageReference.parse("registry.example/any:copied"), ARM64);
      assertThat(image.descriptor().digest()).isEqualTo(written.digest());
      for (Layer layer : image.layers()) {
        try (InputStream in = layer.compressed()) {
          assertThat(in.readAllBytes()).hasSize((int) layer.descriptor().size());
        }
      }
    }
  }

  @Test
  void skopeoCopiesAllPlatforms() throws Exception {
    Path copy = temporary.resolve("copy");
    copy(url(":all"), copy, "--all", "--preserve-digests");
    ImageReference copied = ImageReference.parse("registry.example/any:copied");
    assertThat(ImageLayout.open(copy).resolve(copied).digest()).isEqualTo(index.digest());
    Image amd64 = Image.resolve(ImageLayout.open(copy), copied, Platform.parse("linux/amd64"));
    assertThat(amd64.config().platform()).hasToString("linux/amd64");
  }
}
