package io.runcible.archive;

import java.util.List;

/**
 * What became of a layer.
 *
 * @param entries how many entries it had, whiteouts included
 * @param bytes content of files that was written, without holes
 * @param impliedDirectories raw names of the directories that the layer has no entry for and that
 *     were made because something lies in them, the root as an empty name among them
 * @param skipped what was left out, at most the first thousand
 * @param skippedCount how many things were left out
 * @param opaqueRoot whether the layer hides everything below it, which an overlay cannot express
 *     for its root: whoever mounts it leaves the lower layers out
 */
public record LayerResult(
    long entries,
    long bytes,
    List<String> impliedDirectories,
    List<SkippedEntry> skipped,
    long skippedCount,
    boolean opaqueRoot) {

  /** Copies the lists. */
  public LayerResult {
    impliedDirectories = List.copyOf(impliedDirectories);
    skipped = List.copyOf(skipped);
  }
}
