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
  OVERLAY_USERXATTR("user.overlay.opaque");

  private final String opaqueAttribute;

  LayerFormat(String opaqueAttribute) {
    this.opaqueAttribute = opaqueAttribute;
  }

  boolean isOverlay() {
    return this != PLAIN;
  }

  String opaqueAttribute() {
    return opaqueAttribute;
  }

  /** How the names of the overlay's own attributes begin. */
  String marks() {
    return opaqueAttribute.substring(0, opaqueAttribute.lastIndexOf('.') + 1);
  }
}
