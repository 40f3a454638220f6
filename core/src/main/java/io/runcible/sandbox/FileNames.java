package io.runcible.sandbox;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.nio.charset.StandardCharsets;

/** Which names files in a working directory can have. */
final class FileNames {
  /** Shorter than the kernel's 4,096, as the working directory comes before it. */
  private static final int MAX_PATH = 4000;

  /** How many directories there may be above a file. */
  static final int MAX_DEPTH = 32;

  private static final int MAX_NAME = 255;
  private static final int SHOWN = 100;

  private FileNames() {}

  /** Throws INVALID_INPUT unless it is a relative path of plain names. */
  static void require(String path) {
    if (path.isEmpty() || path.indexOf('\0') >= 0 || path.startsWith("/")) {
      throw invalid(path, "it is no relative path");
    }
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(path)) {
      throw invalid(path, "it is no text");
    }
    if (length(path) > MAX_PATH) {
      throw invalid(path, "it is too long");
    }
    if (path.chars().filter(c -> c == '/').count() > MAX_DEPTH) {
      throw invalid(path, "there are more than " + MAX_DEPTH + " directories above it");
    }
    for (String name : path.split("/", -1)) {
      if (name.isEmpty() || name.equals(".") || name.equals("..")) {
        throw invalid(path, "'" + name + "' is no name of a file or directory");
      }
      if (length(name) > MAX_NAME) {
        throw invalid(path, "a name in it is longer than " + MAX_NAME + " bytes");
      }
    }
  }

  private static int length(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private static RuncibleException invalid(String path, String why) {
    String shown = path.length() > SHOWN ? path.substring(0, SHOWN) + "…" : path;
    return new RuncibleException(
        ErrorKind.INVALID_INPUT,
        "'" + shown.replace("\0", "\\0") + "' cannot be a file of a sandbox: " + why);
  }
}
