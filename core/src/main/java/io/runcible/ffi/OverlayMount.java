package io.runcible.ffi;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An overlay file system to mount.
 *
 * @param lower the read-only layers, topmost first; at least one, or two without an upper
 * @param upper where changes go; null for a file system that takes none
 * @param work the kernel's own directory, empty, on the file system of {@code upper}
 * @param throwAway whether changes may be lost in a power cut, which spares syncing them where the
 *     kernel knows how, from Linux 5.10 on
 */
public record OverlayMount(
    List<Path> lower, @Nullable Path upper, @Nullable Path work, boolean throwAway) {
  /** Copies the list. */
  public OverlayMount {
    lower = List.copyOf(lower);
  }

  /** One that takes no changes. */
  public static OverlayMount readOnly(List<Path> lower) {
    return new OverlayMount(lower, null, null, false);
  }

  OverlayMount durable() {
    return new OverlayMount(lower, upper, work, false);
  }
}
