package io.runcible.ffi;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What {@code /proc/PID/stat} says of a process.
 *
 * @param state a letter
 * @param parent its pid
 * @param session the pid of its leader
 * @param cpuTicks processor time in clock ticks, in the program and in the kernel
 * @param startTicks the start in clock ticks since boot
 * @param exitWord how a zombie ended; by a number that nobody may see, 0
 */
public record ProcessStat(
    String state, int parent, int session, long cpuTicks, long startTicks, int exitWord) {
  /** Fields after the name: the state is the third of all. */
  private static final int PARENT = 4 - 3;

  private static final int SESSION = 6 - 3;
  private static final int USER_TIME = 14 - 3;
  private static final int SYSTEM_TIME = 15 - 3;
  private static final int START_TIME = 22 - 3;
  private static final int EXIT_CODE = 52 - 3;

  /** Empty if there is no such process. */
  public static Optional<ProcessStat> of(Path process) {
    String[] fields = fields(process);
    if (fields.length <= START_TIME) {
      return Optional.empty();
    }
    return Optional.of(
        new ProcessStat(
            fields[0],
            Integer.parseInt(fields[PARENT]),
            Integer.parseInt(fields[SESSION]),
            Long.parseLong(fields[USER_TIME]) + Long.parseLong(fields[SYSTEM_TIME]),
            Long.parseLong(fields[START_TIME]),
            fields.length > EXIT_CODE ? Integer.parseInt(fields[EXIT_CODE]) : 0));
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

  /** {@link #startTicks} of a process that lives; empty if there is none, or only a zombie. */
  public static OptionalLong startOf(Path process) {
    Optional<ProcessStat> stat = of(process);
    return stat.isEmpty() || stat.get().hasEnded()
        ? OptionalLong.empty()
        : OptionalLong.of(stat.get().startTicks());
  }

  /** Whether it is only still to be reaped. */
  public boolean hasEnded() {
    return isZombie() || state.equals("X");
  }

  boolean isZombie() {
    return state.equals("Z");
  }
}
