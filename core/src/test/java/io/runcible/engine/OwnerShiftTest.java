package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.archive.IdRange;
import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whose files become in a namespace of an ordinary user's. */
class OwnerShiftTest {
  private static final String ACCESS = "system.posix_acl_access";
  private static final String DEFAULT = "system.posix_acl_default";

  @Test
  void whatTheNamespaceLacksIsNobodysOrRoots() {
    List<IdRange> small = List.of(new IdRange(0, 1, 10), new IdRange(100, 0, 1));

    assertThat(OwnerShift.outside(small, 3)).isEqualTo(4);
    assertThat(OwnerShift.outside(small, 100)).isZero();
    assertThat(OwnerShift.outside(small, 11)).isEqualTo(1);
    List<IdRange> large = List.of(new IdRange(0, 1, 65536));
    assertThat(OwnerShift.outside(large, 70_000)).isEqualTo(65535);
    assertThat(OwnerShift.outside(large, -1)).isEqualTo(65535);
  }

  @Test
  void capabilitiesAreThoseOfTheNewRoot() {
    byte[] cap = new byte[20];
    cap[3] = 2;
    cap[0] = 1;
    cap[4] = 7;

    byte[] ofRoot = OwnerShift.ofRoot(cap, 0x01020304);

    assertThat(ofRoot).hasSize(24).startsWith(1, 0, 0, 3, 7).endsWith(4, 3, 2, 1);
    assertThat(OwnerShift.ofRoot(new byte[24], 5)).isEqualTo(new byte[24]);
  }

  /** Its names are one file on this file system, and its owner has the same id outside. */
  @Test
  void accessListsAreShiftedOnce(@TempDir Path tree) throws IOException {
    HostTools.requireRoot();
    IdMaps ids =
        new IdMaps(
            List.of(new IdRange(0, 1, 1000), new IdRange(1000, 0, 1), new IdRange(1001, 1001, 9)),
            List.of(new IdRange(0, 1, 1000), new IdRange(1000, 0, 1), new IdRange(1001, 1001, 9)));
    Path directory = Files.createDirectory(tree.resolve("d"));
    Path file = Files.createFile(tree.resolve("f"));
    for (Path path : List.of(directory, file)) {
      Files.setAttribute(path, "unix:uid", 1002);
      Files.setAttribute(path, "unix:gid", 1002);
    }
    Files.createLink(tree.resolve("g"), file);
    Files.createSymbolicLink(tree.resolve("s"), file);
    try (FileDescriptor root = FileCalls.openDirectory(tree)) {
      AttributeCalls.set(root, "f", ACCESS, list(5, 1000));
      AttributeCalls.set(root, "d", DEFAULT, list(7, 70_000));

      OwnerShift.run(tree, ids);

      assertThat(AttributeCalls.get(root, "f", ACCESS)).contains(list(6, 0));
      assertThat(AttributeCalls.get(root, "d", DEFAULT)).contains(list(8, 1));
      assertThat(FileCalls.stat(root, "f").orElseThrow().uid()).isEqualTo(1002);
      assertThat(FileCalls.stat(root, "s").orElseThrow().uid()).isEqualTo(1);
      assertThat(FileCalls.stat(root).uid()).isEqualTo(1);
    }
  }

  /** One that has a named user and a named group. */
  private static byte[] list(int user, int group) {
    ByteBuffer list = ByteBuffer.allocate(4 + 6 * 8).order(ByteOrder.LITTLE_ENDIAN).putInt(2);
    int[][] entries = {
      {1, 7, -1}, {2, 6, user}, {4, 5, -1}, {8, 4, group}, {16, 7, -1}, {32, 0, -1}
    };
    for (int[] entry : entries) {
      list.putShort((short) entry[0]).putShort((short) entry[1]).putInt(entry[2]);
    }
    return list.array();
  }
}
