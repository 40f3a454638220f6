package io.runcible.engine;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.IdRange;
import io.runcible.archive.Ownership;
import io.runcible.image.ImageReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * Something at a path of a container: of the host, of a volume or of another image, memory, or a
 * file of the caller's. Immutable.
 *
 * <p>The path is looked up in the container's root file system by the kernel, so no symbolic link
 * of the image leads out of it; what is missing there is made. Making the container fails with
 * INVALID_INPUT if the path is the root itself, if a link in the image makes it a path in {@code
 * /proc}, {@code /sys} or {@code /dev}, or if two mounts have the same path, and with
 * FAILED_PRECONDITION if a file is to be mounted on a directory or the other way round. Mounts
 * below other mounts are made after them, in whatever order they are given.
 */
public final class Mount {
  private static final int SHARED_MODE = 01777;
  private static final int MAX_MODE = 07777;
  private static final int MAX_RANGES = 340;

  private final Kind kind;
  private final String source;
  private final String destination;
  private final Settings settings;

  /** What is mounted. */
  public enum Kind {
    /** A file or directory of the host. */
    BIND,
    /** Memory. */
    TMPFS,
    /** A volume. */
    VOLUME,
    /** The files of an image. */
    IMAGE,
    /** A directory of the host under a layer that takes the changes. */
    OVERLAY,
    /** A file with given content. */
    FILE
  }

  /**
   * What becomes of mounts that are made below a bind mount later (mount_namespaces(7)); always for
   * all mounts in it.
   */
  public enum Propagation {
    /** Neither side sees those of the other. */
    PRIVATE,
    /** The container sees those of the host. */
    SLAVE,
    /** Both see those of each other. */
    SHARED
  }

  /** Whether the files of the host get the SELinux label of the container's. */
  enum Relabel {
    NO,
    SHARED,
    OWN
  }

  /** What can be set; changed only in a copy that nobody else has yet. */
  private static final class Settings {
    private boolean readOnly;
    private Propagation propagation = Propagation.PRIVATE;
    private OptionalLong size = OptionalLong.empty();
    private int mode = SHARED_MODE;
    private boolean filled;
    private List<IdRange> uids = List.of();
    private List<IdRange> gids = List.of();
    private Relabel relabel = Relabel.NO;

    Settings copy() {
      Settings copy = new Settings();
      copy.readOnly = readOnly;
      copy.propagation = propagation;
      copy.size = size;
      copy.mode = mode;
      copy.filled = filled;
      copy.uids = uids;
      copy.gids = gids;
      copy.relabel = relabel;
      return copy;
    }
  }

  private Mount(Kind kind, String source, String destination) {
    this(kind, source, destination, new Settings());
    settings.readOnly = kind == Kind.IMAGE;
    settings.filled = kind == Kind.VOLUME;
    if (!destination.startsWith("/") || destination.indexOf('\0') >= 0) {
      throw invalid(
          "the destination of a mount is an absolute path, and '" + destination + "' is not");
    }
    if (RootDirectories.names(destination).isEmpty()) {
      throw invalid("nothing can be mounted on the root of a container: '" + destination + "'");
    }
  }

  private Mount(Kind kind, String source, String destination, Settings settings) {
    this.kind = kind;
    this.source = source;
    this.destination = destination;
    this.settings = settings;
  }

  private Mount with(Consumer<Settings> change) {
    Settings changed = settings.copy();
    change.accept(changed);
    return new Mount(kind, source, destination, changed);
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }

  /**
   * A file or directory of the host, with what is mounted below it. Must exist when the container
   * is created.
   */
  public static Mount bind(Path source, String destination) {
    return new Mount(Kind.BIND, source.toAbsolutePath().toString(), destination);
  }

  /**
   * An empty file system in memory, mode 1777, without set-id programs and devices; as large as
   * half of the host's memory, unless {@link #size} says otherwise.
   */
  public static Mount tmpfs(String destination) {
    return new Mount(Kind.TMPFS, "", destination);
  }

  /**
   * A named volume, which is made if there is none of this name, and stays. If it is empty and no
   * container has used it before, it is filled with what the image has at the destination; see
   * {@link Volumes}.
   *
   * @throws RuncibleException INVALID_INPUT if it cannot be the name of a volume
   */
  public static Mount volume(String name, String destination) {
    VolumeSpec.requireName(name);
    return new Mount(Kind.VOLUME, name, destination);
  }

