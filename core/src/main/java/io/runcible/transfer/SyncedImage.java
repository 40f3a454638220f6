package io.runcible.transfer;

import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import java.util.Optional;

/**
 * What became of an image, or of a repository whose tags could not be listed.
 *
 * @param from the image in the source, or the repository
 * @param to its name in the sink; empty for a repository
 * @param outcome what was done
 * @param result what was copied; empty unless the outcome is COPIED or UNCHANGED, and in a dry run
 * @param failure why it failed
 */
public record SyncedImage(
    String from,
    Optional<ImageReference> to,
    Outcome outcome,
    Optional<CopyResult> result,
    Optional<RuncibleException> failure) {

  /** What was done with an image. */
  public enum Outcome {
    /** Something was sent. */
    COPIED,
    /** The target was as it should be. */
    UNCHANGED,
    /** Something would have been sent, but it was a dry run. */
    PENDING,
    /** It failed; the target has what it had before. */
    FAILED
  }

  static SyncedImage of(ImageReference from, ImageReference to, CopyResult result) {
    Outcome outcome = result.unchanged() ? Outcome.UNCHANGED : Outcome.COPIED;
    return new SyncedImage(
        from.toString(), Optional.of(to), outcome, Optional.of(result), Optional.empty());
  }

  static SyncedImage dry(ImageReference from, ImageReference to, boolean unchanged) {
    Outcome outcome = unchanged ? Outcome.UNCHANGED : Outcome.PENDING;
    return new SyncedImage(
        from.toString(), Optional.of(to), outcome, Optional.empty(), Optional.empty());
  }

  static SyncedImage failed(String from, Optional<ImageReference> to, RuncibleException failure) {
    return new SyncedImage(from, to, Outcome.FAILED, Optional.empty(), Optional.of(failure));
  }
}
