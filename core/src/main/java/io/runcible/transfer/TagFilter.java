package io.runcible.transfer;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Which tags of a repository are meant. Immutable. */
public final class TagFilter {
  private static final int MAX_STEPS = 1_000_000;

  private final Optional<List<String>> exact;
  private final Predicate<String> accepted;

  private TagFilter(Optional<List<String>> exact, Predicate<String> accepted) {
    this.exact = exact;
    this.accepted = accepted;
  }

  /** Every tag. */
  public static TagFilter all() {
    return new TagFilter(Optional.empty(), tag -> true);
  }

  /**
   * These and no others; the repository is not asked for its tags.
   *
   * @param tags tags, or digests such as {@code sha256:…}
   */
  public static TagFilter of(List<String> tags) {
    List<String> copy = List.copyOf(tags);
    return new TagFilter(Optional.of(copy), copy::contains);
  }

  /**
   * Those in which a regular expression is found; anchor it to match whole tags. An expression that
   * needs too many steps for a tag fails with INVALID_INPUT, as tags can be made to have that
   * effect.
   *
   * @param regex in the syntax of {@link Pattern}
   * @throws RuncibleException INVALID_INPUT when it is none
   */
  public static TagFilter matching(String regex) {
    Pattern pattern;
    try {
      pattern = Pattern.compile(regex);
    } catch (PatternSyntaxException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "'" + regex + "' is not a regular expression: " + e.getDescription(),
          e);
    }
    return new TagFilter(Optional.empty(), tag -> pattern.matcher(new Limited(tag, regex)).find());
  }

  /**
   * Those that are versions in a range. A tag may begin with {@code v}, and {@code 1.2} is 1.2.0;
   * other tags are left out, and so are pre-releases unless the range names one.
   *
   * @param range comparisons such as {@code >=1.2, <2}, with {@code = != > < >= <= ~ ^}; {@code
   *     1.2.x}, {@code *} and {@code 1.2 - 1.4.5}; a comma or a space for and, {@code ||} for or
   * @throws RuncibleException INVALID_INPUT when it is none
   */
  public static TagFilter versions(String range) {
    VersionRange versions = VersionRange.parse(range);
    return new TagFilter(
        Optional.empty(), tag -> SemanticVersion.parse(tag).filter(versions::contains).isPresent());
  }

  /**
   * Whether a tag is meant.
   *
   * @throws RuncibleException INVALID_INPUT when the regular expression does not come to an end
   */
  public boolean accepts(String tag) {
    return accepted.test(tag);
  }

  /** The tags, where they are known without a list of all. */
  Optional<List<String>> exact() {
    return exact;
  }

  /** Text that can be looked at only so often. */
  private static final class Limited implements CharSequence {
    private final String text;
    private final String regex;
    private int steps;

    Limited(String text, String regex) {
      this.text = text;
      this.regex = regex;
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      if (++steps > MAX_STEPS) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT,
            "the regular expression '" + regex + "' needs too many steps for the tag " + text);
      }
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.subSequence(start, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
