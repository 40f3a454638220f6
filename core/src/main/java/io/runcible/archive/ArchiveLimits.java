package io.runcible.archive;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;

/**
 * How much an archive may make of itself before reading it stops with INVALID_INPUT; of an image,
 * all layers together, see {@link ArchiveBudget}. The defaults are far over what images have that
 * people use; who has larger ones, or a smaller disk, sets others, such as {@code
 * EngineBuilder.archiveLimits} takes. Each directory of a layer takes some memory until the layer
 * is complete.
 *
 * @param maxEntries files of any kind, whiteouts and global headers, and directories that are made
 *     because something lies in them; the extended headers of a file are part of it, at most one of
 *     each kind. The names of directories, of whiteouts and of hard links to lower layers, which
 *     are held in memory, have at most 128 bytes for each of so many, or 8 MiB
 * @param maxTotalBytes content of all entries together, and what is copied from a lower layer since
 *     it gets another name; holes of sparse files not counted
 * @param maxFileBytes length of one file, holes counted
 * @param maxRatio decompressed bytes for one compressed byte, beyond the first GiB
 */
public record ArchiveLimits(long maxEntries, long maxTotalBytes, long maxFileBytes, int maxRatio) {
  private static final long GIB = 1L << 30;

  /** Output below this is never called a bomb: a file of zeros packs well, and harms nobody. */
  static final long RATIO_FLOOR = GIB;

  /** Two million entries, 256 GiB in all, 128 GiB a file, 250 to one. */
  public static final ArchiveLimits DEFAULT =
      new ArchiveLimits(2_000_000, 256 * GIB, 128 * GIB, 250);

  /**
   * Checks that every limit is positive.
   *
   * @throws RuncibleException INVALID_INPUT otherwise
   */
  public ArchiveLimits {
    if (maxEntries <= 0 || maxTotalBytes <= 0 || maxFileBytes <= 0 || maxRatio <= 0) {
      throw new RuncibleException(ErrorKind.INVALID_INPUT, "a limit of an archive is not positive");
    }
  }

  /** The same with another number of entries. */
  public ArchiveLimits withMaxEntries(long entries) {
    return new ArchiveLimits(entries, maxTotalBytes, maxFileBytes, maxRatio);
  }

  /** The same with another total. */
  public ArchiveLimits withMaxTotalBytes(long bytes) {
    return new ArchiveLimits(maxEntries, bytes, maxFileBytes, maxRatio);
  }

  /** The same with another length of a file. */
  public ArchiveLimits withMaxFileBytes(long bytes) {
    return new ArchiveLimits(maxEntries, maxTotalBytes, bytes, maxRatio);
  }

  /** The same with another ratio. */
  public ArchiveLimits withMaxRatio(int ratio) {
    return new ArchiveLimits(maxEntries, maxTotalBytes, maxFileBytes, ratio);
  }

  static RuncibleException exceeded(String what) {
    return new RuncibleException(
        ErrorKind.INVALID_INPUT,
        "the archive is over a limit: " + what + "; if it is meant to be, raise ArchiveLimits");
  }
}