  /** A volume without a name, which is made for the container, filled, and removed with it. */
  public static Mount volume(String destination) {
    return new Mount(Kind.VOLUME, "", destination);
  }

  /**
   * The files of an image, read-only. It is pulled if it is not in the store, and stays there as
   * long as the container.
   *
   * @throws RuncibleException INVALID_INPUT if it is no reference
   */
  public static Mount image(String reference, String destination) {
    return new Mount(Kind.IMAGE, ImageReference.parse(reference).toString(), destination);
  }

  /**
   * A directory of the host that the container sees and may change, while the changes go to a layer
   * that is removed with the container. What is mounted below the directory is not seen. In a user
   * namespace its files belong to the container's users, as those of a volume do. Making the
   * container fails with UNSUPPORTED where no overlay can be mounted.
   */
  public static Mount overlay(Path source, String destination) {
    return new Mount(Kind.OVERLAY, source.toAbsolutePath().toString(), destination);
  }

  /**
   * A file of the container's first user with this content, read-only: a setting, a secret or a
   * program. It is kept with the container, on disk, and removed with it.
   *
   * @param permissions its mode, such as 0644
   * @throws RuncibleException INVALID_INPUT for no mode
   */
  public static Mount file(byte[] content, String destination, int permissions) {
    requireMode(permissions);
    // Bytes as characters, as in the other kinds the source is text.
    String text = new String(content, StandardCharsets.ISO_8859_1);
    return new Mount(Kind.FILE, text, destination)
        .with(
            set -> {
              set.readOnly = true;
              set.mode = permissions;
            });
  }

  /**
   * The same, not writable, and neither is what is mounted below it. Before Linux 5.12 what is
   * mounted below is not there.
   */
  public Mount readOnly() {
    return with(set -> set.readOnly = true);
  }

  /**
   * The same with another propagation than {@link Propagation#PRIVATE}, of a bind mount. Making the
   * container fails with FAILED_PRECONDITION if the source is not on a shared mount of the host,
   * and with UNSUPPORTED for an ordinary user, whose mounts are apart from the host's.
   *
   * @throws RuncibleException INVALID_INPUT for another kind of mount
   */
  public Mount propagation(Propagation wanted) {
    require(Kind.BIND, "propagation");
    return with(set -> set.propagation = wanted);
  }

  /**
   * The same with a limit, of a file system in memory: {@code 64m}, as {@link
   * ContainerSpec.Builder#memory(String)}. A write beyond fails with ENOSPC.
   *
   * @throws RuncibleException INVALID_INPUT for another kind of mount, or none
   */
  public Mount size(String limit) {
    require(Kind.TMPFS, "size");
    long bytes = Limits.parseSize(limit);
    if (bytes < 1) {
      throw invalid("a file system of " + bytes + " bytes holds nothing");
    }
    return with(set -> set.size = OptionalLong.of(bytes));
  }

  /**
   * The same with this mode of its root, such as 0700, of a file system in memory.
   *
   * @throws RuncibleException INVALID_INPUT for another kind of mount, or for no mode
   */
  public Mount mode(int permissions) {
    require(Kind.TMPFS, "mode");
    requireMode(permissions);
    return with(set -> set.mode = permissions);
  }

  private static void requireMode(int permissions) {
    if (permissions < 0 || permissions > MAX_MODE) {
      throw invalid("0" + Integer.toOctalString(permissions) + " is no mode");
    }
  }

  /**
   * The same volume, never filled.
   *
   * @throws RuncibleException INVALID_INPUT for another kind of mount
   */
  public Mount withoutCopy() {
    require(Kind.VOLUME, "filling");
    return with(set -> set.filled = false);
  }

