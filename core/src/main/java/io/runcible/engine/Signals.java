package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.List;
import java.util.Locale;

/** The signals of Linux by name; the same numbers on x86-64 and arm64. */
final class Signals {
  static final int KILL = 9;
  static final int TERM = 15;
  static final int STOP = 19;

  private static final int MAX = 64;
  private static final int REALTIME_MIN = 34;
  private static final List<String> NAMES =
      List.of(
          "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV",
          "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU",
          "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS");

  private Signals() {}

  /**
   * Reads {@code SIGTERM}, {@code TERM}, {@code 15} or {@code RTMIN+3}.
   *
   * @throws RuncibleException INVALID_INPUT for anything else
   */
  static int parse(String text) {
    String name = text.strip().toUpperCase(Locale.ROOT);
    if (name.startsWith("SIG")) {
      name = name.substring(3);
    }
    int byName = NAMES.indexOf(name);
    if (byName > 0) {
      return byName;
    }
    try {
      int number =
          name.startsWith("RTMIN+")
              ? REALTIME_MIN + Integer.parseInt(name.substring("RTMIN+".length()))
              : name.startsWith("RTMAX-")
                  ? MAX - Integer.parseInt(name.substring("RTMAX-".length()))
                  : Integer.parseInt(name);
      if (number >= 1 && number <= MAX) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below, with the whole text.
    }
    String shown = text.length() > 40 ? text.substring(0, 40) + "…" : text;
    throw new RuncibleException(
        ErrorKind.INVALID_INPUT, "'" + shown + "' is no signal: give a name such as SIGTERM");
  }
}
