package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;
import static io.runcible.ffi.Native.rawCString;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * File system calls relative to an open directory. A <em>name</em> here is raw: one char for each
 * byte (ISO-8859-1), so that names that are no valid text pass through unchanged. All failures are
 * {@link NativeException}s that name the call and the object.
 */
public final class FileCalls {
  private static final int AT_FDCWD = -100;
  private static final int AT_SYMLINK_NOFOLLOW = 0x100;
  private static final int AT_REMOVEDIR = 0x200;
  private static final int AT_EMPTY_PATH = 0x1000;

  static final int O_RDONLY = 0;
  private static final int O_WRONLY = 1;
  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0100;
  private static final int O_EXCL = 0200;
  static final int O_NONBLOCK = 04000;
  static final int O_CLOEXEC = 02000000;
  static final int O_PATH = 010000000;
  static final int O_DIRECTORY = Native.ARM64 ? 040000 : 0200000;
  static final int O_NOFOLLOW = Native.ARM64 ? 0100000 : 0400000;

  private static final long SYS_OPENAT2 = 437;
  private static final int OPEN_HOW = 24; // the size of its structure
  static final int RESOLVE_NO_XDEV = 0x01;
  static final int RESOLVE_NO_MAGICLINKS = 0x02;
  static final int RESOLVE_NO_SYMLINKS = 0x04;
  static final int RESOLVE_IN_ROOT = 0x10;

  private static final int STATX_BASIC = 0x7ff;
  private static final int LIST_BUFFER = 32 * 1024;

  private static final ThreadLocal<Pointer> SCRATCH =
      ThreadLocal.withInitial(() -> Native.allocate(512));

  /** A tree has thousands of directories, and only a collection of garbage frees such memory. */
  private static final ThreadLocal<Pointer> NAMES =
      ThreadLocal.withInitial(() -> Native.allocate(LIST_BUFFER));

  private static final byte[] EMPTY = {0};

  private FileCalls() {}

