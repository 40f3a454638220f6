package io.runcible.archive;

import io.runcible.Digest;
import java.nio.file.Path;
import java.util.List;

/**
 * A layer that {@link LayerWriter} or {@link LayerDiff} wrote.
 *
 * @param file where it is; the caller's to delete
 * @param compression how it is compressed
 * @param digest the digest of the file
 * @param size the size of the file in bytes
 * @param diffId the digest of the uncompressed tar
 * @param skipped what a layer cannot hold and was left out, at most the first thousand
 */
public record WrittenLayer(
    Path file,
    Compression compression,
    Digest digest,
    long size,
    Digest diffId,
    List<SkippedEntry> skipped) {

  /** Copies the list. */
  public WrittenLayer {
    skipped = List.copyOf(skipped);
  }
}
