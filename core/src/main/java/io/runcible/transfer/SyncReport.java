package io.runcible.transfer;

import io.runcible.transfer.SyncedImage.Outcome;
import java.util.List;

/**
 * What a sync did.
 *
 * @param images repositories whose tags could not be listed, then each image, in the order of the
 *     sources and their tags; unmodifiable
 */
public record SyncReport(List<SyncedImage> images) {
  /** Keeps a copy of the list. */
  public SyncReport {
    images = List.copyOf(images);
  }

  /** How many images had an outcome. */
  public long count(Outcome outcome) {
    return images.stream().filter(image -> image.outcome() == outcome).count();
  }

  /** Those that failed; unmodifiable. */
  public List<SyncedImage> failures() {
    return images.stream().filter(image -> image.outcome() == Outcome.FAILED).toList();
  }

  /** The bytes that were sent. */
  public long bytes() {
    return images.stream()
        .flatMap(image -> image.result().stream())
        .mapToLong(CopyResult::bytes)
        .sum();
  }
}
