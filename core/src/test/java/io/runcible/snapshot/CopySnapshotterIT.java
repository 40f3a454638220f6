package io.runcible.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.archive.IdRange;
import io.runcible.store.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class CopySnapshotterIT extends RootSnapshotters {
  @Override
  public Snapshotter snapshotter(LocalStore store) {
    return Snapshotter.copy(store, host());
  }

  @Test
  void whatAUserNamespaceLacksBelongsToNobody() throws IOException {
    Path layer = Files.createDirectory(root().resolve("layer"));
    Path file = Files.writeString(layer.resolve("f"), "x");
    Files.setAttribute(file, "unix:uid", 100_000);
    Files.setAttribute(file, "unix:gid", 100_000);
    LayerOwners owners =
        new LayerOwners(
            List.of(new IdRange(0, 700_000, 1000)),
            List.of(new IdRange(0, 800_000, 65536)),
            root().resolve("unused"),
            root());
    Path merged = Files.createDirectory(root().resolve("merged"));
    LayerMerge.merge(List.of(layer), merged, true, owners);
    assertThat(owner(merged)).isEqualTo("700000:800000");
    // Inside it is nobody's, with an id for that and without.
    assertThat(owner(merged.resolve("f"))).isEqualTo("65534:865534");
    Path empty = Files.createDirectory(root().resolve("empty"));
    LayerMerge.merge(List.of(), empty, true, owners);
    assertThat(owner(empty)).isEqualTo("700000:800000");
  }

  private static String owner(Path file) throws IOException {
    return Files.getAttribute(file, "unix:uid") + ":" + Files.getAttribute(file, "unix:gid");
  }
}
