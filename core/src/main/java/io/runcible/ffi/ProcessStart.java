package io.runcible.ffi;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** When a process started, which tells it from a later one of the same number. */
public final class ProcessStart {
  /** Fields of {@code /proc/PID/stat} after the name: the state is the third of all. */
  private static final int STATE = 0;

  private static final int START_TIME = 22 - 3;

  private ProcessStart() {}

  /** The start in clock ticks since boot; empty if there is no such process, or it is a zombie. */
  public static OptionalLong of(Path proc, int pid) {
    String stat;
    try {
      // The name may be any bytes.
      stat =
          Files.readString(
              proc.resolve(Integer.toString(pid)).resolve("stat"), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return OptionalLong.empty();
    }
    // The name stands in parentheses and may have some itself.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1);
    if (fields.length <= START_TIME || fields[STATE].equals("Z") || fields[STATE].equals("X")) {
      return OptionalLong.empty();
    }
    return OptionalLong.of(Long.parseLong(fields[START_TIME]));
  }
}
