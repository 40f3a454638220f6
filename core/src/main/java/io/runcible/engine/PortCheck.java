package io.runcible.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether something listens on a TCP port in a container's network. Asks the kernel, so that the
 * image needs no tools and no connection is made.
 *
 * <p>For each look at its tables the kernel goes through the connections of the whole host, which
 * takes milliseconds, while the number of sockets in the container's network costs nothing: that is
 * looked at first, and the tables when it has changed, and now and then.
 */
final class PortCheck implements Ready.Check {
  /** One socket may have come and another one gone. */
  private static final Duration LONGEST = Duration.ofMillis(100);

  private static final Pattern IN_USE = Pattern.compile("(?m)^TCP6?: inuse (\\d{1,9})\\b");
  private static final int UNKNOWN = -1;

  private final Supplier<Optional<Path>> network;
  private final int port;
  private final LongSupplier clock;
  private int sockets = UNKNOWN;
  private long looked;

  /**
   * A check.
   *
   * @param network where the kernel tells of the container's network; empty while there is none
   * @param clock nanoseconds
   */
  PortCheck(Supplier<Optional<Path>> network, int port, LongSupplier clock) {
    this.network = network;
    this.port = port;
    this.clock = clock;
  }

  static PortCheck of(Container container, int port) {
    return new PortCheck(() -> network(container), port, System::nanoTime);
  }

  private static Optional<Path> network(Container container) {
    OptionalInt pid = container.pid();
    return pid.isPresent()
        ? Optional.of(Path.of("/proc", String.valueOf(pid.getAsInt()), "net"))
        : Optional.empty();
  }

  @Override
  public boolean holds(Duration left) {
    Optional<Path> tables = network.get();
    return tables.isPresent() && looksAt(tables.get());
  }

  private boolean looksAt(Path tables) {
    int now = sockets(tables);
    boolean same = now == sockets && clock.getAsLong() - looked < LONGEST.toNanos();
    if (now == 0 || (same && now != UNKNOWN)) {
      return false;
    }
    boolean found = new TcpSockets(tables).listens(port);
    sockets = now;
    looked = clock.getAsLong();
    return found;
  }

  /** How many are in use. */
  private static int sockets(Path tables) {
    int sum = UNKNOWN;
    for (String table : List.of("sockstat", "sockstat6")) {
      try {
        Matcher count = IN_USE.matcher(Files.readString(tables.resolve(table)));
        if (count.find()) {
          sum = Math.max(sum, 0) + Integer.parseInt(count.group(1));
        }
      } catch (IOException e) {
        // A kernel without IPv6, or a process that is gone.
      }
    }
    return sum;
  }
}
