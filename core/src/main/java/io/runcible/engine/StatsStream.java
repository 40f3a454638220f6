package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a container uses, again and again, from {@link Container#stats(Duration)} on. It holds the
 * newest figures alone: whoever is slower than the interval gets those, and the engine never waits.
 * Ends when the run of the container does, with the engine, and when it is closed, which is up to
 * the caller. Has no thread of its own. Thread-safe.
 */
public final class StatsStream implements AutoCloseable {
  private static final Duration SHORTEST = Duration.ofMillis(10);

  private final EngineTasks tasks;
  private final String container;
  private final Duration interval;
  private final Supplier<ContainerStats> reading;
  private @Nullable ContainerStats newest;
  private @Nullable RuncibleException failure;
  private @Nullable Future<?> tick;
  private boolean ended;

  private StatsStream(
      EngineTasks tasks, String container, Duration interval, Supplier<ContainerStats> reading) {
    this.tasks = tasks;
    this.container = container;
    this.interval = interval;
    this.reading = reading;
  }

  /** With the first figures, which are read now. */
  static StatsStream begin(
      EngineTasks tasks, String container, Duration interval, Supplier<ContainerStats> reading) {
    if (interval.compareTo(SHORTEST) < 0) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "an interval of " + interval + " is below " + SHORTEST);
    }
    StatsStream stream = new StatsStream(tasks, container, interval, reading);
    stream.newest = reading.get();
    tasks.add(stream);
    stream.later();
    return stream;
  }

  private synchronized void later() {
    if (!ended) {
      tick = tasks.after(interval, this::read);
    }
  }

  private void read() {
    try {
      ContainerStats stats = reading.get();
      synchronized (this) {
        newest = ended ? newest : stats;
        notifyAll();
      }
      later();
    } catch (RuncibleException e) {
      // It has ended, and that is about to be told, or the kernel refuses.
      boolean over = e.kind() == ErrorKind.FAILED_PRECONDITION;
      end(over ? null : e);
    } catch (RuntimeException e) {
      end(new RuncibleException(ErrorKind.INTERNAL, "cannot read the usage: " + e, e));
    }
  }

  /** Its container may have ended. */
  void hear(EngineEvent event) {
    boolean over = event instanceof EngineEvent.Ended || event instanceof EngineEvent.Removed;
    if (over && event.container().equals(container)) {
      close();
    }
  }

  /**
   * Takes the newest figures that nobody has taken; waits for them without a limit.
   *
   * @return empty if the stream has ended
   * @throws RuncibleException CANCELLED if the thread is interrupted, and the flag stays set; what
   *     {@link Container#stats()} throws if reading failed, which ends the stream
   */
  public Optional<ContainerStats> next() {
    return next(Duration.ofNanos(Long.MAX_VALUE));
  }

  /**
   * Takes the newest figures that nobody has taken; waits for them at most so long.
   *
   * @return empty also if the time ran out
   * @throws RuncibleException as {@link #next()}
   */
  public synchronized Optional<ContainerStats> next(Duration limit) {
    long begin = System.nanoTime();
    long nanos = ContainerProcess.nanos(limit);
    while (newest == null && !ended) {
      long left = nanos - (System.nanoTime() - begin);
      if (left <= 0) {
        return Optional.empty();
      }
      try {
        wait(left / 1_000_000, (int) (left % 1_000_000));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new RuncibleException(ErrorKind.CANCELLED, "interrupted while waiting for stats", e);
      }
    }
    RuncibleException failed = failure;
    if (newest == null && failed != null) {
      throw new RuncibleException(failed.kind(), String.valueOf(failed.getMessage()), failed);
    }
    Optional<ContainerStats> taken = Optional.ofNullable(newest);
    newest = null;
    return taken;
  }

  /** Whether nothing follows what may still be there to take. */
  public synchronized boolean hasEnded() {
    return ended;
  }

  private void end(@Nullable RuncibleException cause) {
    synchronized (this) {
      if (!ended) {
        ended = true;
        failure = cause;
        if (tick != null) {
          tick.cancel(false);
        }
        notifyAll();
      }
    }
    tasks.remove(this);
  }

  /** Ends the stream. Idempotent. */
  @Override
  public void close() {
    end(null);
  }
}
