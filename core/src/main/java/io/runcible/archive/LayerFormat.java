package io.runcible.archive;

/** What a layer becomes on disk. */
public enum LayerFormat {
  /**
   * A whole file system: the layer is merged into what earlier layers left in the directory, and
   * its whiteouts delete.
   */
  PLAIN(""),
  /**
   * One lower directory of an overlay mount, for this layer alone. A whiteout is a character device
   * 0:0, an opaque directory has the attribute {@code trusted.overlay.opaque}, which only root may
   * set.
   */
  OVERLAY("trusted.overlay.opaque"),
  /** The same for a mount with the option {@code userxattr}, which an ordinary user may make. */
  OVERLAY_USERXATTR("user.overlay.opaque"),
  /**
   * One layer by itself, to be copied together with others: for a file system that takes neither
   * such devices nor such attributes, as an overlay itself. A whiteout is a symbolic link to {@code
   * .wh..wh..gone}, an opaque directory has an empty file {@code .wh..wh..opq}. No entry of a layer
   * in this form makes these: the one is left out and reported, and the name of the other has a
   * meaning of its own. The layers below may have the form of an overlay; a symbolic link of theirs
   * that leads to that name counts as a whiteout for what {@link LayerApplier#complete} looks up.
   */
  COPY("");

  private final String opaqueAttribute;

  LayerFormat(String opaqueAttribute) {
    this.opaqueAttribute = opaqueAttribute;
  }

  /** Whether the layer has a directory of its own, with marks for what it deletes. */
  boolean isSeparate() {
    return this != PLAIN;
  }

  /** Whether the kernel knows the marks. */
  boolean isOverlay() {
    return this == OVERLAY || this == OVERLAY_USERXATTR;
  }

  String opaqueAttribute() {
    return opaqueAttribute;
  }

  /** How the names of the overlay's own attributes begin. */
  String marks() {
    return opaqueAttribute.substring(0, opaqueAttribute.lastIndexOf('.') + 1);
  }
}
