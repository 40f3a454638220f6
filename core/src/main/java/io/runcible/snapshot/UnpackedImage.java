package io.runcible.snapshot;

import io.runcible.archive.SkippedEntry;
import java.util.List;

/**
 * What became of an image that was unpacked to a directory.
 *
 * @param entries how many entries its layers had, whiteouts included
 * @param bytes content of files that was written, without holes
 * @param skipped what was left out, at most the first thousand of each layer
 * @param skippedCount how many things were left out
 */
public record UnpackedImage(
    long entries, long bytes, List<SkippedEntry> skipped, long skippedCount) {

  /** Copies the list. */
  public UnpackedImage {
    skipped = List.copyOf(skipped);
  }
}
