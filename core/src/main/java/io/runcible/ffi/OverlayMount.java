package io.runcible.ffi;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An overlay file system to mount.
 *
 * @param lower the read-only layers, topmost first; at least one, or two without an upper
 * @param upper where changes go; null for a file system that takes none
 * @param work the kernel's own directory, empty, on the file system of {@code upper}
 * @param throwAway whether changes may be lost in a power cut, which spares syncing them where the
 *     kernel knows how, from Linux 5.10 on
 * @param label the SELinux label of all its files; empty for their own
 */
public record OverlayMount(
    List<Path> lower,
    @Nullable Path upper,
    @Nullable Path work,
    boolean throwAway,
    Optional<String> label) {
  /** Copies the list. */
  public OverlayMount {
    lower = List.copyOf(lower);
  }

  /** One whose files have their own labels. */
  public OverlayMount(
      List<Path> lower, @Nullable Path upper, @Nullable Path work, boolean throwAway) {
    this(lower, upper, work, throwAway, Optional.empty());
  }

  /** The same with other names of the lower layers. */
  public OverlayMount withLower(List<Path> names) {
    return new OverlayMount(names, upper, work, throwAway, label);
  }

  /** One that takes no changes. */
  public static OverlayMount readOnly(List<Path> lower) {
    return new OverlayMount(lower, null, null, false);
  }

  /** The options of mount(2) and mount(8), in which commas of names are escaped. */
  public List<String> options() {
    List<String> options = new ArrayList<>();
    options.add(
        "lowerdir="
            + lower.stream().map(OverlayMount::escapeLower).collect(Collectors.joining(":")));
    label.ifPresent(value -> options.add("context=\"" + value + "\""));
    if (upper != null && work != null) {
      options.add("upperdir=" + escape(upper));
      options.add("workdir=" + escape(work));
      if (throwAway) {
        options.add("volatile");
      }
    }
    return List.copyOf(options);
  }

  private static String escapeLower(Path path) {
    return escape(path).replace(":", "\\:");
  }

  private static String escape(Path path) {
    return path.toString().replace("\\", "\\\\").replace(",", "\\,");
  }

  OverlayMount durable() {
    return new OverlayMount(lower, upper, work, false, label);
  }
}
