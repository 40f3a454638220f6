package io.runcible.archive;

/**
 * Something in a layer that was left out because it cannot be made here.
 *
 * @param name the raw name of the entry, cleaned
 * @param what what was left out, and why
 */
public record SkippedEntry(String name, String what) {
  /** The name for a message: text where it is text, no control characters, of bounded length. */
  public String printableName() {
    return RawName.printable(name);
  }
}
