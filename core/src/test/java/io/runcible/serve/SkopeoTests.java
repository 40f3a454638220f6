package io.runcible.serve;

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
import io.runcible.image.MediaType;
import io.runcible.image.Platform;
import io.runcible.layout.ImageLayout;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** What tests have in common that set skopeo on a registry: a server, and an image for it. */
abstract class SkopeoTests {
  static final Platform ARM64 = Platform.parse("linux/arm64");
  static final Platform AMD64 = Platform.parse("linux/amd64");

  @TempDir Path temporary;
  private final Tool skopeo = Tool.require("skopeo", "skopeo");
  RegistryServer server;

  /**
   * Writes an image for two platforms, which share a layer of three megabytes and have a label,
   * under the tag {@code all}, and that for arm64 under the tag {@code one}.
   */
  ImageIndex writeImage(ImageLayout layout, ImageReference name) {
    byte[] content = new byte[3_000_000];
    new Random(1).nextBytes(content);
    WrittenLayer layer =
        new LayerWriter().addFile("data", 0644, content).writeTo(temporary.resolve("layer"));
    List<Descriptor> platforms = new ArrayList<>();
    for (Platform platform : List.of(ARM64, AMD64)) {
      ImageAssembly image =
          ImageAssembly.builder(platform)
              .layer(layer)
              .config(config -> config.labels(Map.of("k", "v")))
              .build();
      String pinned = name.name() + "@" + image.manifest().digest();
      Descriptor written = image.writeTo(layout, ImageReference.parse(pinned));
      platforms.add(written.withPlatform(platform));
    }
    ImageIndex index = ImageIndex.of(platforms, Map.of());
    layout.putManifest(name.withTag("all"), index.descriptor(), index.raw());
    Descriptor one = platforms.get(0);
    layout.putManifest(
        name.withTag("one"),
        Descriptor.of(MediaType.OCI_MANIFEST, one.digest(), one.size()),
        layout.manifest(name, one));
    return index;
  }

  /** A name in the server. */
  String url(String rest) {
    return "docker://" + server.host() + "/team/app" + rest;
  }

  String skopeo(Object... arguments) throws Exception {
    List<Object> all = new ArrayList<>(List.of("--insecure-policy", "--override-arch=arm64"));
    all.addAll(List.of(arguments));
    return skopeo.run(all.toArray());
  }

  JsonNode skopeoJson(Object... arguments) throws Exception {
    return new ObjectMapper().readTree(skopeo(arguments));
  }

  /** Fails for layers that are not what their digests say. */
  static void readLayers(Image image) throws IOException {
    for (Layer layer : image.layers()) {
      try (InputStream in = layer.compressed()) {
        in.skipNBytes(layer.descriptor().size());
      }
    }
  }

  @AfterEach
  void closeServer() {
    if (server != null) {
      server.close();
    }
  }
}
