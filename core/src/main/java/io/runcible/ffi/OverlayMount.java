package io.runcible.ffi;

import java.nio.file.Path;
import java.util.List;

/**
 * An overlay file system to mount.
 *
 * @param lower the read-only layers, topmost first, at least one
 * @param upper where changes go
 * @param work the kernel's own directory, empty, on the file system of {@code upper}
 * @param throwAway whether changes may be lost in a power cut, which spares syncing them
 */
public record OverlayMount(List<Path> lower, Path upper, Path work, boolean throwAway) {
  /** Copies the list. */
  public OverlayMount {
    lower = List.copyOf(lower);
  }
}
