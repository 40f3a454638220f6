package io.runcible.sandbox;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerProcess;
import io.runcible.engine.ContainerStats;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** A container whose init program waits for the one program that will run in it. */
final class WarmSandbox implements AutoCloseable {
  private final Container container;
  private final ContainerProcess process;
  private final long baseline;
  private final @Nullable String missing;

  private WarmSandbox(Container container, long baseline, @Nullable String missing) {
    this.container = container;
    // Not a later one, if somebody restarts it: that one has no filter.
    this.process = container.process();
    this.baseline = baseline;
    this.missing = missing;
  }

  /** Takes over a container that was started. */
  static WarmSandbox of(Container container) {
    try {
      ContainerStats stats = container.stats();
      boolean limited =
          stats.usage().memoryLimit().isPresent() && stats.usage().processLimit().isPresent();
      return new WarmSandbox(
          container,
          stats.usage().memoryPeak().orElse(0),
          limited ? null : "its control group has no limits of memory and processes");
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.UNSUPPORTED) {
        return new WarmSandbox(container, 0, e.getMessage());
      }
      throw e;
    }
  }

  /** Why memory and processes are not limited; empty if they are. */
  Optional<String> missingLimits() {
    return Optional.ofNullable(missing);
  }

  boolean isWaiting() {
    return process.isAlive();
  }

  InputStream replies() {
    return process.stdout();
  }

  OutputStream commands() {
    return process.stdin();
  }

  /** One of its outputs, from the beginning, as it is written. */
  Output output(
      OutputListener.Stream stream,
      byte[] mark,
      byte[] failureMark,
      int trailer,
      int limit,
      OutputListener listener) {
    return new Output(
        stream == OutputListener.Stream.STDOUT ? process.stdout() : process.stderr(),
        mark,
        failureMark,
        trailer,
        limit,
        stream,
        listener);
  }

  Container container() {
    return container;
  }

  /** Ends all that runs in it, at once. */
  void kill() {
    container.kill("SIGKILL");
  }

  /**
   * Whether the kernel killed something in it because memory ran out; and the rest of the usage.
   */
  Counted counted() {
    if (missing != null) {
      return new Counted(false, OptionalLong.empty(), Optional.empty());
    }
    try {
      ContainerStats stats = container.stats();
      OptionalLong peak = stats.usage().memoryPeak();
      return new Counted(
          stats.usage().oomKills().orElse(0) > 0,
          // Below the baseline it was the runtime, which needed more to start.
          peak.orElse(0) > baseline ? peak : OptionalLong.empty(),
          stats.usage().cpuTime());
    } catch (RuncibleException e) {
      // Its runtime keeps nothing after the end.
      return new Counted(false, OptionalLong.empty(), Optional.empty());
    }
  }

  /** What its control group counts. */
  record Counted(boolean outOfMemory, OptionalLong peak, Optional<Duration> cpuTime) {}

  /** Removes it with all that is in it. */
  @Override
  public void close() {
    container.close();
  }

  @Override
  public String toString() {
    return "sandbox " + container.id();
  }

  static RuncibleException broken(WarmSandbox sandbox, @Nullable IOException cause) {
    return new RuncibleException(
        ErrorKind.UNAVAILABLE, sandbox + " ended before its program did", cause);
  }
}
