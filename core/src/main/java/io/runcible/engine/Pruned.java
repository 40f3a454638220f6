package io.runcible.engine;

import io.runcible.image.ImageReference;
import java.util.List;

/**
 * What a clean-up removed.
 *
 * @param names the names that met its rules
 * @param blobs how many blobs
 * @param layers how many unpacked layers
 * @param blobBytes how many bytes the blobs had, and what was left of downloads that broke off
 */
public record Pruned(List<ImageReference> names, int blobs, int layers, long blobBytes) {
  /** Copies the list. */
  public Pruned {
    names = List.copyOf(names);
  }
}
