package io.runcible.snapshot;

import java.util.List;

/**
 * A mount that shows a snapshot, as data: what containerd has in its {@code Mount}, and {@code
 * mount -t TYPE -o OPTIONS SOURCE TARGET} takes.
 *
 * @param type the file system, or {@code bind}
 * @param source a directory for {@code bind}, otherwise without a meaning
 * @param options of the mount; commas in paths are escaped as the file system wants them
 */
public record SnapshotMount(String type, String source, List<String> options) {
  /** Copies the list. */
  public SnapshotMount {
    options = List.copyOf(options);
  }
}
