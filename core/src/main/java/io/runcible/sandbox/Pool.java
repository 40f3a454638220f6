package io.runcible.sandbox;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps sandboxes ready, gives each run its own, and removes the used ones. The work is done by at
 * most so many threads as there is work for; without any there are none.
 */
final class Pool implements AutoCloseable {
  private static final long REST_MILLIS = 10;

  private final Supplier<WarmSandbox> maker;
  private final Limits limits;
  private final ScheduledThreadPoolExecutor timer;
  private final ThreadPoolExecutor threads;
  private final Queue<WarmSandbox> warm = new ArrayDeque<>();
  private final Queue<WarmSandbox> used = new ArrayDeque<>();
  private final RunQueue<Ticket> queue = new RunQueue<>();
  private final Set<Ticket> running = new HashSet<>();
  private int making;
  private int workers;
  private boolean resting;
  private boolean failing;
  private boolean closed;

  /**
   * How much of everything there may be.
   *
   * @param warm how many sandboxes wait
   * @param running how many programs run at once
   * @param queued how many wait
   * @param workers how many threads make and remove sandboxes
   */
  record Limits(int warm, int running, int queued, int workers) {}

  /** A run that waits or goes on. */
  private static final class Ticket {
    private final Run run;
    private final String caller;
    private final long since = System.nanoTime();
    private final CompletableFuture<SandboxResult> result = new CompletableFuture<>();

    Ticket(Run run, String caller) {
      this.run = run;
      this.caller = caller;
    }
  }

  /**
   * What a thread is to do.
   *
   * @param undo if there can be no thread
   */
  private record Start(Runnable task, Consumer<Throwable> undo) {}

  /** What a worker does next. */
  private record Task(@Nullable WarmSandbox remove) {}

  Pool(Supplier<WarmSandbox> maker, Limits limits, ThreadFactory factory) {
    this.maker = maker;
    this.limits = limits;
    timer = new ScheduledThreadPoolExecutor(1, factory);
    timer.setRemoveOnCancelPolicy(true);
    timer.setKeepAliveTime(10, TimeUnit.SECONDS);
    timer.allowCoreThreadTimeOut(true);
    threads =
        new ThreadPoolExecutor(
            0, Integer.MAX_VALUE, 10, TimeUnit.SECONDS, new SynchronousQueue<>(), factory);
  }

  /** Begins to fill it. */
  void start(WarmSandbox first) {
    synchronized (this) {
      warm.add(first);
    }
    pump();
  }

  /** How many sandboxes wait for a program. */
  synchronized int ready() {
    return warm.size();
  }

  /** How many programs wait for a sandbox. */
  synchronized int waiting() {
    return queue.size();
  }

  /**
   * Has a program run in its turn.
   *
   * @return cancelling it ends the program
   */
  CompletableFuture<SandboxResult> submit(Run run, String caller) {
    Ticket ticket = new Ticket(run, caller);
    synchronized (this) {
      requireOpen();
      if (queue.size() >= limits.queued()) {
        throw new RuncibleException(
            ErrorKind.UNAVAILABLE,
            "there are "
                + queue.size()
                + " programs waiting for a sandbox, and no more may wait; try again later");
      }
      failing = false;
      queue.add(caller, ticket);
    }
    CompletableFuture<?> unused =
        ticket.result.whenComplete(
            (result, failure) -> {
              if (failure != null) {
                cancel(ticket);
              }
            });
    pump();
    return ticket.result;
  }

  private void requireOpen() {
    if (closed) {
      throw new RuncibleException(ErrorKind.FAILED_PRECONDITION, "the sandbox is closed");
    }
  }

  private void cancel(Ticket ticket) {
    synchronized (this) {
      if (queue.remove(ticket.caller, ticket) || !running.contains(ticket)) {
        return;
      }
    }
    ticket.run.cancel(timer);
  }

  /** Starts what can be started, and soon the work in the background. */
  private void pump() {
    pump(false);
  }

  private void pump(boolean rested) {
    List<Start> starts = new ArrayList<>();
    synchronized (this) {
      while (!closed && running.size() < limits.running() && !warm.isEmpty()) {
        if (!warm.element().isWaiting()) {
          // Somebody on the host has killed it.
          used.add(warm.remove());
          continue;
        }
        Ticket next = queue.poll();
        if (next == null) {
          break;
        }
        WarmSandbox sandbox = warm.remove();
        running.add(next);
        starts.add(new Start(() -> run(next, sandbox), e -> notRun(next, sandbox, e)));
      }
      boolean urgent = rested || closed || queue.size() > 0 || warm.isEmpty();
      int work = used.size() + missing();
      if (work > 0 && !urgent && !resting) {
        // A program that has just started is not to share the processors with the runtime.
        resting = rest();
        urgent = !resting;
      }
      while (urgent && workers < limits.workers() && work-- > 0) {
        workers++;
        starts.add(new Start(this::work, this::notWorked));
      }
    }
    starts.forEach(this::start);
  }

  private void start(Start start) {
    try {
      threads.execute(start.task());
    } catch (RuntimeException | Error e) {
      start.undo().accept(e);
    }
  }

