package io.runcible.archive;

/**
 * Something that a container changed in its file system.
 *
 * @param kind what became of it
 * @param path where, absolute; a name that is no UTF-8 has replacement characters
 */
public record FileChange(Kind kind, String path) {
  /** What became of a name. */
  public enum Kind {
    /** The image does not have it. */
    ADDED('A'),
    /** Content or metadata differ from the image's. */
    CHANGED('C'),
    /** The image has it. */
    DELETED('D');

    private final char letter;

    Kind(char letter) {
      this.letter = letter;
    }

    /** As the other engines write it: A, C or D. */
    public char letter() {
      return letter;
    }
  }

  /** Letter and path. */
  @Override
  public String toString() {
    return kind.letter() + " " + path;
  }
}
