package io.runcible.ffi;

import static io.runcible.ffi.Native.libc;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;

/**
 * Limits what directories together may hold, by a project quota of their file system (ext4, XFS).
 * The project's number is drawn by lot from a range of our own, and given to the directories, whose
 * later content inherits it.
 */
public final class ProjectQuota {
  private static final long FS_IOC_FSGETXATTR = 0x801c581fL;
  private static final long FS_IOC_FSSETXATTR = 0x401c5820L;
  private static final int FSXATTR_SIZE = 28;
  private static final int FLAGS_AT = 0;
  private static final int PROJECT_AT = 12;
  private static final int INHERIT = 0x200;

  /** The same on all processors, from Linux 5.14 on. */
  private static final long SYS_QUOTACTL_FD = 443;

  private static final int PROJECT_QUOTAS = 2;
  private static final int GET = 0x800007 << 8 | PROJECT_QUOTAS;
  private static final int SET = 0x800008 << 8 | PROJECT_QUOTAS;
  private static final int DQBLK_SIZE = 72;
  private static final int SPACE_AT = 16;
  private static final int VALID_AT = 64;
  private static final int BLOCK_LIMITS = 1;
  private static final long BLOCK = 1024;

  private static final int FIRST_PROJECT = 0x52000000;
  private static final int PROJECTS = 1 << 24;
  private static final int ATTEMPTS = 32;
  private static final SecureRandom RANDOM = new SecureRandom();

  private ProjectQuota() {}

  /**
   * Sets a limit.
   *
   * @param directories empty, on one file system
   * @param bytes rounded up to KiB
   * @throws RuncibleException UNSUPPORTED if the file system has no project quotas, or has them
   *     turned off, or this user may not set them
   */
  public static void limit(List<Path> directories, long bytes) {
    int project = claim(directories.get(0), bytes);
    for (Path directory : directories) {
      try (FileDescriptor opened = FileCalls.openDirectory(directory)) {
        setProject(opened, directory, project);
      }
    }
  }

  private static int claim(Path directory, long bytes) {
    try (FileDescriptor opened = FileCalls.openDirectory(directory)) {
      for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        int project = FIRST_PROJECT + RANDOM.nextInt(PROJECTS);
        if (isFree(opened, directory, project)) {
          set(opened, directory, project, Math.max(1, (bytes + BLOCK - 1) / BLOCK));
          return project;
        }
      }
    }
    throw new RuncibleException(
        ErrorKind.UNAVAILABLE, "no number of a project is free on the file system of " + directory);
  }

  private static boolean isFree(FileDescriptor opened, Path directory, int project) {
    Pointer block = Native.allocate(DQBLK_SIZE);
    try {
      if (quotactl(opened, GET, project, block) != 0) {
        int errno = Native.errno();
        if (errno == Errno.ENOENT) {
          return true; // XFS, of a project that it never heard of.
        }
        throw unsupported(directory, errno);
      }
      return block.getLong(0) == 0 && block.getLong(SPACE_AT) == 0;
    } finally {
      Reference.reachabilityFence(block);
    }
  }

  private static void set(FileDescriptor opened, Path directory, int project, long blocks) {
    Pointer block = Native.allocate(DQBLK_SIZE);
    block.putLong(0, blocks);
    block.putLong(8, blocks);
    block.putInt(VALID_AT, BLOCK_LIMITS);
    try {
      if (quotactl(opened, SET, project, block) != 0) {
        throw unsupported(directory, Native.errno());
      }
    } finally {
      Reference.reachabilityFence(block);
    }
  }

  private static long quotactl(FileDescriptor opened, int command, int project, Pointer block) {
    return libc()
        .syscall(
            SYS_QUOTACTL_FD, opened.value(), command & 0xffffffffL, project, block.address(), 0, 0);
  }

  private static RuncibleException unsupported(Path directory, int errno) {
    return new RuncibleException(
        ErrorKind.UNSUPPORTED,
        "the size of a writable layer cannot be limited here: "
            + Errno.describe(errno)
            + " on the file system of '"
            + directory
            + "'; it takes root, Linux 5.14, and ext4 or XFS with project quotas that are turned on"
            + " (mount option prjquota)");
  }

  private static void setProject(FileDescriptor opened, Path directory, int project) {
    Pointer attributes = Native.allocate(FSXATTR_SIZE);
    try {
      if (libc().ioctl(opened.value(), FS_IOC_FSGETXATTR, attributes) != 0) {
        throw unsupported(directory, Native.errno());
      }
      attributes.putInt(FLAGS_AT, attributes.getInt(FLAGS_AT) | INHERIT);
      attributes.putInt(PROJECT_AT, project);
      if (libc().ioctl(opened.value(), FS_IOC_FSSETXATTR, attributes) != 0) {
        throw unsupported(directory, Native.errno());
      }
    } finally {
      Reference.reachabilityFence(attributes);
    }
  }

  /**
   * Takes the limit away again, for whoever removes the directory. Nothing happens to a directory
   * without one.
   */
  public static void release(Path directory) {
    Pointer attributes = Native.allocate(FSXATTR_SIZE);
    try (FileDescriptor opened = FileCalls.openDirectory(directory)) {
      if (libc().ioctl(opened.value(), FS_IOC_FSGETXATTR, attributes) != 0) {
        return; // A file system that knows no projects.
      }
      int project = attributes.getInt(PROJECT_AT);
      if (project >= FIRST_PROJECT && project < FIRST_PROJECT + PROJECTS) {
        set(opened, directory, project, 0);
      }
    } catch (NativeException e) {
      if (e.errno() != Errno.ENOENT) {
        throw e;
      }
    } finally {
      Reference.reachabilityFence(attributes);
    }
  }
}
