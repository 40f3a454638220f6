package io.runcible.ffi;

import static io.runcible.ffi.Native.libc;

/**
 * Has the kernel keep a file in memory in large pages (madvise(2), MADV_COLLAPSE, Linux 6.1).
 * Programs that are started from it then map it in a fraction of the page faults. To make them
 * takes the kernel some 15 ms, and what runs from the file goes on meanwhile.
 */
final class LargePages {
  /** On x86-64, and on 64-bit ARM with pages of 4 KiB; where it is more, the kernel refuses. */
  static final long SIZE = 2L << 20;

  private static final int PROT_NONE = 0;
  private static final int PROT_READ = 1;

  /** As a shared one, a sealed file can be mapped since Linux 6.7 alone. */
  private static final int MAP_PRIVATE = 0x02;

  private static final int MAP_FIXED = 0x10;
  private static final int MAP_ANONYMOUS = 0x20;
  private static final int MADV_COLLAPSE = 25;
  private static final long MAP_FAILED = -1;

  /** A page that somebody looks at just then is passed over. */
  private static final int TRIES = 3;

  private LargePages() {}

  /**
   * Does it to the whole file; the last page is as large as the others.
   *
   * @return whether all of it is in large pages now
   */
  static boolean collapse(FileDescriptor file, long fileSize) {
    long size = (fileSize + SIZE - 1) / SIZE * SIZE;
    // With one page more there is a place in it at which a large page begins.
    long room = size + SIZE;
    long place = libc().mmap(0, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) {
      return false;
    }
    try {
      long begin = (place + SIZE - 1) / SIZE * SIZE;
      int flags = MAP_PRIVATE | MAP_FIXED;
      return libc().mmap(begin, size, PROT_READ, flags, file.value(), 0) != MAP_FAILED
          && collapse(begin, size);
    } finally {
      libc().munmap(place, room);
    }
  }

  private static boolean collapse(long begin, long size) {
    for (int i = 0; i < TRIES; i++) {
      if (libc().madvise(begin, size, MADV_COLLAPSE) == 0) {
        return true;
      }
      if (Native.errno() != Errno.EAGAIN) {
        return false;
      }
    }
    return false;
  }
}
