package io.runcible.transfer;

import io.runcible.image.Descriptor;

/**
 * What a copy did.
 *
 * @param root the manifest or index that the target's name stands for
 * @param manifests how many manifests and indexes were written
 * @param copied how many blobs were sent
 * @param present how many blobs the sink had already, or took over from another of its repositories
 * @param bytes the size of those that were sent
 */
public record CopyResult(Descriptor root, int manifests, int copied, int present, long bytes) {
  /** Whether the target had everything, so that nothing was written. */
  public boolean unchanged() {
    return manifests == 0 && copied == 0;
  }
}
