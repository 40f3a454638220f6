package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.HostTools;
import io.runcible.ProgressEvent;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Platform;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a layer has and nobody can make; what an ordinary user cannot, {@link RootlessIT} has. */
class LeftOutIT {
  static final String NAME = "registry.example/team/app:1";

  @BeforeEach
  void host() {
    HostTools.requireContainers();
    HostTools.requireRuntime();
  }

  /** A device that is the mark of a removed file in an overlay, with an escape in its name. */
  private static byte[] layer() throws IOException {
    return layer(List.of("dev/zéro\033[1m", "dev/null"));
  }

  private static byte[] layer(List<String> devices) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8")) {
      for (String name : devices) {
        TarArchiveEntry entry = new TarArchiveEntry(name, TarConstants.LF_CHR);
        // Otherwise it is the second of now, and each layer another.
        entry.setModTime(0);
        entry.setDevMajor(name.endsWith("null") ? 1 : 0);
        entry.setDevMinor(name.endsWith("null") ? 3 : 0);
        tar.putArchiveEntry(entry);
        tar.closeArchiveEntry();
      }
    }
    return bytes.toByteArray();
  }

  /** The image of this name, with both. */
  static MemoryImageSource registry() throws IOException {
    return registry(layer());
  }

  private static MemoryImageSource registry(byte[]... layers) {
    MemoryImageSource registry = new MemoryImageSource();
    byte[] config =
        ImageConfig.builder(Platform.host())
            .diffIds(Stream.of(layers).map(Digest::sha256).toList())
            .build()
            .raw();
    Manifest manifest =
        Manifest.of(
            registry.add(MediaType.OCI_CONFIG, config),
            Stream.of(layers).map(layer -> registry.add(MediaType.OCI_LAYER, layer)).toList(),
            Map.of());
    registry.tag(ImageReference.parse(NAME), registry.add(MediaType.OCI_MANIFEST, manifest.raw()));
    return registry;
  }

  @Test
  void callerOfAPullHearsOfIt() throws Exception {
    MemoryImageSource registry = registry();
    try (TestRoot root = TestRoot.create();
        ContainerEngine engine = root.engine().registry(registry).build()) {
      List<ProgressEvent> events = Collections.synchronizedList(new ArrayList<>());
      engine.images().pull(NAME, events::add);
      assertThat(events.get(events.size() - 1))
          .isEqualTo(
              new ProgressEvent.LeftOut(
                  Digest.sha256(layer()),
                  "dev/zéro\\x1b[1m",
                  "device 0:0: an overlay would take it for a whiteout"));
      assertThat(events).filteredOn(ProgressEvent.LeftOut.class::isInstance).hasSize(1);
      events.clear();
      engine.images().pull(NAME, events::add);
      assertThat(events).singleElement().isInstanceOf(ProgressEvent.Skipped.class);
      assertThat(engine.images().check(true).isWhole()).isTrue();
    }
  }

  @Test
  void imageIsHeardOfAThousandTimesAtMost() throws Exception {
    List<byte[]> layers = new ArrayList<>();
    for (String name : List.of("dev/a", "dev/b")) {
      layers.add(layer(IntStream.range(0, 600).mapToObj(number -> name + number).toList()));
    }
    try (TestRoot root = TestRoot.create();
        ContainerEngine engine =
            root.engine().registry(registry(layers.toArray(byte[][]::new))).build()) {
      List<ProgressEvent> events = Collections.synchronizedList(new ArrayList<>());
      engine.images().pull(NAME, events::add);
      List<ProgressEvent> leftOut =
          events.stream().filter(ProgressEvent.LeftOut.class::isInstance).toList();
      assertThat(leftOut).hasSize(1000);
      Digest second = Digest.sha256(layers.get(1));
      assertThat(leftOut).filteredOn(event -> event.digest().equals(second)).hasSize(400);
    }
  }
}
