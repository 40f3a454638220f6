package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.IdRange;
import io.runcible.archive.Ownership;
import io.runcible.ffi.NativeAccess;
import java.util.List;
import java.util.Optional;

/**
 * Which ids of the host the users of a container are. In a user namespace of its own, root of the
 * container is an ordinary id on the host, which owns nothing there and has no privilege.
 * Immutable.
 *
 * <p>The files of the image belong to the container's users, and nothing is copied for it; that
 * needs Linux 5.19, and where no overlay lies on the file system of the store, the copy of the
 * image gets other owners. Volumes, mounted images and what {@link Mount#overlay} lies on belong to
 * the container's users, too. A bind mount shows the host's owners, which are nobody (65534)
 * inside, unless it is {@linkplain Mount#idMapped mapped}. A file of the image whose owner the
 * namespace lacks belongs to nobody.
 *
 * <p>The namespace goes with networks that are the container's own and with that of the host.
 * Making a container with one fails with UNSUPPORTED on the network of another container or {@link
 * io.runcible.network.Network#USER}, with a mount that propagates to the host, and with a device at
 * another path than that of the host; and with INVALID_INPUT if its user, or an id that a mount is
 * mapped to, is not in the namespace.
 */
public final class UserNamespace {
  private static final long AUTOMATIC_SIZE = 1 << 16;
  private static final long MAX_ID = Integer.MAX_VALUE;
  private static final int MAX_RANGES = 340;

  /** In the place of a size. */
  private static final long CALLER = -1;

  /** Less than a page, in the form of {@code /proc/PID/uid_map}. */
  private static final int MAX_TEXT = 4095;

  private static final UserNamespace HOST = new UserNamespace(Kind.HOST, 0, List.of(), List.of());

  private final Kind kind;
  private final long size;
  private final List<IdRange> uids;
  private final List<IdRange> gids;

  /** How the ids are found. */
  enum Kind {
    HOST,
    AUTO,
    MAPPED,
    KEPT
  }

  private UserNamespace(Kind kind, long size, List<IdRange> uids, List<IdRange> gids) {
    this.kind = kind;
    this.size = size;
    this.uids = uids;
    this.gids = gids;
  }

  /**
   * The default: none of its own. The users of a container are the host's for root's engine, and
   * those of the caller's subordinate ids for an ordinary user's.
   */
  public static UserNamespace host() {
    return HOST;
  }

  /**
   * Its own, with the ids 0 to 65,535, which are ids of the host that no other container has, as
   * long as the container is there, of this store or of another one of the host that chose ids
   * since the host started. They are taken from those that {@code /etc/subuid} and {@code
   * /etc/subgid} grant to a user {@code containers}, if it is there, otherwise from the ids below
   * 2,147,352,576, without those that the files grant to somebody.
   *
   * <p>Making the container fails with UNSUPPORTED for an ordinary user, with UNAVAILABLE if no
   * range is free, and with TIMEOUT if others choose theirs for longer than a minute.
   */
  public static UserNamespace auto() {
    return auto(AUTOMATIC_SIZE);
  }

  /**
   * The same with another number of ids, from 0 on.
   *
   * @throws RuncibleException INVALID_INPUT if it is not 1 to 2^30
   */
  public static UserNamespace auto(long ids) {
    if (ids < 1 || ids > 1 << 30) {
      throw invalid("a user namespace has 1 to 2^30 ids, not " + ids);
    }
    return new UserNamespace(Kind.AUTO, ids, List.of(), List.of());
  }

