package io.runcible.archive;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;

/**
 * A range of user or group ids, as in {@code /proc/PID/uid_map}.
 *
 * @param inside the first id as an image has it
 * @param outside the first id as this host has it
 * @param count how many ids
 */
public record IdRange(long inside, long outside, long count) {
  private static final long IDS = 0xffffffffL;

  /**
   * Checks the numbers.
   *
   * @throws RuncibleException INVALID_INPUT if they are not ids below 2^32-1
   */
  public IdRange {
    if (inside < 0
        || outside < 0
        || count <= 0
        || count > IDS
        || inside > IDS - count
        || outside > IDS - count) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "there is no range of ids " + inside + ":" + outside + ":" + count);
    }
  }
}
