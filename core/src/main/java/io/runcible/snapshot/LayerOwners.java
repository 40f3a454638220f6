package io.runcible.snapshot;

import io.runcible.archive.IdRange;
import io.runcible.ffi.AttributeIds;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Whose the files of an image are in a file system: the ids of a user namespace.
 *
 * @param uids its user ids; 0 inside is one of them
 * @param gids its group ids; 0 inside is one of them
 * @param namespace the file that keeps the namespace
 * @param place a directory, or where to make it, for mounts of the layers that are needed for a
 *     moment; what a kill leaves of them is mounted there on {@code NAME/fs}
 */
public record LayerOwners(List<IdRange> uids, List<IdRange> gids, Path namespace, Path place) {
  private static final int NOBODY = 65534;

  /** Copies the lists. */
  public LayerOwners {
    uids = List.copyOf(uids);
    gids = List.copyOf(gids);
  }

  /** As options of a mount. */
  List<String> options() {
    return Stream.concat(
            uids.stream().map(range -> "uidmap=" + option(range)),
            gids.stream().map(range -> "gidmap=" + option(range)))
        .toList();
  }

  private static String option(IdRange range) {
    return range.inside() + ":" + range.outside() + ":" + range.count();
  }

  /** Gives a file to root of the namespace. */
  void giveToRoot(FileDescriptor file) {
    FileCalls.chown(file, uid(0), gid(0));
  }

  /** What a user id of an image is outside; nobody's if the namespace does not have it. */
  int uid(int inside) {
    return outside(uids, inside);
  }

  int gid(int inside) {
    return outside(gids, inside);
  }

  /** What an extended attribute of an image is outside: it may name ids, too. */
  byte[] attribute(String name, byte[] value) {
    byte[] outside =
        AttributeIds.outside(
            name,
            value,
            id -> Integer.toUnsignedLong(uid((int) id)),
            id -> Integer.toUnsignedLong(gid((int) id)));
    return Objects.requireNonNull(outside); // Each id has one outside.
  }

  private static int outside(List<IdRange> ranges, int inside) {
    long id = Integer.toUnsignedLong(inside);
    for (IdRange range : ranges) {
      if (id >= range.inside() && id - range.inside() < range.count()) {
        return (int) (range.outside() + id - range.inside());
      }
    }
    // Nobody inside if it has one; and what it lacks looks like that, too.
    return inside == NOBODY ? NOBODY : outside(ranges, NOBODY);
  }
}
