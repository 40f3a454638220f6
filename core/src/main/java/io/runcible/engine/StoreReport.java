package io.runcible.engine;

import java.util.List;

/**
 * What a check of a store found.
 *
 * @param names how many names were looked at
 * @param blobs how many blobs were read, with those of additional stores that a name needs
 * @param layers how many unpacked layers there are
 * @param problems what is wrong; empty if the store is whole
 */
public record StoreReport(int names, int blobs, int layers, List<Problem> problems) {
  /** Copies the list. */
  public StoreReport {
    problems = List.copyOf(problems);
  }

  /** Whether nothing is wrong. */
  public boolean isWhole() {
    return problems.isEmpty();
  }

  /** What can be wrong. */
  public enum Kind {
    /**
     * The record of a name is damaged, or cannot be read, by an error of the disk, for a lack of
     * permission or of descriptors: then it may be sound, and a repair does not remove it.
     */
    DAMAGED_RECORD,
    /** A blob has other bytes than its digest says. */
    DAMAGED_BLOB,
    /**
     * A blob cannot be opened or read, by an error of the disk, for a lack of permission or of
     * descriptors: whether it is damaged is not known. It is not removed by a repair, a pull
     * fetches it anew if the disk does not give it.
     */
    UNREADABLE_BLOB,
    /** A name needs a blob that is not there. */
    MISSING_BLOB,
    /** A layer has other files than its blob. */
    DAMAGED_LAYER,
    /** A layer that was unpacked is not there. */
    MISSING_LAYER,
    /**
     * The files of an image were to be compared and could not be, for a blob that is damaged or
     * missing, or as a layer by itself is over the engine's {@link
     * io.runcible.archive.ArchiveLimits}.
     */
    NOT_COMPARED
  }

  /**
   * One thing that is wrong.
   *
   * @param kind what
   * @param subject the digest, the chainId, the file of the record, or the name of the image
   * @param detail for a person to read
   */
  public record Problem(Kind kind, String subject, String detail) {}
}
