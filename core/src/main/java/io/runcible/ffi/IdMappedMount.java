package io.runcible.ffi;

import static io.runcible.ffi.Native.libc;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.lang.ref.Reference;
import java.nio.file.Path;

/**
 * Mounts a file or directory once more, with other owners (mount_setattr(2), "ID-mapped mounts").
 * The kernel takes the mapping from a user namespace, which a process has made that ends at once.
 */
final class IdMappedMount {
  private static final long SYS_OPEN_TREE = 428;
  private static final long SYS_MOVE_MOUNT = 429;
  private static final long SYS_MOUNT_SETATTR = 442;
  private static final int OPEN_TREE_CLONE = 1;
  private static final int OPEN_TREE_CLOEXEC = FileCalls.O_CLOEXEC;
  private static final int MOVE_MOUNT_F_EMPTY_PATH = 4;
  private static final int AT_FDCWD = -100;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final long ATTR_IDMAP = 0x100000;
  private static final long MS_PRIVATE = 1 << 18;
  private static final int ATTR_SIZE = 32;

  private IdMappedMount() {}

  static void mount(SealedPrograms programs, Path source, IdMapping mapping, Path target) {
    try (NewNamespaces made = NewNamespaces.make(programs, mapping, false);
        FileDescriptor namespace = made.openUser()) {
      mount(source, namespace, target);
    }
  }

  /** With the mapping of a user namespace that a file keeps. */
  static void mount(Path source, Path pin, Path target) {
    try (FileDescriptor namespace = NewNamespaces.open(pin)) {
      mount(source, namespace, target);
    }
  }

  private static void mount(Path source, FileDescriptor namespace, Path target) {
    try (FileDescriptor tree = cloneOf(source)) {
      map(tree, namespace, source);
      attach(tree, target);
    }
  }

  /** What is mounted below is left out: it may be of a kind that takes no mapping. */
  private static FileDescriptor cloneOf(Path source) {
    Pointer path = string(source);
    long fd =
        libc()
            .syscall(
                SYS_OPEN_TREE,
                AT_FDCWD,
                path.address(),
                OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC,
                0,
                0,
                0);
    int errno = fd < 0 ? Native.errno() : 0;
    Reference.reachabilityFence(path);
    if (fd < 0) {
      throw failure("open_tree", errno, source);
    }
    return new FileDescriptor((int) fd, source);
  }

  /** Private, so that it does not appear where the source is mounted, too. */
  private static void map(FileDescriptor tree, FileDescriptor namespace, Path source) {
    Pointer memory = Native.allocate(ATTR_SIZE + 1);
    memory.putLong(0, ATTR_IDMAP);
    memory.putLong(8, 0);
    memory.putLong(16, MS_PRIVATE);
    memory.putLong(24, namespace.value());
    memory.putByte(ATTR_SIZE, (byte) 0);
    long result =
        libc()
            .syscall(
                SYS_MOUNT_SETATTR,
                tree.value(),
                memory.address() + ATTR_SIZE,
                AT_EMPTY_PATH,
                memory.address(),
                ATTR_SIZE,
                0);
    int errno = result < 0 ? Native.errno() : 0;
    Reference.reachabilityFence(memory);
    if (result < 0) {
      throw failure("mount_setattr", errno, source);
    }
  }

  private static void attach(FileDescriptor tree, Path target) {
    Pointer path = string(target);
    Pointer empty = Native.allocate(1);
    empty.putByte(0, (byte) 0);
    long result =
        libc()
            .syscall(
                SYS_MOVE_MOUNT,
                tree.value(),
                empty.address(),
                AT_FDCWD,
                path.address(),
                MOVE_MOUNT_F_EMPTY_PATH,
                0);
    int errno = result < 0 ? Native.errno() : 0;
    Reference.reachabilityFence(path);
    Reference.reachabilityFence(empty);
    if (result < 0) {
      throw new NativeException("move_mount", errno, target.toString());
    }
  }

  private static Pointer string(Path path) {
    byte[] bytes = Native.cString(path);
    Pointer memory = Native.allocate(bytes.length);
    memory.put(0, bytes, 0, bytes.length);
    return memory;
  }

  private static RuncibleException failure(String call, int errno, Path source) {
    NativeException cause = new NativeException(call, errno, source.toString());
    String why =
        switch (errno) {
          case Errno.ENOSYS -> "id-mapped mounts need Linux 5.12";
          case Errno.EINVAL -> "its file system takes no id-mapped mounts on this kernel";
          case Errno.EPERM -> "this process, or its user namespace, may not map its owners";
          default -> "";
        };
    return why.isEmpty()
        ? cause
        : new RuncibleException(
            ErrorKind.UNSUPPORTED,
            "cannot mount '" + source + "' with other owners: " + why,
            cause);
  }
}
