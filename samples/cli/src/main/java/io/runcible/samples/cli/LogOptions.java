package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.LogPolicy;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The options of a log, as other engines have them. */
final class LogOptions {
  private static final String SIZE = "max-size";
  private static final String FILES = "max-file";

  private LogOptions() {}

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
