package io.runcible.transfer;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A version as tags have it: {@code v} in front and parts that are missing are allowed, so {@code
 * v1.2} is 1.2.0. Ordered as Semantic Versioning 2.0.0 has it, section 11; the build does not
 * count.
 */
record SemanticVersion(long major, long minor, long patch, List<String> preRelease)
    implements Comparable<SemanticVersion> {
  private static final String NUMBER = "([0-9]{1,18})";
  private static final Pattern FORM =
      Pattern.compile(
          "v?"
              + NUMBER
              + "(?:\\."
              + NUMBER
              + ")?(?:\\."
              + NUMBER
              + ")?"
              + "(?:-([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*))?"
              + "(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?");

  /** Reads a version; empty when the text is none. */
  static Optional<SemanticVersion> parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      return Optional.empty();
    }
    List<String> preRelease =
        form.group(4) == null ? List.of() : Arrays.asList(form.group(4).split("\\.", -1));
    return Optional.of(
        new SemanticVersion(
            Long.parseLong(form.group(1)), part(form, 2), part(form, 3), preRelease));
  }

  private static long part(Matcher form, int group) {
    return form.group(group) == null ? 0 : Long.parseLong(form.group(group));
  }

  boolean isPreRelease() {
    return !preRelease.isEmpty();
  }

  @Override
  public int compareTo(SemanticVersion other) {
    int numbers = Long.compare(major, other.major);
    numbers = numbers != 0 ? numbers : Long.compare(minor, other.minor);
    numbers = numbers != 0 ? numbers : Long.compare(patch, other.patch);
    return numbers != 0 ? numbers : comparePreRelease(other);
  }

  private int comparePreRelease(SemanticVersion other) {
    if (isPreRelease() != other.isPreRelease()) {
      return isPreRelease() ? -1 : 1;
    }
    int common = Math.min(preRelease.size(), other.preRelease.size());
    for (int i = 0; i < common; i++) {
      int difference = compareIdentifiers(preRelease.get(i), other.preRelease.get(i));
      if (difference != 0) {
        return difference;
      }
    }
    return Integer.compare(preRelease.size(), other.preRelease.size());
  }

  private static int compareIdentifiers(String one, String other) {
    boolean oneNumber = isNumber(one);
    boolean otherNumber = isNumber(other);
    if (oneNumber != otherNumber) {
      return oneNumber ? -1 : 1;
    }
    if (!oneNumber) {
      return one.compareTo(other);
    }
    String a = one.replaceFirst("^0+", "");
    String b = other.replaceFirst("^0+", "");
    int length = Integer.compare(a.length(), b.length());
    return length != 0 ? length : a.compareTo(b);
  }

  private static boolean isNumber(String identifier) {
    return identifier.chars().allMatch(c -> c >= '0' && c <= '9');
  }
}
