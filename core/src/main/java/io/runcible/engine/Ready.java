package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * When a container counts as ready. Immutable. Waiting ends early, with the container's last
 * output, when the container does.
 */
public final class Ready {
  private static final Duration DEFAULT_LIMIT = Duration.ofSeconds(60);

  private final String what;
  private final Function<Container, Check> begin;
  private final Duration limit;

  /** Looks, again and again. */
  @FunctionalInterface
  interface Check {
    /** Looks once, and takes no longer than what is left of the time. */
    boolean holds(Duration left);
  }

  private Ready(String what, Function<Container, Check> begin, Duration limit) {
    this.what = what;
    this.begin = begin;
    this.limit = limit;
  }

  /**
   * When a line of the output since its last start matches, anywhere in the line. Needs {@link
   * Stdio#LOGGED}.
   *
   * @param regex a regular expression
   * @throws RuncibleException INVALID_INPUT if it is none
   */
  public static Ready onLog(String regex) {
    try {
      Pattern pattern = Pattern.compile(regex);
      return new Ready(
          "a line of output that matches '" + regex + "'",
          container -> {
            ContainerProcess process = container.process();
            LineSearch out = process.search(false, pattern);
            LineSearch err = process.search(true, pattern);
            return left -> out.found() || err.found();
          },
          DEFAULT_LIMIT);
    } catch (PatternSyntaxException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "'" + regex + "' is no regular expression", e);
    }
  }

  /** When something listens on a TCP port, on any address, in the container's network. */
  public static Ready onPort(int port) {
    return new Ready(
        "a listener on TCP port " + port,
        container ->
            left -> {
              OptionalInt pid = container.pid();
              return pid.isPresent() && listens(pid.getAsInt(), port);
            },
        DEFAULT_LIMIT);
  }

  /**
   * When a command that is executed in the container exits with 0; it is tried again until then.
   */
  public static Ready onCommand(String... command) {
    List<String> words = List.of(command);
    return new Ready(
        "success of '" + String.join(" ", words) + "'",
        container ->
            left -> {
              try (ContainerProcess process = container.exec(words.toArray(String[]::new))) {
                return process.waitFor(left).map(ExitStatus::isSuccess).orElse(false);
              }
            },
        DEFAULT_LIMIT);
  }

  /** When its health check succeeds. Fails at once if it has none. */
  public static Ready onHealthy() {
    return new Ready(
        "health",
        container -> {
          container.requireHealthCheck();
          return left -> container.health().status() == Health.Status.HEALTHY;
        },
        DEFAULT_LIMIT);
  }

  /** The same with another limit; by default 60 seconds. */
  public Ready within(Duration limit) {
    return new Ready(what, begin, limit);
  }

  Duration limit() {
    return limit;
  }

  Check begin(Container container) {
    return begin.apply(container);
  }

  @Override
  public String toString() {
    return what;
  }

  /** Asks the kernel, so that the image needs no tools and no connection is made. */
  private static boolean listens(int pid, int port) {
    String suffix = String.format(Locale.ROOT, ":%04X", port);
    String listening = "0A";
    for (String table : List.of("tcp", "tcp6")) {
      Path file = Path.of("/proc", String.valueOf(pid), "net", table);
      try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.US_ASCII)) {
        boolean found =
            lines
                .lines()
                .map(line -> line.strip().split("\\s+"))
                .anyMatch(f -> f.length > 3 && f[1].endsWith(suffix) && f[3].equals(listening));
        if (found) {
          return true;
        }
      } catch (IOException e) {
        // The process is gone, which the waiting notices itself, or the table does not exist.
      }
    }
    return false;
  }
}
