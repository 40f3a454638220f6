package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.IdRange;
import io.runcible.archive.Ownership;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.IdMapping;
import io.runcible.ffi.Stat;
import io.runcible.runtime.RuntimeSpec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The ids of a container's own user namespace.
 *
 * @param uids its users; empty without a namespace
 * @param gids its groups
 * @param nested whether it is in that of an ordinary user, and these are ids there; that user's
 *     process gives files to nobody. Its runtime makes it
 */
record IdMaps(List<IdRange> uids, List<IdRange> gids, boolean nested) {
  /** No namespace of its own. */
  static final IdMaps HOST = new IdMaps(List.of(), List.of());

  /** Copies the lists. */
  IdMaps {
    uids = List.copyOf(uids);
    gids = List.copyOf(gids);
  }

  /** One of root's. */
  IdMaps(List<IdRange> uids, List<IdRange> gids) {
    this(uids, gids, false);
  }

  /**
   * One in which the id of an ordinary user is a certain one, and those below and above it are the
   * subordinate ids, in their order.
   *
   * @param place the ids of the user's own namespace, whose root is the user
   */
  static IdMaps keeping(IdMapping place, long uid, long gid) {
    return new IdMaps(keeping(place.uids(), uid), keeping(place.gids(), gid), true);
  }

  private static List<IdRange> keeping(String place, long kept) {
    long others =
        place.lines().mapToLong(line -> Long.parseLong(line.strip().split(" +", -1)[2])).sum() - 1;
    List<IdRange> ranges = new ArrayList<>();
    if (kept > 0 && others > 0) {
      ranges.add(new IdRange(0, 1, Math.min(kept, others)));
    }
    ranges.add(new IdRange(kept, 0, 1));
    if (kept < others) {
      ranges.add(new IdRange(kept + 1, kept + 1, others - kept));
    }
    return ranges;
  }

  /** Whether they are those of the host. */
  boolean ofHost() {
    return uids.isEmpty();
  }

  /** What root inside is outside. */
  int rootUid() {
    return ofHost() ? 0 : (int) outside(uids, 0, "user");
  }

  int rootGid() {
    return ofHost() ? 0 : (int) outside(gids, 0, "group");
  }

  /** Makes sure that the container has a user. */
  void require(UserLookup.Identity user) {
    if (!ofHost()) {
      outside(uids, user.uid(), "user");
      outside(gids, user.gid(), "group");
      user.groups().forEach(group -> outside(gids, group, "group"));
    }
  }

  private static long outside(List<IdRange> ranges, long inside, String what) {
    for (IdRange range : ranges) {
      if (inside >= range.inside() && inside - range.inside() < range.count()) {
        return range.outside() + inside - range.inside();
      }
    }
    throw new RuncibleException(
        ErrorKind.INVALID_INPUT,
        "the user namespace of the container has no " + what + " " + inside + ", but " + ranges);
  }

  /** How owners on the host become those of the container, and back. */
  Ownership ownership() {
    return ofHost() ? Ownership.EXACT : Ownership.mapped(uids, gids);
  }

  /** Lines of {@code uid_map} and {@code gid_map}. */
  IdMapping lines() {
    return new IdMapping(lines(uids), lines(gids));
  }

  static String lines(List<IdRange> ranges) {
    return ranges.stream()
        .map(range -> range.inside() + " " + range.outside() + " " + range.count() + "\n")
        .collect(Collectors.joining());
  }

  List<RuntimeSpec.IdMapping> uidMappings() {
    return mappings(uids);
  }

  List<RuntimeSpec.IdMapping> gidMappings() {
    return mappings(gids);
  }

  private static List<RuntimeSpec.IdMapping> mappings(List<IdRange> ranges) {
    return ranges.stream()
        .map(
            range ->
                new RuntimeSpec.IdMapping(
                    (int) range.inside(), (int) range.outside(), (int) range.count()))
        .toList();
  }

  /**
   * What an id-mapped mount has to do: the ids on its file system, and what they are on the host.
   *
   * @param mountUids from ids on the file system, outside, to those of the container, inside
   */
  IdMapping ofMount(List<IdRange> mountUids, List<IdRange> mountGids) {
    return new IdMapping(mountLines(uids, mountUids), mountLines(gids, mountGids));
  }

  private String mountLines(List<IdRange> own, List<IdRange> wanted) {
    List<IdRange> shown = new ArrayList<>();
    for (IdRange range : wanted) {
      shown.addAll(ofHost() ? List.of(range) : onHost(own, range));
    }
    return shown.stream()
        .map(range -> range.outside() + " " + range.inside() + " " + range.count() + "\n")
        .collect(Collectors.joining());
  }

  /** The parts of a range that the namespace has, inside as the host knows them. */
  private static List<IdRange> onHost(List<IdRange> own, IdRange wanted) {
    List<IdRange> parts = new ArrayList<>();
    for (IdRange range : own) {
      long first = Math.max(range.inside(), wanted.inside());
      long end = Math.min(range.inside() + range.count(), wanted.inside() + wanted.count());
      if (first < end) {
        parts.add(
            new IdRange(
                range.outside() + first - range.inside(),
                wanted.outside() + first - wanted.inside(),
                end - first));
      }
    }
    if (parts.stream().mapToLong(IdRange::count).sum() != wanted.count()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "a mount maps " + wanted + " to ids that the user namespace lacks: it has " + own);
    }
    return parts;
  }

  /** Gives pipes and files of the engine's to root of the container, who passes them on. */
  void give(Collection<FileDescriptor> files) {
    if (ofHost() || nested) {
      return;
    }
    for (FileDescriptor file : files) {
      int type = FileCalls.stat(file).type();
      // Never a device of the host's.
      if (type == Stat.FIFO || type == Stat.REGULAR || type == Stat.DIRECTORY) {
        FileCalls.chown(file, rootUid(), rootGid());
      }
    }
  }

  /** Gives a name that was just made to root of the container. */
  void give(FileDescriptor parent, String name) {
    if (!ofHost() && !nested) {
      FileCalls.chown(parent, name, rootUid(), rootGid());
    }
  }
}
