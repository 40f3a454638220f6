package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that moves the bytes of all published ports of an engine. All but {@link
 * #execute}, {@link #call} and {@link #close} is for that thread alone, so nothing of it is locked.
 */
final class ForwarderLoop implements AutoCloseable {
  private static final int BUFFER_SIZE = 64 << 10;
  private static final int KEPT_BUFFERS = 16;
  private static final int TICK_MILLIS = 100;

  private final Selector selector;
  private final Thread thread;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final TreeMap<Long, Runnable> timers = new TreeMap<>();
  private final ArrayDeque<ByteBuffer> buffers = new ArrayDeque<>();
  private volatile boolean closed;

  /** What is attached to a key. */
  interface Handler {
    /** Does what the channel is ready for. */
    void ready(SelectionKey key) throws IOException;

    /** Gives up, because {@link #ready} threw. */
    void failed(Exception reason);
  }

  private ForwarderLoop(Selector selector, ThreadFactory threads) {
    this.selector = selector;
    this.thread = threads.newThread(this::run);
  }

  static ForwarderLoop start(ThreadFactory threads) {
    try {
      ForwarderLoop loop = new ForwarderLoop(Selector.open(), threads);
      loop.thread.start();
      return loop;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot watch sockets", e);
    }
  }

  /** Runs a task on the thread, soon; not at all once the loop is closed. */
  void execute(Runnable task) {
    tasks.add(task);
    selector.wakeup();
  }

  /** Runs a task on the thread and waits for its end; on this one once the loop is closed. */
  void call(Runnable task) {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    execute(
        () -> {
          try {
            task.run();
            // The selector, and so the kernel, lets go of what the task closed only now.
            flush();
          } finally {
            done.complete(true);
          }
        });
    boolean interrupted = false;
    while (!done.isDone() && thread.isAlive()) {
      try {
        done.get(TICK_MILLIS, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      } catch (ExecutionException | TimeoutException e) {
        // Looks again whether there is still a thread to do it.
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (!done.isDone()) {
      task.run();
    }
  }

  private void flush() {
    try {
      selector.selectNow();
    } catch (IOException e) {
      log().debug("The selector fails", e);
    }
  }

  SelectionKey register(SelectableChannel channel, int interest, Handler handler)
      throws IOException {
    channel.configureBlocking(false);
    return channel.register(selector, interest, handler);
  }

  /** Runs a task after some time. */
  void later(long nanos, Runnable task) {
    long when = System.nanoTime() + nanos;
    while (timers.containsKey(when)) {
      when++;
    }
    timers.put(when, task);
  }

  /** A buffer of this thread, which {@link #give} takes back. */
  ByteBuffer take() {
    ByteBuffer kept = buffers.poll();
    return kept == null ? ByteBuffer.allocateDirect(BUFFER_SIZE) : kept;
  }

  void give(ByteBuffer buffer) {
    if (buffers.size() < KEPT_BUFFERS) {
      buffers.push(buffer.clear());
    }
  }

  private void run() {
    while (!closed) {
      try {
        selector.select(timeoutMillis());
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
          guarded(task);
        }
        runTimers();
        dispatch();
      } catch (IOException e) {
        log().error("published ports cannot be served any more", e);
        return;
      } catch (ClosedSelectorException e) {
        return;
      }
    }
  }

  private long timeoutMillis() {
    if (timers.isEmpty()) {
      return 0;
    }
    long nanos = timers.firstKey() - System.nanoTime();
    return Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos) + 1);
  }

  private void runTimers() {
    while (!timers.isEmpty() && timers.firstKey() - System.nanoTime() <= 0) {
      guarded(timers.pollFirstEntry().getValue());
    }
  }

  private static void guarded(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      log().warn("a published port was not served as it should be", e);
    }
  }

  private void dispatch() {
    Iterator<SelectionKey> keys = selector.selectedKeys().iterator();
    while (keys.hasNext()) {
      SelectionKey key = keys.next();
      keys.remove();
      if (!key.isValid()) {
        continue;
      }
      Handler handler = (Handler) key.attachment();
      try {
        handler.ready(key);
      } catch (IOException | RuntimeException e) {
        guarded(() -> handler.failed(e));
      } catch (OutOfMemoryError e) {
        // Of direct buffers: this connection gets none, and the others keep theirs.
        guarded(() -> handler.failed(new IOException("no memory for a buffer", e)));
      }
    }
  }

  /** Ends the thread; what is still registered is not closed. Idempotent. */
  @Override
  public void close() {
    closed = true;
    selector.wakeup();
    boolean interrupted = false;
    while (thread.isAlive() && thread != Thread.currentThread()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    try {
      selector.close();
    } catch (IOException e) {
      log().debug("A selector is not closed", e);
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(ForwarderLoop.class);
  }
}
