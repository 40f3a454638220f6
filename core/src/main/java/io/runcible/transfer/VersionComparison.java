package io.runcible.transfer;

import java.util.List;
import java.util.Optional;

/**
 * A comparison with a version of which parts may be left open: a range from the lowest version that
 * fits it to the first that no longer does.
 *
 * @param low the version, with 0 for what is open
 * @param next the first version beyond those that it stands for; empty when it stands for all
 */
record VersionComparison(
    String operator, SemanticVersion low, Optional<SemanticVersion> next, int parts) {

  /** Of an operator, or none, and a version in the form that {@link VersionRange} has checked. */
  static VersionComparison of(String operator, String text) {
    String plain = text.startsWith("v") ? text.substring(1) : text;
    String[] numbers = plain.substring(0, plain.length() - rest(plain).length()).split("\\.", -1);
    int parts = 0;
    while (parts < numbers.length && Character.isDigit(numbers[parts].charAt(0))) {
      parts++;
    }
    long[] values = new long[3];
    for (int i = 0; i < parts; i++) {
      values[i] = Long.parseLong(numbers[i]);
    }
    List<String> preRelease = SemanticVersion.parse("0" + rest(plain)).orElseThrow().preRelease();
    SemanticVersion low = new SemanticVersion(values[0], values[1], values[2], preRelease);
    return new VersionComparison(operator, low, next(values, parts), parts);
  }

  /** The pre-release and the build. */
  private static String rest(String version) {
    int end = 0;
    while (end < version.length() && version.charAt(end) != '-' && version.charAt(end) != '+') {
      end++;
    }
    return version.substring(end);
  }

  private static SemanticVersion version(long... values) {
    return new SemanticVersion(values[0], values[1], values[2], List.of());
  }

  private static Optional<SemanticVersion> next(long[] values, int parts) {
    return switch (parts) {
      case 0 -> Optional.empty();
      case 1 -> Optional.of(version(values[0] + 1, 0, 0));
      case 2 -> Optional.of(version(values[0], values[1] + 1, 0));
      default -> Optional.of(version(values[0], values[1], values[2] + 1));
    };
  }

  boolean namesPreRelease() {
    return low.isPreRelease();
  }

  boolean holds(SemanticVersion version) {
    return switch (operator) {
      case "", "=" -> equal(version);
      case "!=" -> !equal(version);
      case ">" -> parts == 3 ? version.compareTo(low) > 0 : !isBelowNext(version);
      case "<" -> version.compareTo(low) < 0;
      case ">=", "=>" -> version.compareTo(low) >= 0;
      case "<=", "=<" -> parts == 3 ? version.compareTo(low) <= 0 : isBelowNext(version);
      case "^" -> version.compareTo(low) >= 0 && isCompatible(version);
      default -> version.compareTo(low) >= 0 && isBelow(version, tildeLimit());
    };
  }

  private boolean equal(SemanticVersion version) {
    return parts == 3
        ? version.compareTo(low) == 0
        : version.compareTo(low) >= 0 && isBelowNext(version);
  }

  private boolean isBelowNext(SemanticVersion version) {
    return isBelow(version, next);
  }

  /** Compares numbers alone, as a pre-release of the limit is beyond the range, too. */
  private static boolean isBelow(SemanticVersion version, Optional<SemanticVersion> limit) {
    SemanticVersion release = version(version.major(), version.minor(), version.patch());
    return limit.isEmpty() || release.compareTo(limit.get()) < 0;
  }

  private Optional<SemanticVersion> tildeLimit() {
    return parts == 3 ? Optional.of(version(low.major(), low.minor() + 1, 0)) : next;
  }

  /** The same up to the first number that is not 0, of those that are given. */
  private boolean isCompatible(SemanticVersion version) {
    if (parts == 0) {
      return true;
    }
    if (low.major() > 0 || parts == 1) {
      return version.major() == low.major();
    }
    if (low.minor() > 0 || parts == 2) {
      return version.major() == 0 && version.minor() == low.minor();
    }
    return version.major() == 0 && version.minor() == 0 && version.patch() == low.patch();
  }
}