  /**
   * The same bind mount or volume with other owners (an id-mapped mount): a file that belongs to an
   * id of the host, {@linkplain IdRange#outside() outside}, belongs to another one in the
   * container, {@linkplain IdRange#inside() inside}, and so does what the container makes there. So
   * root of a container can work on the files of a user of the host. Files of ids in no range
   * belong to nobody (65534) there, and nothing can be made by ids in no range (EOVERFLOW).
   *
   * <p>What is mounted below the source is not seen. Making the container fails with UNSUPPORTED
   * for an ordinary user, before Linux 5.12, and on a file system that takes no such mounts: ext4,
   * XFS, Btrfs and tmpfs do, the latter from Linux 6.3; overlays and NFS do not.
   *
   * @param uids ranges of user ids; at least one
   * @param gids ranges of group ids; at least one
   * @throws RuncibleException INVALID_INPUT for another kind of mount, without ranges, or when
   *     ranges overlap
   */
  public Mount idMapped(List<IdRange> uids, List<IdRange> gids) {
    if (kind != Kind.BIND && kind != Kind.VOLUME) {
      throw invalid("a mount of kind " + kind + " has no owners to map: '" + destination + "'");
    }
    // The kernel takes no more than this, and checks the rest in the same way.
    if (uids.size() > MAX_RANGES || gids.size() > MAX_RANGES) {
      throw invalid("a mapping of ids has at most " + MAX_RANGES + " ranges");
    }
    Ownership.mapped(uids, gids);
    return with(
        set -> {
          set.uids = List.copyOf(uids);
          set.gids = List.copyOf(gids);
        });
  }

  /**
   * The same bind mount, whose files and directories get, before the start and for good, the
   * SELinux label that {@link ContainerSpec.Builder#selinuxLabels} gives to files ({@code Z} of
   * docker and podman). With {@code shared} without its categories, so that all containers may use
   * them ({@code z}). What is mounted below the source keeps its own. Making the container fails
   * with UNSUPPORTED on a host without SELinux, and for an ordinary user; with INVALID_INPUT
   * without such labels, and for a directory such as {@code /etc} or {@code /home}.
   *
   * @throws RuncibleException INVALID_INPUT for another kind of mount
   */
  public Mount relabeled(boolean shared) {
    require(Kind.BIND, "label of its own");
    return with(set -> set.relabel = shared ? Relabel.SHARED : Relabel.OWN);
  }

  Relabel relabel() {
    return settings.relabel;
  }

  private void require(Kind wanted, String what) {
    if (kind != wanted) {
      throw invalid("a mount of kind " + kind + " has no " + what + ": '" + destination + "'");
    }
  }

  /** What is mounted. */
  public Kind kind() {
    return kind;
  }

  /** The path of the host; empty if it is none of the host's. */
  public Optional<Path> source() {
    boolean ofHost = kind == Kind.BIND || kind == Kind.OVERLAY;
    return ofHost ? Optional.of(Path.of(source)) : Optional.empty();
  }

  /** The name of the volume or the reference of the image; empty if it has neither. */
  public Optional<String> name() {
    boolean named = (kind == Kind.VOLUME && !source.isEmpty()) || kind == Kind.IMAGE;
    return named ? Optional.of(source) : Optional.empty();
  }

  /** The path in the container. */
  public String destination() {
    return destination;
  }

  /** Whether writing is refused. */
  public boolean isReadOnly() {
    return settings.readOnly;
  }

  /** What becomes of mounts below it. */
  public Propagation propagation() {
    return settings.propagation;
  }

  /** The limit of a file system in memory, in bytes. */
  public OptionalLong size() {
    return settings.size;
  }

  /** The content of a file. */
  byte[] content() {
    return source.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** The mode of a file, or of the root of a file system in memory. */
  public int mode() {
    return settings.mode;
  }

  /** Whether it is a volume that is filled from the image. */
  boolean isFilled() {
    return settings.filled;
  }

  /** The ranges of user ids of {@link #idMapped}; empty for owners as they are. */
  public List<IdRange> mappedUids() {
    return settings.uids;
  }

  /** The ranges of group ids. */
  public List<IdRange> mappedGids() {
    return settings.gids;
  }

  /** All of it in one line, the content of a file by its digest: mounts that differ differ here. */
  @Override
  public String toString() {
    return kind
        + " '"
        + (kind == Kind.FILE ? Digest.sha256(content()) : source)
        + "' on '"
        + destination
        + "' "
        + List.of(
            settings.readOnly,
            settings.propagation,
            settings.size,
            Integer.toOctalString(settings.mode),
            settings.filled,
            settings.uids,
            settings.gids,
            settings.relabel);
  }
}
