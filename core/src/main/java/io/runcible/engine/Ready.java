package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;

/**
 * When a container counts as ready. Immutable. Waiting ends early, with the container's last
 * output, when the container does.
 */
public final class Ready {
  private static final Duration DEFAULT_LIMIT = Duration.ofSeconds(60);
  private static final int MAX_PORT = 0xffff;

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
    Pattern pattern = pattern(regex);
    return new Ready(
        "a line of output that matches '" + regex + "'",
        container -> {
          ContainerProcess process = container.process();
          LineSearch out = process.search(false, pattern);
          LineSearch err = process.search(true, pattern);
          return left -> out.found() || err.found();
        },
        DEFAULT_LIMIT);
  }

  private static Pattern pattern(String regex) {
    try {
      return Pattern.compile(regex);
    } catch (PatternSyntaxException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "'" + regex + "' is no regular expression", e);
    }
  }

  /**
   * When something listens on a TCP port, on any address, in the container's network.
   *
   * @throws RuncibleException INVALID_INPUT unless the port is 1 to 65535
   */
  public static Ready onPort(int port) {
    requirePort(port);
    return new Ready(
        "a listener on TCP port " + port,
        container -> PortCheck.of(container, port),
        DEFAULT_LIMIT);
  }

  private static void requirePort(int port) {
    if (port < 1 || port > MAX_PORT) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, port + " is no TCP port: give 1 to " + MAX_PORT);
    }
  }

  /**
   * When what listens on a TCP port answers as it should: a client of this host connects, says
   * something, and reads until the answer matches, at most 4,096 bytes. The port must be published,
   * or the container be on a bridge network; otherwise the wait fails at once. An attempt that
   * takes longer than 2 seconds is given up for another one.
   *
   * @param say what the client says, as UTF-8; empty for a server that speaks first
   * @param regex a regular expression that the answer, one character for each byte, has to match
   *     somewhere
   * @throws RuncibleException INVALID_INPUT if it is none, or the port is not 1 to 65535
   */
  public static Ready onAnswer(int port, String say, String regex) {
    return probe(
        "an answer on TCP port " + port + " that matches '" + regex + "'", port, false, say, regex);
  }

  /**
   * When a GET request is answered with a status from 200 to 399, as {@link #onAnswer}.
   *
   * @param path such as {@code /health}
   * @throws RuncibleException INVALID_INPUT if the path does not begin with a slash, or has spaces,
   *     or the port is not 1 to 65535
   */
  public static Ready onHttp(int port, String path) {
    return http("http", port, false, path);
  }

  /** The same over TLS. The certificate is not looked at: this asks whether it works, not who. */
  public static Ready onHttps(int port, String path) {
    return http("https", port, true, path);
  }

  private static Ready http(String scheme, int port, boolean tls, String path) {
    if (!path.startsWith("/") || path.chars().anyMatch(c -> c <= ' ' || c > '~')) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "'" + path + "' is no path of a URL: /health is one");
    }
    return probe(
        "success of " + scheme + " on port " + port + " for " + path,
        port,
        tls,
        "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        "^HTTP/1\\.[01] [23]\\d\\d");
  }

  private static Ready probe(String what, int port, boolean tls, String say, String regex) {
    requirePort(port);
    Pattern pattern = pattern(regex);
    return new Ready(
        what,
        container -> {
          PortProbe probe = new PortProbe(PortProbe.address(container, port), tls, say, pattern);
          return new Check() {
            private final Check listens = PortCheck.of(container, port);
            private boolean listened;

            @Override
            public boolean holds(Duration left) {
              listened = listened || listens.holds(left);
              return listened && probe.succeeds(left);
            }
          };
        },
        DEFAULT_LIMIT);
  }

  /** When each of them was the case once. Their own limits do not count. */
  public static Ready all(Ready first, Ready... others) {
    List<Ready> parts = concat(first, others);
    return new Ready(
        text(parts, " and "),
        container -> {
          List<Check> open = checks(parts, container);
          return left -> {
            open.removeIf(check -> check.holds(left));
            return open.isEmpty();
          };
        },
        DEFAULT_LIMIT);
  }

  /** When one of them is the case. Their own limits do not count. */
  public static Ready any(Ready first, Ready... others) {
    List<Ready> parts = concat(first, others);
    return new Ready(
        text(parts, " or "),
        container -> {
          List<Check> checks = checks(parts, container);
          return left -> checks.stream().anyMatch(check -> check.holds(left));
        },
        DEFAULT_LIMIT);
  }

  private static List<Ready> concat(Ready first, Ready... others) {
    List<Ready> parts = new ArrayList<>(List.of(first));
    parts.addAll(List.of(others));
    return parts;
  }

  private static String text(List<Ready> parts, String joint) {
    return parts.stream().map(Ready::toString).collect(Collectors.joining(joint));
  }

  private static List<Check> checks(List<Ready> parts, Container container) {
    return parts.stream()
        .map(part -> part.begin(container))
        .collect(Collectors.toCollection(ArrayList::new));
  }

  /**
   * When a command that is executed in the container exits with 0; it is tried again until then,
   * with pauses that grow to 200 milliseconds.
   */
  public static Ready onCommand(String... command) {
    List<String> words = List.of(command);
    return new Ready(
        "success of '" + String.join(" ", words) + "'",
        container ->
            new SeldomCheck(
                left -> {
                  try (ContainerProcess process = container.exec(words.toArray(String[]::new))) {
                    return process.waitFor(left).map(ExitStatus::isSuccess).orElse(false);
                  }
                },
                System::nanoTime),
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
}
