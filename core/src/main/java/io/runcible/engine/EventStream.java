package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The events of an engine from {@link ContainerEngine#events} on, in order. It holds up to 1,024
 * that nobody has taken; further ones are dropped and counted, and the engine never waits. Ends
 * with the engine; the caller closes it. Thread-safe.
 */
public final class EventStream implements AutoCloseable {
  private static final int CAPACITY = 1024;

  private final EventFilter filter;
  private final Runnable onClose;
  private final Deque<EngineEvent> events = new ArrayDeque<>();
  private long dropped;
  private boolean ended;

  EventStream(EventFilter filter, Consumer<EventStream> onClose) {
    this.filter = filter;
    this.onClose = () -> onClose.accept(this);
  }

  void offer(EngineEvent event, EventSubject subject) {
    if (!filter.accepts(event, subject)) {
      return;
    }
    synchronized (this) {
      if (ended) {
        return;
      }
      if (events.size() < CAPACITY) {
        events.add(event);
        notifyAll();
      } else {
        dropped++;
      }
    }
  }

  /**
   * Takes the next event; waits for it without a limit.
   *
   * @return empty if the stream has ended and all is taken
   * @throws RuncibleException CANCELLED if the thread is interrupted; the flag stays set
   */
  public Optional<EngineEvent> next() {
    return next(Duration.ofNanos(Long.MAX_VALUE));
  }

  /**
   * Takes the next event; waits for it at most so long.
   *
   * @return empty also if the time ran out
   * @throws RuncibleException as {@link #next()}
   */
  public synchronized Optional<EngineEvent> next(Duration limit) {
    long begin = System.nanoTime();
    long nanos = ContainerProcess.nanos(limit);
    while (events.isEmpty() && !ended) {
      long left = nanos - (System.nanoTime() - begin);
      if (left <= 0) {
        return Optional.empty();
      }
      try {
        wait(left / 1_000_000, (int) (left % 1_000_000));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new RuncibleException(
            ErrorKind.CANCELLED, "interrupted while waiting for an event", e);
      }
    }
    return Optional.ofNullable(events.poll());
  }

  /** How many events were dropped because nobody took them. */
  public synchronized long dropped() {
    return dropped;
  }

  synchronized void end() {
    ended = true;
    notifyAll();
  }

  /** Ends the stream. Idempotent. */
  @Override
  public void close() {
    end();
    onClose.run();
  }
}
