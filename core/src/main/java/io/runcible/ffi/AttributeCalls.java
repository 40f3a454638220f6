package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;
import static io.runcible.ffi.Native.rawCString;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Extended attributes of files; names and failures are as for {@link FileCalls}. */
public final class AttributeCalls {
  private static final int MAX_SIZE = 64 * 1024;
  private static final int FIRST_TRY = 1024;

  private AttributeCalls() {}

  /** Sets an extended attribute of a name, itself. */
  public static void set(FileDescriptor directory, String name, String attribute, byte[] value) {
    byte[] path = child(directory, name);
    check(
        libc().lsetxattr(path, rawCString(attribute), value, value.length, 0),
        "setxattr " + attribute,
        name);
  }

  /** Sets an extended attribute of an open file. */
  public static void set(FileDescriptor file, String attribute, byte[] value) {
    check(
        libc().fsetxattr(file.value(), rawCString(attribute), value, value.length, 0),
        "setxattr " + attribute,
        file);
  }

  /** Sets an extended attribute of what was opened, also if only to name it. */
  public static void setOfOpened(FileDescriptor file, String attribute, byte[] value) {
    // The path ends at what is open, even if that is a symbolic link.
    check(
        libc().setxattr(rawCString(file.procPath()), rawCString(attribute), value, value.length, 0),
        "setxattr " + attribute,
        file);
  }

  /** The value of an extended attribute of a name, itself; empty if it has none. */
  public static Optional<byte[]> get(FileDescriptor directory, String name, String attribute) {
    byte[] path = child(directory, name);
    byte[] key = rawCString(attribute);
    for (int size = FIRST_TRY; ; size = MAX_SIZE) {
      byte[] value = new byte[size];
      long length = libc().lgetxattr(path, key, value, size);
      if (length >= 0) {
        return Optional.of(Arrays.copyOf(value, (int) length));
      }
      int errno = Native.errno();
      if (errno == Errno.ENODATA || errno == Errno.EOPNOTSUPP) {
        return Optional.empty();
      }
      if (errno != Errno.ERANGE || size == MAX_SIZE) {
        throw new NativeException("getxattr " + attribute, errno, name);
      }
    }
  }

  /** The names of the extended attributes of a name, itself. */
  public static List<String> names(FileDescriptor directory, String name) {
    byte[] path = child(directory, name);
    for (int size = FIRST_TRY; ; size = MAX_SIZE) {
      byte[] list = new byte[size];
      long length = libc().llistxattr(path, list, size);
      if (length >= 0) {
        return split(list, (int) length);
      }
      int errno = Native.errno();
      if (errno == Errno.EOPNOTSUPP) {
        return List.of();
      }
      if (errno != Errno.ERANGE || size == MAX_SIZE) {
        throw new NativeException("listxattr", errno, name);
      }
    }
  }

  public static void remove(FileDescriptor directory, String name, String attribute) {
    check(
        libc().lremovexattr(child(directory, name), rawCString(attribute)),
        "removexattr " + attribute,
        name);
  }

  private static List<String> split(byte[] list, int length) {
    List<String> names = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < length; i++) {
      if (list[i] == 0) {
        names.add(new String(list, start, i - start, StandardCharsets.ISO_8859_1));
        start = i + 1;
      }
    }
    return names;
  }

  /** The extended attribute calls have no form relative to a directory: go through /proc. */
  private static byte[] child(FileDescriptor directory, String name) {
    return rawCString(directory.procPath() + "/" + name);
  }
}
