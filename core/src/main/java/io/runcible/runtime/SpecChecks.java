package io.runcible.runtime;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.Map;
import java.util.regex.Pattern;

/** What the parts of a runtime specification must look like before a runtime sees them. */
final class SpecChecks {
  private static final int MAX_SHOWN = 120;
  private static final int MAX_HOSTNAME = 64;

  private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.+-]{0,254}");
  private static final Pattern HOSTNAME = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9.-]*)");
  private static final Pattern SYSCTL = Pattern.compile("[a-z0-9_-]+([./][a-zA-Z0-9_-]+)+");

  /** {@code slice:prefix:name}. */
  private static final Pattern UNIT =
      Pattern.compile("[A-Za-z0-9_.-]+[.]slice:[A-Za-z0-9_.-]*:[A-Za-z0-9_.-]+");

  private SpecChecks() {}

  /** A text of somebody else for use in a message: cut, quoted, without control characters. */
  static String shown(String text) {
    StringBuilder shown = new StringBuilder("'");
    text.codePoints()
        .limit(MAX_SHOWN)
        .forEach(c -> shown.appendCodePoint(Character.isISOControl(c) ? '?' : c));
    return shown.append(text.length() > MAX_SHOWN ? "…'" : "'").toString();
  }

  static RuncibleException invalid(String what) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, what);
  }

  /** An id is a directory name of the runtime's state, so it is checked like one. */
  static String id(String id) {
    if (!ID.matcher(id).matches()) {
      throw invalid(
          shown(id)
              + " is not a container id: letters, digits and _.+- after a letter or digit, at most"
              + " 255");
    }
    return id;
  }

  static String absolute(String path, String what) {
    text(path, what);
    if (!path.startsWith("/")) {
      throw invalid("the " + what + " " + shown(path) + " is not an absolute path");
    }
    return path;
  }

  /**
   * An absolute path without steps upwards, as it is used as given by more than one program, or
   * {@code slice:prefix:name} for systemd.
   */
  static String cgroupsPath(String path) {
    if (UNIT.matcher(path).matches()) {
      return path;
    }
    absolute(path, "cgroups path");
    for (String step : path.substring(1).split("/", -1)) {
      if (step.isEmpty() || step.equals(".") || step.equals("..")) {
        throw invalid("the cgroups path " + shown(path) + " has an empty step or one with dots");
      }
    }
    return path;
  }

  static String text(String text, String what) {
    if (text.indexOf('\0') >= 0) {
      throw invalid("the " + what + " " + shown(text) + " has a NUL character");
    }
    return text;
  }

  static String environment(String entry) {
    int equals = entry.indexOf('=');
    // A message shows the name alone: the value may be a secret.
    String name = equals < 0 ? "" : entry.substring(0, equals);
    if (name.isEmpty()) {
      throw invalid("an environment entry is not NAME=VALUE");
    }
    if (entry.indexOf('\0') >= 0) {
      throw invalid("the environment variable " + shown(name) + " has a NUL character");
    }
    return entry;
  }

  static int id(int id, String what) {
    if (id < 0) {
      throw invalid("the " + what + " " + id + " is not between 0 and " + Integer.MAX_VALUE);
    }
    return id;
  }

  static String hostname(String hostname) {
    if (hostname.length() > MAX_HOSTNAME || !HOSTNAME.matcher(hostname).matches()) {
      throw invalid(
          shown(hostname) + " is not a host name of letters, digits, '.' and '-', at most 64");
    }
    return hostname;
  }

  /**
   * Only parameters that belong to a namespace of the container, and no character that a runtime
   * could take for a separator.
   */
  static void sysctls(Map<String, String> sysctls, boolean privateIpc, boolean privateNetwork) {
    for (Map.Entry<String, String> sysctl : sysctls.entrySet()) {
      String name = sysctl.getKey();
      if (name.length() > 255 || !SYSCTL.matcher(name).matches()) {
        throw invalid(shown(name) + " is not the name of a kernel parameter");
      }
      if (!isPrintable(sysctl.getValue())) {
        throw invalid("the value of " + name + " has characters that are not printable ASCII");
      }
      String dotted = name.replace('/', '.');
      boolean ipc =
          dotted.startsWith("kernel.msg")
              || dotted.startsWith("kernel.shm")
              || dotted.equals("kernel.sem")
              || dotted.startsWith("fs.mqueue.");
      boolean network = dotted.startsWith("net.");
      if (!((ipc && privateIpc) || (network && privateNetwork))) {
        throw invalid(
            "the kernel parameter "
                + name
                + (ipc || network
                    ? " would be the host's: the container has no namespace of its own for it"
                    : " is the host's, not the container's"));
      }
    }
  }

  private static boolean isPrintable(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if ((c < ' ' && c != '\t') || c > '~') {
        return false;
      }
    }
    return true;
  }
}