  /**
   * Its own, in which the caller, an ordinary user, has the ids that it has on the host, so that
   * the files of the caller in bind mounts belong to the container's user, and what that makes
   * there belongs to the caller. The other ids are the caller's subordinate ones, root is one of
   * them. The program runs as that user, unless {@link ContainerSpec.Builder#user} says another.
   *
   * <pre>{@code
   * engine.run(
   *     ContainerSpec.builder("maven:3")
   *         .userNamespace(UserNamespace.keepId())
   *         .mount(Mount.bind(project, "/work"))
   *         .workingDirectory("/work")
   *         .command("mvn", "package")
   *         .build());
   * }</pre>
   *
   * <p>The kernel shows the files of an image with other owners to root alone, so the container
   * gets a copy of them, which takes time and space as the image does. Volumes that the image
   * declares are a part of that copy. What the container changes is not kept apart from it, so
   * {@link ContainerFiles#diff()}, a commit and a priming fail with UNSUPPORTED. {@linkplain
   * ContainerFiles#export An export} has the owners of the container; the ids in access control
   * lists and of file capabilities are those of the namespace outside.
   *
   * <p>Making the container fails with UNSUPPORTED for root, which has no id to keep (see {@link
   * #mapped} and {@link Mount#idMapped}), without subordinate ids, and with a volume, an image or
   * {@link Mount#overlay} among the mounts.
   */
  public static UserNamespace keepId() {
    return new UserNamespace(Kind.KEPT, CALLER, List.of(), List.of());
  }

  /**
   * The same where the caller has other ids inside: those of a user of the image.
   *
   * @throws RuncibleException INVALID_INPUT if they are not below 2^31-1
   */
  public static UserNamespace keepId(int uid, int gid) {
    if (uid < 0 || gid < 0 || uid == MAX_ID || gid == MAX_ID) {
      throw invalid("there is no user " + uid + ":" + gid);
    }
    return new UserNamespace(
        Kind.KEPT, 0, List.of(new IdRange(uid, 0, 1)), List.of(new IdRange(gid, 0, 1)));
  }

  /**
   * Its own, with these ids. Whether somebody else has them is up to the caller. Making the
   * container fails with UNSUPPORTED for an ordinary user.
   *
   * @param uids ranges of user ids; 0 inside is in one of them
   * @param gids ranges of group ids; the same
   * @throws RuncibleException INVALID_INPUT without 0, for ids above 2^31-1, for more than 340
   *     ranges or more than 4,095 characters of {@code uid_map}, and when ranges overlap
   */
  public static UserNamespace mapped(List<IdRange> uids, List<IdRange> gids) {
    check(uids, "user");
    check(gids, "group");
    Ownership.mapped(uids, gids);
    return new UserNamespace(Kind.MAPPED, 0, List.copyOf(uids), List.copyOf(gids));
  }

  private static void check(List<IdRange> ranges, String what) {
    if (ranges.size() > MAX_RANGES) {
      throw invalid("a mapping of ids has at most " + MAX_RANGES + " ranges");
    }
    if (IdMaps.lines(ranges).length() > MAX_TEXT) {
      throw invalid(
          "the ranges of "
              + what
              + " ids take more than the "
              + MAX_TEXT
              + " characters that the kernel reads; join some");
    }
    if (ranges.stream().noneMatch(range -> range.inside() == 0)) {
      throw invalid("a user namespace needs " + what + " 0: its runtime begins as root of it");
    }
    for (IdRange range : ranges) {
      if (range.count() > MAX_ID
          || range.inside() + range.count() - 1 > MAX_ID
          || range.outside() + range.count() - 1 > MAX_ID) {
        throw invalid("the " + what + " ids of " + range + " go beyond " + MAX_ID);
      }
    }
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }

  Kind kind() {
    return kind;
  }

  long size() {
    return size;
  }

  List<IdRange> uids() {
    return uids;
  }

  List<IdRange> gids() {
    return gids;
  }

  /** What the caller's id is inside, of one that keeps it. */
  int keptUid() {
    return size == CALLER ? NativeAccess.effectiveUid() : (int) uids.get(0).inside();
  }

  int keptGid() {
    return size == CALLER ? NativeAccess.effectiveGid() : (int) gids.get(0).inside();
  }

  /** Whom its program runs as, where it says so. */
  Optional<String> user() {
    return kind == Kind.KEPT ? Optional.of(keptUid() + ":" + keptGid()) : Optional.empty();
  }

  /** {@code host}, {@code auto:size=65536}, {@code keep-id}, its ids, or the ranges. */
  @Override
  public String toString() {
    return switch (kind) {
      case HOST -> "host";
      case AUTO -> "auto:size=" + size;
      case MAPPED -> uids + " " + gids;
      case KEPT ->
          size == CALLER
              ? "keep-id"
              : "keep-id:uid=" + uids.get(0).inside() + ",gid=" + gids.get(0).inside();
    };
  }
}