  /** False if there can be no thread for it. */
  private boolean rest() {
    try {
      ScheduledFuture<?> unused = timer.schedule(this::rested, REST_MILLIS, TimeUnit.MILLISECONDS);
      return true;
    } catch (RuntimeException | Error e) {
      log().debug("the work is not put off", e);
      return false;
    }
  }

  private void notRun(Ticket ticket, WarmSandbox sandbox, Throwable why) {
    done(ticket, sandbox);
    pump();
    fail(ticket, noThread(why));
  }

  private void notWorked(Throwable why) {
    List<Ticket> waiting = new ArrayList<>();
    synchronized (this) {
      workers--;
      notifyAll();
      if (workers == 0 && running.isEmpty()) {
        // Nobody would make them a sandbox.
        waiting.addAll(takeQueue());
      }
    }
    waiting.forEach(ticket -> fail(ticket, noThread(why)));
  }

  private static RuncibleException noThread(Throwable why) {
    return new RuncibleException(ErrorKind.UNAVAILABLE, "no thread of a sandbox can start", why);
  }

  /** On another thread: what the caller does then may wait for what this one has to do. */
  private void fail(Ticket ticket, Throwable why) {
    start(
        new Start(
            () -> ticket.result.completeExceptionally(why),
            e -> ticket.result.completeExceptionally(why)));
  }

  private List<Ticket> takeQueue() {
    List<Ticket> all = new ArrayList<>();
    for (Ticket next = queue.poll(); next != null; next = queue.poll()) {
      all.add(next);
    }
    return all;
  }

  private void rested() {
    synchronized (this) {
      resting = false;
    }
    pump(true);
  }

  /** How many sandboxes are to be made. */
  private int missing() {
    if (closed) {
      return 0;
    }
    int wanted = Math.min(queue.size(), limits.running() - running.size());
    return Math.max(0, wanted + (failing ? 0 : limits.warm()) - warm.size() - making);
  }

  private void run(Ticket ticket, WarmSandbox sandbox) {
    Duration waited = Duration.ofNanos(System.nanoTime() - ticket.since);
    Runnable completion;
    try {
      SandboxResult result = ticket.run.run(sandbox, waited, timer, threads);
      completion = () -> ticket.result.complete(result);
    } catch (Throwable e) {
      completion = () -> ticket.result.completeExceptionally(e);
    }
    done(ticket, sandbox);
    pump();
    // Last: what the caller does then may wait for other programs.
    completion.run();
  }

  private synchronized void done(Ticket ticket, WarmSandbox sandbox) {
    running.remove(ticket);
    used.add(sandbox);
    notifyAll();
  }

  private void work() {
    while (true) {
      Task task = nextTask();
      if (task == null) {
        return;
      }
      WarmSandbox remove = task.remove();
      if (remove == null) {
        make();
      } else {
        remove(remove);
      }
      pump();
    }
  }

  /**
   * Null if there is none: the worker is gone. Used ones come first: to remove one is quick, and
   * its mounts and groups make each runtime slower.
   */
  private synchronized @Nullable Task nextTask() {
    WarmSandbox next = used.poll();
    if (next != null) {
      return new Task(next);
    }
    if (missing() > 0) {
      making++;
      return new Task(null);
    }
    workers--;
    notifyAll();
    return null;
  }

  private void make() {
    WarmSandbox made = null;
    Throwable failure = null;
    try {
      made = maker.get();
    } catch (Throwable e) {
      failure = e;
    }
    Ticket unlucky = null;
    synchronized (this) {
      making--;
      if (made != null) {
        (closed ? used : warm).add(made);
      } else {
        failing = true;
        unlucky = queue.poll();
      }
    }
    if (unlucky != null && failure != null) {
      fail(unlucky, failure);
    } else if (failure != null) {
      log().warn("no sandbox can be made ready", failure);
    }
  }

  private static void remove(WarmSandbox sandbox) {
    try {
      sandbox.close();
    } catch (Throwable e) {
      log().warn("{} cannot be removed", sandbox, e);
    }
  }

  /** Cancels what waits and runs, and removes all sandboxes; an interrupt does not stop it. */
  @Override
  public void close() {
    List<Ticket> cancelled;
    List<Ticket> active;
    synchronized (this) {
      closed = true;
      cancelled = takeQueue();
      active = List.copyOf(running);
      used.addAll(warm);
      warm.clear();
    }
    for (Ticket ticket : cancelled) {
      fail(ticket, new RuncibleException(ErrorKind.CANCELLED, "the sandbox was closed"));
    }
    active.forEach(ticket -> ticket.run.cancel(timer));
    pump();
    awaitEnd();
    timer.shutdownNow();
    threads.shutdown();
  }

  private void awaitEnd() {
    boolean interrupted = Thread.interrupted();
    while (true) {
      synchronized (this) {
        if (workers == 0 && used.isEmpty() && running.isEmpty()) {
          break;
        }
        if (workers > 0 || used.isEmpty()) {
          try {
            wait();
          } catch (InterruptedException e) {
            interrupted = true;
          }
          continue;
        }
        workers++;
      }
      // There was no thread for it.
      work();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(Pool.class);
  }
}
