package io.runcible.engine;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an engine does by itself: health checks, restarts, and telling of events. One thread waits
 * for the time of all of them, as long as there are any; others come for what takes a while, and
 * go.
 */
final class EngineTasks implements AutoCloseable {
  private static final long IDLE_SECONDS = 5;

  /** Longer than a process takes that does not end at once. */
  private static final long CLOSE_LIMIT_SECONDS = 30;

  private final ThreadFactory threads;
  private final ScheduledThreadPoolExecutor clock;
  private final ThreadPoolExecutor workers;

  /** Never interrupted, and not to be known outside. */
  private final ThreadPoolExecutor removers;

  private final Set<EventStream> streams = ConcurrentHashMap.newKeySet();
  private final Set<StatsStream> measured = ConcurrentHashMap.newKeySet();

  private final Operations operations;

  EngineTasks(ThreadFactory threads, Operations operations) {
    this.threads = threads;
    this.operations = operations;
    clock = new ScheduledThreadPoolExecutor(1, threads);
    clock.setRemoveOnCancelPolicy(true);
    clock.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
    clock.allowCoreThreadTimeOut(true);
    workers = pool(threads);
    removers = pool(threads);
  }

  private static ThreadPoolExecutor pool(ThreadFactory threads) {
    return new ThreadPoolExecutor(
        0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), threads);
  }

  /** Does what an interrupt must not cut short, and waits for it. */
  void uninterrupted(Runnable work) {
    Uninterrupted.on(this::remove, work);
  }

  /** The same, and the caller need not wait. */
  CompletableFuture<?> removal(Runnable work) {
    return CompletableFuture.runAsync(() -> guard(work), this::remove);
  }

  private void remove(Runnable work) {
    try {
      removers.execute(work);
    } catch (RejectedExecutionException e) {
      // The engine was closed, and this is left of it.
      threads.newThread(work).start();
    }
  }

  /** Does something later, on a thread where it may take its time. */
  Future<?> after(Duration delay, Runnable task) {
    try {
      return clock.schedule(
          () -> workers.execute(() -> guard(task)),
          ContainerProcess.nanos(delay),
          TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // The engine is being closed.
      return CompletableFuture.completedFuture(null);
    }
  }

  /**
   * Does something on another thread where it may take its time, or here when the engine closes.
   */
  void elsewhere(Runnable task) {
    try {
      workers.execute(() -> guard(task));
    } catch (RejectedExecutionException e) {
      guard(task);
    }
  }

  private static void guard(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      log().warn("a task of the engine failed", e);
    }
  }

  Operations operations() {
    return operations;
  }

  void publish(EngineEvent event) {
    publish(event, EventSubject.of(event));
  }

  void publish(EngineEvent event, EventSubject subject) {
    operations.tell(event);
    for (EventStream stream : streams) {
      stream.offer(event, subject);
    }
    for (StatsStream stream : measured) {
      stream.hear(event);
    }
  }

  void add(StatsStream stream) {
    measured.add(stream);
  }

  void remove(StatsStream stream) {
    measured.remove(stream);
  }

  EventStream subscribe(EventFilter filter) {
    EventStream stream = new EventStream(filter, streams::remove);
    streams.add(stream);
    return stream;
  }

  /**
   * What has not begun is not done any more. What has is interrupted, and waited for: a check of
   * the health may have started a runtime just now, which nobody would reap without the watcher.
   */
  @Override
  public void close() {
    removers.shutdown();
    clock.shutdownNow();
    workers.shutdownNow();
    streams.forEach(EventStream::end);
    streams.clear();
    measured.forEach(StatsStream::close);
    try {
      if (!workers.awaitTermination(CLOSE_LIMIT_SECONDS, TimeUnit.SECONDS)) {
        log().warn("a task of the engine does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(EngineTasks.class);
  }
}
