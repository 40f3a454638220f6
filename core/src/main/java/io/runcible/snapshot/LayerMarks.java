package io.runcible.snapshot;

import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Stat;
import java.util.List;
import java.util.Optional;

/**
 * Tells the marks by which an unpacked layer deletes, see {@link io.runcible.archive.LayerFormat}.
 */
final class LayerMarks {
  /** A file in an opaque directory of a layer to be copied; no layer has one of its own. */
  static final String OPAQUE = ".wh..wh..opq";

  /** Where the whiteouts of a layer to be copied lead. */
  private static final String GONE = ".wh..wh..gone";

  private static final List<String> OPAQUE_ATTRIBUTES =
      List.of("trusted.overlay.opaque", "user.overlay.opaque");

  private LayerMarks() {}

  /**
   * Whether it is a whiteout.
   *
   * @param toCopy whether the layer is one to be copied: in others such a link is the image's own
   */
  static boolean isWhiteout(FileDescriptor parent, String name, Stat stat, boolean toCopy) {
    return switch (stat.type()) {
      case Stat.CHARACTER_DEVICE -> stat.deviceMajor() == 0 && stat.deviceMinor() == 0;
      case Stat.SYMLINK -> toCopy && FileCalls.readLink(parent, name).equals(GONE);
      default -> false;
    };
  }

  /** Whether a directory hides those below it, by the mark of any form. */
  static boolean isOpaque(FileDescriptor parent, String name) {
    return FileCalls.stat(parent, name + "/" + OPAQUE).isPresent()
        || OPAQUE_ATTRIBUTES.stream().anyMatch(attribute -> isSet(parent, name, attribute));
  }

  private static boolean isSet(FileDescriptor parent, String name, String attribute) {
    Optional<byte[]> value = AttributeCalls.get(parent, name, attribute);
    return value.isPresent() && value.get().length == 1 && value.get()[0] == 'y';
  }

  static boolean isOpaqueAttribute(String attribute) {
    return OPAQUE_ATTRIBUTES.contains(attribute);
  }
}
