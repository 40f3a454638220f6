package io.runcible.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.Tool;
import io.runcible.engine.Rounds;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trees through a tar into another tree. */
class TreeCopyIT {
  @TempDir Path directory;

  @BeforeEach
  void needRoot() {
    HostTools.requireRoot();
  }

  @Test
  void randomTreesArriveAsTheyWere() throws Exception {
    long seed = Rounds.seed("tree-copy");
    Random random = new Random(seed);
    for (int round = 0; round < Rounds.of(10, 500); round++) {
      Path place = Files.createDirectory(directory.resolve("round" + round));
      Path tree = Files.createDirectories(place.resolve("from/tree"));
      RandomTree.change(tree, random, 40);
      ByteArrayOutputStream tar = new ByteArrayOutputStream();
      TreeArchive.of(place.resolve("from"), "/tree").writeTo(tar);
      Path to = Files.createDirectory(place.resolve("to"));
      TreeExtraction.into(to, "/").copy(new ByteArrayInputStream(tar.toByteArray()));
      assertThat(LayerTree.of(to.resolve("tree")))
          .as("round %d of seed %d", round, seed)
          .isEqualTo(LayerTree.of(tree));
      // Once more over itself, and under another name.
      TreeExtraction.into(to, "/").copy(new ByteArrayInputStream(tar.toByteArray()));
      TreeExtraction.into(to, "/other").copy(new ByteArrayInputStream(tar.toByteArray()));
      for (String name : List.of("tree", "other")) {
        assertThat(LayerTree.of(to.resolve(name)))
            .as("again, round %d of seed %d", round, seed)
            .isEqualTo(LayerTree.of(tree));
      }
      Tool.require("rm", "coreutils").run("-rf", place);
    }
  }
}
