package io.runcible.ffi;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/** What {@code /proc} says of the start and the end of a process. */
public final class ProcessStart {
  /** Fields of {@code /proc/PID/stat} after the name: the state is the third of all. */
  private static final int STATE = 0;

  private static final int START_TIME = 22 - 3;
  private static final int EXIT_CODE = 52 - 3;

  private ProcessStart() {}

  /** The start in clock ticks since boot; empty if there is no such process, or it is a zombie. */
  public static OptionalLong of(Path proc, int pid) {
    String[] fields = fields(proc.resolve(Integer.toString(pid)));
    if (fields.length <= START_TIME || fields[STATE].equals("Z") || fields[STATE].equals("X")) {
      return OptionalLong.empty();
    }
    return OptionalLong.of(Long.parseLong(fields[START_TIME]));
  }

  /** How a process ended that is a zombie; by a number that nobody may see, with 0. */
  static Optional<WaitStatus> exitOfZombie(Path process) {
    String[] fields = fields(process);
    return fields.length > EXIT_CODE && fields[STATE].equals("Z")
        ? Optional.of(WaitStatus.ofWord(Integer.parseInt(fields[EXIT_CODE])))
        : Optional.empty();
  }

  private static String[] fields(Path process) {
    try {
      // The name may be any bytes. It stands in parentheses and may have some itself.
      String stat = Files.readString(process.resolve("stat"), StandardCharsets.ISO_8859_1);
      return stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1);
    } catch (IOException e) {
      return new String[0];
    }
  }
}
