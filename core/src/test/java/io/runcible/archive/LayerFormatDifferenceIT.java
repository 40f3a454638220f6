package io.runcible.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.MemoryDirectories;
import io.runcible.engine.Rounds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link RootlessUnpackIT} has the same for an ordinary user. */
class LayerFormatDifferenceIT {
  @TempDir(factory = MemoryDirectories.class)
  Path directory;

  @Test
  void layersShowTheSameInEveryFormat() throws IOException {
    HostTools.requireRoot();
    List<LayerFormat> formats = List.of(LayerFormat.PLAIN, LayerFormat.COPY, LayerFormat.OVERLAY);
    LayerFormatCheck check = new LayerFormatCheck(directory, formats, Ownership.EXACT);
    int count = Rounds.of(500, 10_000);
    long seed = Rounds.seed("layer-formats", LayerFormatCheck.USUAL_SEED);
    int refused = check.run(seed, count);
    System.out.println(count + " images, of which " + refused + " were refused");
    assertThat(refused).isBetween(count / 20, count / 2);
  }
}
