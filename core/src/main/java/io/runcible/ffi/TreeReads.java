package io.runcible.ffi;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads a tree that somebody else may be changing, a container for instance: never through a
 * symbolic link, and nothing but directories and regular files is ever opened.
 */
public final class TreeReads {
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;

  private TreeReads() {}

  /**
   * Opens a directory by its path below another for listing; none of the path may be a symbolic
   * link.
   */
  public static FileDescriptor openDirectory(FileDescriptor root, String path) {
    return FileCalls.openat2(
        root,
        path.isEmpty() ? "." : path,
        FileCalls.O_RDONLY | FileCalls.O_DIRECTORY | FileCalls.O_NOFOLLOW | FileCalls.O_CLOEXEC,
        FileCalls.RESOLVE_IN_ROOT
            | FileCalls.RESOLVE_NO_SYMLINKS
            | FileCalls.RESOLVE_NO_MAGICLINKS);
  }

  /**
   * Opens anything by its path, only to name it; none of the path may be a symbolic link, so that
   * it is what the path was when it had none.
   */
  public static FileDescriptor openName(Path path) {
    byte[] bytes = Native.cString(path);
    String name = new String(bytes, 0, bytes.length - 1, StandardCharsets.ISO_8859_1);
    try (FileDescriptor root = FileCalls.openDirectory(Path.of("/"))) {
      return FileCalls.openat2(
          root, name, FileCalls.O_PATH | FileCalls.O_CLOEXEC, FileCalls.RESOLVE_NO_SYMLINKS);
    }
  }

  /**
   * Opens anything by its path below a directory, a symbolic link itself, only to name it; empty if
   * it is not there, or is reached by a symbolic link or in something that is mounted there.
   */
  public static Optional<FileDescriptor> openEntry(FileDescriptor root, String path) {
    try {
      return Optional.of(
          FileCalls.openat2(
              root,
              path,
              FileCalls.O_PATH | FileCalls.O_NOFOLLOW | FileCalls.O_CLOEXEC,
              FileCalls.RESOLVE_IN_ROOT
                  | FileCalls.RESOLVE_NO_SYMLINKS
                  | FileCalls.RESOLVE_NO_XDEV));
    } catch (NativeException e) {
      return switch (e.errno()) {
        case Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP, Errno.EXDEV -> Optional.empty();
        default -> throw e;
      };
    }
  }

  /** A regular file, open for reading, and what the kernel said of it just before. */
  public record OpenFile(FileDescriptor file, Stat stat) implements AutoCloseable {
    @Override
    public void close() {
      file.close();
    }
  }

  /** Opens a regular file that lies directly in a directory; null if it is something else. */
  public static @Nullable OpenFile openFile(FileDescriptor directory, String name) {
    // First without any effect: even opening a device can have one.
    try (FileDescriptor found =
        FileCalls.openat2(
            directory,
            name,
            FileCalls.O_PATH | FileCalls.O_NOFOLLOW | FileCalls.O_CLOEXEC,
            FileCalls.RESOLVE_IN_ROOT | FileCalls.RESOLVE_NO_MAGICLINKS)) {
      Stat stat = FileCalls.stat(found);
      if (!stat.isRegular()) {
        return null;
      }
      int fd =
          Native.libc()
              .open(Native.cString(found.procPath()), FileCalls.O_RDONLY | FileCalls.O_CLOEXEC, 0);
      return new OpenFile(new FileDescriptor(Native.check(fd, "open", name), name), stat);
    }
  }

  /**
   * The names in a directory, in no order.
   *
   * @throws RuncibleException INVALID_INPUT if there are more than the limit
   */
  public static List<String> list(FileDescriptor directory, long limit) {
    List<String> names = FileCalls.list(directory, limit);
    if (names.size() > limit) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "'" + directory + "' has more than " + limit + " entries");
    }
    return names;
  }

  /** Where the next content of a file begins, or -1 if only a hole follows. */
  public static long nextData(FileDescriptor file, long offset) {
    long at = Native.libc().lseek(file.value(), offset, SEEK_DATA);
    if (at >= 0) {
      return at;
    }
    int errno = Native.errno();
    if (errno == Errno.ENXIO) {
      return -1;
    }
    if (errno == Errno.EINVAL) {
      // A file system that does not tell holes.
      return offset;
    }
    throw new NativeException("seek", errno, file.toString());
  }

  /** Where the next hole of a file begins; at the latest at its end. */
  public static long nextHole(FileDescriptor file, long offset) {
    long at = Native.libc().lseek(file.value(), offset, SEEK_HOLE);
    if (at < 0 && Native.errno() == Errno.EINVAL) {
      return Long.MAX_VALUE;
    }
    return Native.check(at, "seek", file);
  }
}
