package io.runcible.ffi;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the version of a kernel, such as {@code 6.1.0-rc1-amd64}, says. */
public final class KernelVersion {
  private static final Pattern NUMBERS = Pattern.compile("([0-9]{1,6})\\.([0-9]{1,6})");

  private KernelVersion() {}

  /** That of this host; empty if nobody knows. */
  public static String ofThisHost() {
    return System.getProperty("os.version", "");
  }

  /** Whether it is this or a later one. */
  public static boolean isAtLeast(String version, int major, int minor) {
    Matcher numbers = NUMBERS.matcher(version);
    if (!numbers.lookingAt()) {
      return false;
    }
    int first = Integer.parseInt(numbers.group(1));
    return first > major || first == major && Integer.parseInt(numbers.group(2)) >= minor;
  }

  /**
   * Whether it lets an ordinary user mount an overlay, which others have from elsewhere at most.
   */
  public static boolean hasOverlayOfUsers(String version) {
    return isAtLeast(version, 5, 11);
  }
}
