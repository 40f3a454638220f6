package io.runcible.transfer;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A range of versions, in the notation that skopeo's lists have: comparisons with {@code =}, {@code
 * !=}, {@code >}, {@code <}, {@code >=}, {@code <=}; {@code ~1.2.3} (at least that, same minor
 * version) and {@code ^1.2.3} (at least that, same leading number that is not 0); {@code 1.2.x} and
 * {@code *}; {@code 1.2 - 1.4.5}. A space or a comma means and, {@code ||} means or. A pre-release
 * is in a range only if a version of that range names one.
 */
final class VersionRange {
  private static final int MAX_LENGTH = 1000;
  private static final String PART = "(?:[0-9]{1,18}|[xX*])";
  private static final String WORDS = "[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*";
  private static final String VERSION =
      "v?" + PART + "(?:\\." + PART + "){0,2}(?:-" + WORDS + ")?(?:\\+" + WORDS + ")?";
  private static final Pattern HYPHEN =
      Pattern.compile("\\s*(" + VERSION + ")\\s+-\\s+(" + VERSION + ")\\s*");
  private static final Pattern COMPARISON =
      Pattern.compile("\\s*,?\\s*(!=|>=|=>|<=|=<|~>|[=<>~^]|)\\s*(" + VERSION + ")(?=\\s|,|$)");

  /** One of these, all of whose comparisons hold. */
  private final List<List<VersionComparison>> alternatives = new ArrayList<>();

  private VersionRange() {}

  /**
   * Reads a range.
   *
   * @throws RuncibleException INVALID_INPUT saying where it is wrong
   */
  static VersionRange parse(String text) {
    if (text.length() > MAX_LENGTH) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "a version range has at most " + MAX_LENGTH + " characters");
    }
    VersionRange range = new VersionRange();
    for (String alternative : text.split("\\|\\|", -1)) {
      range.alternatives.add(comparisons(text, alternative));
    }
    return range;
  }

  private static List<VersionComparison> comparisons(String range, String text) {
    Matcher hyphen = HYPHEN.matcher(text);
    if (hyphen.matches()) {
      return List.of(
          VersionComparison.of(">=", hyphen.group(1)), VersionComparison.of("<=", hyphen.group(2)));
    }
    List<VersionComparison> all = new ArrayList<>();
    Matcher next = COMPARISON.matcher(text);
    int end = 0;
    while (end < text.length() && next.region(end, text.length()).lookingAt()) {
      all.add(VersionComparison.of(next.group(1), next.group(2)));
      end = next.end();
    }
    if (all.isEmpty() || !text.substring(end).isBlank()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "'" + range + "' is not a version range: there is '" + text.substring(end).strip() + "'");
    }
    return all;
  }

  boolean contains(SemanticVersion version) {
    return alternatives.stream().anyMatch(all -> holds(all, version));
  }

  private static boolean holds(List<VersionComparison> all, SemanticVersion version) {
    if (version.isPreRelease() && all.stream().noneMatch(VersionComparison::namesPreRelease)) {
      return false;
    }
    return all.stream().allMatch(comparison -> comparison.holds(version));
  }
}
