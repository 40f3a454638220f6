package io.runcible.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.archive.FileTree;
import io.runcible.archive.IdRange;
import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.store.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CopySnapshotterIT extends RootSnapshotters {
  private static final String ACCESS = "system.posix_acl_access";

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

  /** As the kernel does where it shows other owners. */
  @Test
  void idsInAttributesAreThoseOfTheUserNamespace() throws IOException {
    String rights = "00040000" + "00".repeat(12);
    String owner = "02000000" + "01000600ffffffff";
    String rest = "04000400ffffffff" + "10000400ffffffff" + "20000400ffffffff";
    // The user 7, the user 1000, which the namespace lacks, and the group 9.
    String list = owner + "0200040007000000" + "02000400e8030000" + rest.substring(0, 16);
    Path layer = Files.createDirectory(root().resolve("layer"));
    Files.writeString(layer.resolve("f"), "x");
    try (FileDescriptor opened = FileCalls.openDirectory(layer)) {
      set(opened, "f", "security.capability", "01000002" + rights);
      set(opened, "f", ACCESS, list + "0800040009000000" + rest.substring(16));
      set(opened, ".", "system.posix_acl_default", list + rest.substring(16));
    }
    Path merged = Files.createDirectory(root().resolve("merged"));
    List<IdRange> ids = List.of(new IdRange(0, 700_000, 1000));
    LayerMerge.merge(
        List.of(layer),
        merged,
        true,
        new LayerOwners(ids, List.of(new IdRange(0, 800_000, 1000)), root(), root()));
    String there =
        owner + "02000400" + "67ae0a00" + "02000400" + "feff0000" + rest.substring(0, 16);
    Map<String, String> tree = FileTree.of(merged);
    assertThat(tree.get("/f"))
        .contains(" security.capability=01000003" + rights + "60ae0a00")
        .contains(" " + ACCESS + "=" + there + "08000400" + "09350c00" + rest.substring(16));
    assertThat(tree.get("/")).contains(" system.posix_acl_default=" + there + rest.substring(16));
  }

  private static void set(FileDescriptor directory, String name, String attribute, String value) {
    AttributeCalls.set(directory, name, attribute, HexFormat.of().parseHex(value));
  }

  private static String owner(Path file) throws IOException {
    return Files.getAttribute(file, "unix:uid") + ":" + Files.getAttribute(file, "unix:gid");
  }
}
