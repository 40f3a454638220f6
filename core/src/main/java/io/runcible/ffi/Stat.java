package io.runcible.ffi;

/**
 * What the kernel says of a file, without following a symbolic link.
 *
 * @param mode type and permission bits
 * @param uid owner
 * @param gid group
 * @param size bytes
 * @param inode inode number
 * @param links number of names
 * @param modifiedSeconds modification time, seconds since the epoch
 * @param modifiedNanos and nanoseconds
 * @param deviceMajor of a device node, its major number
 * @param deviceMinor of a device node, its minor number
 * @param blocks what it takes on the disk, in units of 512 bytes
 * @param fileSystem which file system it is on
 */
public record Stat(
    int mode,
    int uid,
    int gid,
    long size,
    long inode,
    int links,
    long modifiedSeconds,
    int modifiedNanos,
    int deviceMajor,
    int deviceMinor,
    long blocks,
    long fileSystem) {
  public static final int TYPE_MASK = 0170000;
  public static final int DIRECTORY = 0040000;
  public static final int REGULAR = 0100000;
  public static final int SYMLINK = 0120000;
  public static final int CHARACTER_DEVICE = 0020000;
  public static final int BLOCK_DEVICE = 0060000;
  public static final int FIFO = 0010000;
  public static final int SOCKET = 0140000;

  public int type() {
    return mode & TYPE_MASK;
  }

  public boolean isDirectory() {
    return type() == DIRECTORY;
  }

  public boolean isRegular() {
    return type() == REGULAR;
  }

  /** The permission bits with set-id and sticky. */
  public int permissions() {
    return mode & 07777;
  }
}
