package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.runtime.Resources;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * Limits of a container: those to {@linkplain Container#update change}, or those that it has.
 * Immutable.
 *
 * @param memory bytes; swap beyond them is refused where the host counts swap
 * @param cpus how many processors' time
 * @param pids processes and threads
 */
public record Limits(OptionalLong memory, OptionalDouble cpus, OptionalLong pids) {
  private static final Limits UNCHANGED =
      new Limits(OptionalLong.empty(), OptionalDouble.empty(), OptionalLong.empty());
  private static final long CPU_PERIOD_MICROS = 100_000;
  private static final long LEAST_MEMORY = 6L << 20;

  /** None of them. */
  public static Limits unchanged() {
    return UNCHANGED;
  }

  /**
   * With a limit of memory.
   *
   * @param bytes at least 6 MiB, which a runtime needs to start something
   * @throws RuncibleException INVALID_INPUT for less
   */
  public Limits withMemory(long bytes) {
    if (bytes < LEAST_MEMORY) {
      throw invalid("a memory limit of " + bytes + " bytes is below " + LEAST_MEMORY);
    }
    return new Limits(OptionalLong.of(bytes), cpus, pids);
  }

  /** The same as {@code 64m} or {@code 2g}: bytes, or with k, m or g for powers of 1,024. */
  public Limits withMemory(String size) {
    return withMemory(parseSize(size));
  }

  /**
   * With a limit of processor time, 0.01 to 10,000 processors.
   *
   * @throws RuncibleException INVALID_INPUT for anything else
   */
  public Limits withCpus(double count) {
    if (!(count >= 0.01 && count <= 10_000)) {
      throw invalid(count + " processors: give 0.01 to 10000");
    }
    return new Limits(memory, OptionalDouble.of(count), pids);
  }

  /**
   * With a limit of processes and threads.
   *
   * @throws RuncibleException INVALID_INPUT for less than one
   */
  public Limits withPids(long count) {
    if (count < 1) {
      throw invalid("a limit of " + count + " processes");
    }
    return new Limits(memory, cpus, OptionalLong.of(count));
  }

  /** These limits for a runtime, and others where there is none of these. */
  Resources over(Resources others) {
    Resources.Builder resources = others.toBuilder();
    if (memory.isPresent()) {
      resources.memory(memory.getAsLong()).memoryAndSwap(memory.getAsLong());
    }
    if (pids.isPresent()) {
      resources.pids(pids.getAsLong());
    }
    if (cpus.isPresent()) {
      long quota = Math.round(cpus.getAsDouble() * CPU_PERIOD_MICROS);
      resources.cpuQuota(quota, CPU_PERIOD_MICROS);
    }
    return resources.build();
  }

  static long parseSize(String size) {
    int shift =
        switch (size.isEmpty() ? ' ' : Character.toLowerCase(size.charAt(size.length() - 1))) {
          case 'k' -> 10;
          case 'm' -> 20;
          case 'g' -> 30;
          default -> 0;
        };
    try {
      long number = Long.parseLong(shift == 0 ? size : size.substring(0, size.length() - 1));
      return Math.multiplyExact(number, 1L << shift);
    } catch (NumberFormatException | ArithmeticException e) {
      throw invalid("'" + size + "' is no size: give bytes, or a number with k, m or g");
    }
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }
}
