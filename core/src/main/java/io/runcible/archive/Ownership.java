package io.runcible.archive;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.List;

/** What becomes of the owners in a layer. Immutable. */
public final class Ownership {
  /** Every file gets the owner and group that the layer says; where that is not allowed, fail. */
  public static final Ownership EXACT = new Ownership("EXACT", List.of(), List.of());

  /** Every file belongs to who unpacks: for a user with a single id. */
  public static final Ownership IGNORE = new Ownership("IGNORE", List.of(), List.of());

  /**
   * The same, and what the layer says is written into the attribute {@code
   * user.containers.override_stat} of files and directories that belong to another than 0:0, in the
   * form of containers/storage: {@code "uid:gid:0mode"}. So that it can be read back.
   */
  public static final Ownership RECORD = new Ownership("RECORD", List.of(), List.of());

  private static final long NOBODY = 65534;

  private final String name;
  private final List<IdRange> uids;
  private final List<IdRange> gids;

  private Ownership(String name, List<IdRange> uids, List<IdRange> gids) {
    this.name = name;
    this.uids = List.copyOf(uids);
    this.gids = List.copyOf(gids);
  }

  /**
   * Every file gets the owner and group that the layer says, mapped to those of this host, as for a
   * container in a user namespace. An id outside the ranges is an error.
   *
   * @throws RuncibleException INVALID_INPUT without a range, or when ranges overlap
   */
  public static Ownership mapped(List<IdRange> uids, List<IdRange> gids) {
    check(uids);
    check(gids);
    return new Ownership("MAPPED", uids, gids);
  }

  private static void check(List<IdRange> ranges) {
    if (ranges.isEmpty()) {
      throw new RuncibleException(ErrorKind.INVALID_INPUT, "a mapping of ids has no range");
    }
    for (int i = 0; i < ranges.size(); i++) {
      for (IdRange other : ranges.subList(0, i)) {
        IdRange range = ranges.get(i);
        if (overlap(range.inside(), range.count(), other.inside(), other.count())
            || overlap(range.outside(), range.count(), other.outside(), other.count())) {
          throw new RuncibleException(
              ErrorKind.INVALID_INPUT, "the ranges " + other + " and " + range + " overlap");
        }
      }
    }
  }

  private static boolean overlap(long start, long count, long other, long otherCount) {
    return start < other + otherCount && other < start + count;
  }

  boolean isMapped() {
    return !uids.isEmpty();
  }

  /** Whether files belong to others than who makes them. */
  boolean changesOwners() {
    return this == EXACT || isMapped();
  }

  /** The host's id for one of a layer; negative if there is none. */
  long outsideUid(long uid) {
    return isMapped() ? outside(uids, uid) : uid;
  }

  long outsideGid(long gid) {
    return isMapped() ? outside(gids, gid) : gid;
  }

  /** A layer's id for one of the host; negative if there is none. */
  long insideUid(long uid) {
    return isMapped() ? inside(uids, uid) : uid;
  }

  long insideGid(long gid) {
    return isMapped() ? inside(gids, gid) : gid;
  }

  /** Whether a file of a layer that belongs to one user here belongs to that one, copied. */
  boolean isUid(long inside, long outside) {
    return isOutside(uids, inside, outside);
  }

  boolean isGid(long inside, long outside) {
    return isOutside(gids, inside, outside);
  }

  /** What the ranges lack is nobody's, or root's where they lack that, too. */
  private boolean isOutside(List<IdRange> ranges, long inside, long outside) {
    if (!isMapped()) {
      return inside == outside;
    }
    long mapped = outside(ranges, inside);
    return mapped >= 0
        ? mapped == outside
        : outside == NOBODY || outside == outside(ranges, outside(ranges, NOBODY) < 0 ? 0 : NOBODY);
  }

  private static long outside(List<IdRange> ranges, long id) {
    for (IdRange range : ranges) {
      if (id >= range.inside() && id - range.inside() < range.count()) {
        return range.outside() + id - range.inside();
      }
    }
    return -1;
  }

  private static long inside(List<IdRange> ranges, long id) {
    for (IdRange range : ranges) {
      if (id >= range.outside() && id - range.outside() < range.count()) {
        return range.inside() + id - range.outside();
      }
    }
    return -1;
  }

  /** The name of the policy, with the ranges. */
  @Override
  public String toString() {
    return isMapped() ? name + " " + uids + " " + gids : name;
  }
}
