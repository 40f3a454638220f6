package io.runcible.archive;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The file mode creation mask of the calling thread, as far as it can be known. */
final class ThreadUmask {
  private static final Path STATUS = Path.of("/proc/thread-self/status");
  private static final String FIELD = "\nUmask:\t";

  private ThreadUmask() {}

  /** Whether it is 0 for certain. */
  static boolean isClear() {
    try {
      String status = Files.readString(STATUS, StandardCharsets.ISO_8859_1);
      int at = status.indexOf(FIELD);
      return at >= 0 && status.startsWith("0000\n", at + FIELD.length());
    } catch (IOException e) {
      return false;
    }
  }
}
