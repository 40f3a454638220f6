package io.runcible.snapshot;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What becomes of the changes in a writable file system.
 *
 * @param throwAway whether they may be lost in a power cut. An overlay then syncs nothing, not even
 *     when a program in it asks (mount option {@code volatile}, Linux 5.10), which is faster
 * @param maxBytes how many bytes they may take; a write beyond fails there with EDQUOT or ENOSPC
 * @param owners whose the files are, those of the layers included; empty for the owners of the
 *     image
 * @param label the SELinux label of all files; empty for that of each
 */
public record Changes(
    boolean throwAway,
    OptionalLong maxBytes,
    Optional<LayerOwners> owners,
    Optional<String> label) {
  /** Changes of something that ends with its process. */
  public static final Changes THROW_AWAY =
      new Changes(true, OptionalLong.empty(), Optional.empty(), Optional.empty());

  /** Changes that a program may sync. */
  public static final Changes DURABLE =
      new Changes(false, OptionalLong.empty(), Optional.empty(), Optional.empty());

  /**
   * Checks the limit.
   *
   * @throws RuncibleException INVALID_INPUT if it is not positive
   */
  public Changes {
    if (maxBytes.isPresent() && maxBytes.getAsLong() <= 0) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "a limit of " + maxBytes.getAsLong() + " bytes for a writable layer is none");
    }
  }

  /** The same with a limit. */
  public Changes withMaxBytes(long bytes) {
    return new Changes(throwAway, OptionalLong.of(bytes), owners, label);
  }

  /** The same with other owners. */
  public Changes withOwners(LayerOwners others) {
    return new Changes(throwAway, maxBytes, Optional.of(others), label);
  }

  /** The same with a label. */
  public Changes withLabel(String other) {
    return new Changes(throwAway, maxBytes, owners, Optional.of(other));
  }
}