  /** Opens a directory of the host for use as the base of other calls. */
  public static FileDescriptor openDirectory(Path path) {
    int fd = libc().open(Native.cString(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    return new FileDescriptor(check(fd, "open directory", path), path);
  }

  /** Opens a file of the host for reading. */
  static FileDescriptor openToRead(Path path) {
    int fd = libc().open(Native.cString(path), O_RDONLY | O_CLOEXEC, 0);
    return new FileDescriptor(check(fd, "open", path), path);
  }

  /** Opens a file of the host for reading and writing, creating it with mode 0600. */
  public static FileDescriptor openOrCreate(Path path) {
    int fd = libc().open(Native.cString(path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return new FileDescriptor(check(fd, "open", path), path);
  }

  /** Opens a file of the host for appending by a child; a new one is its owner's alone. */
  public static FileDescriptor createForOutput(Path path) {
    int append = 02000;
    int fd =
        libc()
            .open(Native.cString(path), O_WRONLY | O_CREAT | append | O_CLOEXEC | O_NOFOLLOW, 0600);
    return new FileDescriptor(check(fd, "create", path), path);
  }

  /** Opens {@code /dev/null} for reading and writing. */
  public static FileDescriptor openNull() {
    int fd = libc().open(Native.cString("/dev/null"), O_RDWR | O_CLOEXEC, 0);
    return new FileDescriptor(check(fd, "open", "/dev/null"), "/dev/null");
  }

  /**
   * Opens a directory below {@code root}, which the kernel takes for the root of every path and
   * symbolic link on the way (openat2 with RESOLVE_IN_ROOT).
   */
  public static FileDescriptor openDirectoryInRoot(FileDescriptor root, String name) {
    return openat2(root, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
  }

  /** Opens anything below {@code root}, only to name it, resolved the same way. */
  public static FileDescriptor openNameInRoot(FileDescriptor root, String name) {
    return openat2(root, name, O_PATH | O_CLOEXEC);
  }

  /**
   * Opens a regular file below {@code root} for reading, resolved as {@link #openDirectoryInRoot}.
   *
   * @throws RuncibleException INVALID_INPUT if it is a directory, device, FIFO or socket
   */
  public static FileDescriptor openFileInRoot(FileDescriptor root, String name) {
    // O_NONBLOCK: a FIFO must not block before its type is known.
    FileDescriptor file = openat2(root, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    try {
      if (!stat(file).isRegular()) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, "'" + name + "' in " + root + " is not a regular file");
      }
      return file;
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** Opens a directory that lies directly in another, itself, so that it can be listed. */
  public static FileDescriptor openChildDirectory(FileDescriptor directory, String name) {
    return openat2(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  }

  private static FileDescriptor openat2(FileDescriptor root, String name, long flags) {
    return openat2(root, name, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  }

  static FileDescriptor openat2(FileDescriptor root, String name, long flags, int resolve) {
    int attempts = 0;
    while (true) {
      long fd = openat2(root, name, flags, 0, resolve);
      if (fd >= 0) {
        return new FileDescriptor((int) fd, name);
      }
      int errno = Native.errno();
      // A rename elsewhere in the tree makes the kernel ask for another try.
      if ((errno != Errno.EAGAIN && errno != Errno.EINTR) || ++attempts > 64) {
        throw new NativeException("open in root", errno, name);
      }
    }
  }

  private static long openat2(
      FileDescriptor directory, String name, long flags, int mode, int resolve) {
    byte[] path = rawCString(name);
    Pointer memory = Native.allocate(OPEN_HOW + path.length);
    memory.putLong(0, flags);
    memory.putLong(8, mode);
    memory.putLong(16, resolve);
    memory.put(OPEN_HOW, path, 0, path.length);
    try {
      long how = memory.address();
      return libc().syscall(SYS_OPENAT2, directory.value(), how + OPEN_HOW, how, OPEN_HOW, 0, 0);
    } finally {
      Reference.reachabilityFence(memory);
    }
  }

  /** Creates a new regular file for writing; fails if the name exists. */
  public static FileDescriptor createFile(FileDescriptor directory, String name, int mode) {
    long flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    long fd = openat2(directory, name, flags, mode, 0);
    return new FileDescriptor((int) check(fd, "create", name), name);
  }

  public static void makeDirectory(FileDescriptor directory, String name, int mode) {
    check(libc().mkdirat(directory.value(), rawCString(name), mode), "mkdir", name);
  }

  /** Creates a device node or FIFO; {@code mode} includes the type bits of {@link Stat}. */
  public static void makeNode(
      FileDescriptor directory, String name, int mode, int major, int minor) {
    long device =
        ((long) (major & 0xfffff000) << 32)
            | ((long) (major & 0xfff) << 8)
            | ((long) (minor & 0xffffff00) << 12)
            | (minor & 0xff);
    if (device >>> Integer.SIZE != 0) {
      // The kernel would make another device of it.
      throw new NativeException("mknod", Errno.EINVAL, name);
    }
    check(libc().mknodat(directory.value(), rawCString(name), mode, device), "mknod", name);
  }

  public static void makeSymlink(FileDescriptor directory, String name, String target) {
    check(
        libc().symlinkat(rawCString(target), directory.value(), rawCString(name)), "symlink", name);
  }

  /** Makes {@code name} another name of {@code fromName}; a symbolic link is linked itself. */
  public static void makeLink(
      FileDescriptor fromDirectory, String fromName, FileDescriptor directory, String name) {
    check(
        libc()
            .linkat(
                fromDirectory.value(),
                rawCString(fromName),
                directory.value(),
                rawCString(name),
                0),
        "link",
        name + "' to '" + fromName);
  }

  public static void unlink(FileDescriptor directory, String name) {
    check(libc().unlinkat(directory.value(), rawCString(name), 0), "unlink", name);
  }

  /** Removes a name of the host that is no directory. */
  public static void unlink(Path path) {
    check(libc().unlinkat(AT_FDCWD, Native.cString(path), 0), "unlink", path);
  }

  public static void removeDirectory(FileDescriptor directory, String name) {
    check(libc().unlinkat(directory.value(), rawCString(name), AT_REMOVEDIR), "rmdir", name);
  }

  /** Removes a directory that lies directly in another, with all below it. */
  public static void removeTree(FileDescriptor directory, String name) {
    TreeRemoval.remove(directory, name);
  }

  /** Moves a name to another directory of the same file system. */
  static void rename(FileDescriptor from, String name, FileDescriptor to, String newName) {
    check(
        libc().renameat(from.value(), rawCString(name), to.value(), rawCString(newName)),
        "rename",
        name);
  }

  /** Changes the owner of a name, never of what a symbolic link names. */
  public static void chown(FileDescriptor directory, String name, int uid, int gid) {
    check(
        libc().fchownat(directory.value(), rawCString(name), uid, gid, AT_SYMLINK_NOFOLLOW),
        "chown",
        name);
  }

  public static void chown(FileDescriptor file, int uid, int gid) {
    check(libc().fchown(file.value(), uid, gid), "chown", file);
  }

  /**
   * Changes the mode of a name, never of what a symbolic link names: not even if it has just become
   * one, since somebody else may write there.
   */
  public static void chmod(FileDescriptor directory, String name, int mode) {
    try (FileDescriptor found =
        openat2(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, RESOLVE_NO_SYMLINKS)) {
      chmodOpened(found, mode);
    }
  }

  /** Changes the mode of what was opened, also if only to name it. */
  public static void chmodOpened(FileDescriptor file, int mode) {
    if (stat(file).type() == Stat.SYMLINK) {
      throw new NativeException("chmod", Errno.ELOOP, file.toString());
    }
    int ignored = -1; // The path is absolute.
    check(libc().fchmodat(ignored, rawCString(file.procPath()), mode, 0), "chmod", file);
  }

  public static void chmod(FileDescriptor file, int mode) {
    check(libc().fchmod(file.value(), mode), "chmod", file);
  }

  /** Sets the modification time of a name (a symbolic link itself) and the access time with it. */
  public static void setTimes(FileDescriptor directory, String name, long seconds, int nanos) {
    Pointer times = times(seconds, nanos);
    check(
        libc().utimensat(directory.value(), rawCString(name), times, AT_SYMLINK_NOFOLLOW),
        "utimes",
        name);
    Reference.reachabilityFence(times);
  }

  public static void setTimes(FileDescriptor file, long seconds, int nanos) {
    Pointer times = times(seconds, nanos);
    check(libc().futimens(file.value(), times), "utimes", file);
    Reference.reachabilityFence(times);
  }

  private static Pointer times(long seconds, int nanos) {
    Pointer times = SCRATCH.get();
    for (int i = 0; i < 2; i++) {
      times.putLong(i * 16, seconds);
      times.putLong(i * 16 + 8, nanos);
    }
    return times;
  }

  /** What a name is, itself; empty if there is none. */
  public static Optional<Stat> stat(FileDescriptor directory, String name) {
    return statx(directory.value(), rawCString(name), AT_SYMLINK_NOFOLLOW, name);
  }

  /** What a path of the host is, itself; empty if there is none. */
  public static Optional<Stat> stat(Path path) {
    return statx(AT_FDCWD, Native.cString(path), AT_SYMLINK_NOFOLLOW, path.toString());
  }

  public static Stat stat(FileDescriptor file) {
    return statx(file.value(), EMPTY, AT_EMPTY_PATH, file.toString()).orElseThrow();
  }

  private static Optional<Stat> statx(int fd, byte[] name, int flags, String what) {
    Pointer result = SCRATCH.get();
    try {
      if (libc().statx(fd, name, flags, STATX_BASIC, result) != 0) {
        int errno = Native.errno();
        if (errno == Errno.ENOENT) {
          return Optional.empty();
        }
        throw new NativeException("stat", errno, what);
      }
      return Optional.of(
          new Stat(
              result.getShort(0x1c) & 0xffff,
              result.getInt(0x14),
              result.getInt(0x18),
              result.getLong(0x28),
              result.getLong(0x20),
              result.getInt(0x10),
              result.getLong(0x70),
              result.getInt(0x78),
              result.getInt(0x80),
              result.getInt(0x84),
              result.getLong(0x30),
              result.getLong(0x88)));
    } finally {
      Reference.reachabilityFence(result);
    }
  }

  /** Where a symbolic link points, as raw bytes. */
  public static String readLink(FileDescriptor directory, String name) {
    byte[] target = new byte[4097];
    long length =
        check(
            libc().readlinkat(directory.value(), rawCString(name), target, target.length),
            "readlink",
            name);
    return new String(target, 0, (int) length, StandardCharsets.ISO_8859_1);
  }

  /** The names in a directory from {@link #openChildDirectory}, read once and in no order. */
  public static List<String> list(FileDescriptor directory) {
    return list(directory, Long.MAX_VALUE);
  }

  /** The same, but stops with more names than the limit. */
  static List<String> list(FileDescriptor directory, long limit) {
    List<String> names = new ArrayList<>();
    List<String> some = listSome(directory);
    while (!some.isEmpty() && names.size() <= limit) {
      names.addAll(some);
      some = listSome(directory);
    }
    return names;
  }

  /** Some hundred names more of a directory; none at its end. */
  public static List<String> listSome(FileDescriptor directory) {
    Pointer buffer = NAMES.get();
    List<String> names = new ArrayList<>();
    try {
      while (names.isEmpty()) {
        long length =
            check(libc().getdents64(directory.value(), buffer, LIST_BUFFER), "getdents", directory);
        if (length == 0) {
          break;
        }
        for (int at = 0; at < length; at += buffer.getShort(at + 16) & 0xffff) {
          String name = name(buffer, at + 19);
          if (!name.equals(".") && !name.equals("..")) {
            names.add(name);
          }
        }
      }
      return names;
    } finally {
      Reference.reachabilityFence(buffer);
    }
  }

  private static String name(Pointer buffer, int start) {
    int length = 0;
    while (buffer.getByte(start + length) != 0) {
      length++;
    }
    byte[] name = new byte[length];
    buffer.get(start, name, 0, length);
    return new String(name, StandardCharsets.ISO_8859_1);
  }

  /**
   * Gives the calling thread its own umask, 0, so that files are created with the mode asked for.
   * The rest of the process keeps the mask that it has. Meant for a thread that ends afterwards.
   * Where a filter for system calls does not let it, the thread keeps the mask, too.
   */
  public static void clearThreadUmask() {
    int cloneFs = 0x200;
    if (libc().unshare(cloneFs) == 0) {
      libc().umask(0);
    }
  }
}
