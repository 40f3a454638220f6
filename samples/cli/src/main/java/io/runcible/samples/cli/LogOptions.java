package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.LogPolicy;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** How output is kept, as other engines have it. */
final class LogOptions {
  private static final String SIZE = "max-size";
  private static final String FILES = "max-file";

  private static final Set<String> KUBERNETES = Set.of("k8s-file", "json-file");
  private static final String NONE = "none";

  private LogOptions() {}

  /**
   * By the name of a driver.
   *
   * @param driver as with podman, json-file is another name of k8s-file
   */
  static LogPolicy parse(String driver, Map<String, String> options) {
    if (KUBERNETES.contains(driver)) {
      return parse(options);
    }
    if (!driver.equals(NONE)) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "--log-driver " + driver + " is not supported, but k8s-file and none are");
    }
    if (!options.isEmpty()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "--log-driver none and --log-opt exclude each other");
    }
    return LogPolicy.NONE;
  }

  static LogPolicy parse(Map<String, String> options) {
    for (String key : options.keySet()) {
      if (!Set.of(SIZE, FILES).contains(key)) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, "'" + key + "' is no option of a log: " + SIZE + ", " + FILES);
      }
    }
    try {
      return LogPolicy.cri(
          bytes(options.getOrDefault(SIZE, "0")),
          Integer.parseInt(options.getOrDefault(FILES, "1")));
    } catch (NumberFormatException e) {
      throw new RuncibleException(ErrorKind.INVALID_INPUT, "no size or number in " + options, e);
    }
  }

  /** Such as 10m. */
  static long bytes(String text) {
    String lower = text.toLowerCase(Locale.ROOT).replaceFirst("b$", "");
    int shift = lower.isEmpty() ? 0 : 10 * ("kmg".indexOf(lower.charAt(lower.length() - 1)) + 1);
    String number = shift == 0 ? lower : lower.substring(0, lower.length() - 1);
    return Math.multiplyExact(Long.parseLong(number), 1L << shift);
  }
}
