package io.runcible.archive;

/** What becomes of the owners in a layer. */
public enum Ownership {
  /** Every file gets the owner and group that the layer says; where that is not allowed, fail. */
  EXACT,
  /** Every file belongs to who unpacks: for a user with a single id. */
  IGNORE
}
