package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads any number of pipes on one thread, which is started for the first one. Whoever takes the
 * bytes holds up all of them, and through full pipes those who write. Thread-safe.
 */
public final class PipePump implements AutoCloseable {
  private static final int EPOLL_CLOEXEC = 02000000;
  private static final int EFD_CLOEXEC_NONBLOCK = 02004000;
  private static final int ADD = 1;
  private static final int EPOLLIN = 1;
  private static final int EVENT_SIZE = Native.ARM64 ? 16 : 12;
  private static final int EVENT_DATA = Native.ARM64 ? 8 : 4;
  private static final int MAX_EVENTS = 64;
  private static final long WAKE = 0;
  private static final int CHUNK = 64 << 10;

  /** No pipe holds more, unless somebody goes on writing. */
  private static final int MOST_IN_A_PIPE = 1 << 20;

  private final ThreadFactory threads;
  private final Map<Long, Source> sources = new ConcurrentHashMap<>();
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final AtomicLong tokens = new AtomicLong(WAKE);
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
  private final byte[] chunk = new byte[CHUNK];
  private @Nullable Loop loop;
  private boolean closed;

  private record Loop(FileDescriptor epoll, FileDescriptor wake, Thread thread) {}

  /** Takes what was read. */
  @FunctionalInterface
  public interface Sink {
    /** Takes the first bytes of an array, which is used again; of length -1 at the end, once. */
    void accept(byte[] bytes, int length);
  }

  /** A pipe that is read. */
  private static final class Source {
    private final long token;
    private final FileDescriptor reader;
    private final Sink sink;
    private boolean ended;

    Source(long token, FileDescriptor reader, Sink sink) {
      this.token = token;
      this.reader = reader;
      this.sink = sink;
    }
  }

  private PipePump(ThreadFactory threads) {
    this.threads = threads;
  }

  /** Its owner closes it. */
  public static PipePump open(ThreadFactory threads) {
    return new PipePump(threads);
  }

  /**
   * Reads a pipe to its end.
   *
   * @param reader belongs to this from now on, also if this fails
   * @return its number, for {@link #drain}
   */
  public long add(FileDescriptor reader, Sink sink) {
    Source source = new Source(tokens.incrementAndGet(), reader, sink);
    try {
      Loop running = loop();
      sources.put(source.token, source);
      control(running, ADD, reader, source.token);
      return source.token;
    } catch (RuntimeException e) {
      sources.remove(source.token);
      reader.close();
      throw e;
    }
  }

  /**
   * Reads what is in pipes and no more, closes them, and does something then; on its thread, unless
   * it is closed.
   */
  public void drain(List<Long> tokens, Runnable then) {
    Loop running = running();
    if (running == null) {
      then.run();
      return;
    }
    tasks.add(
        () -> {
          for (long token : tokens) {
            Source source = sources.get(token);
            if (source != null) {
              drain(source);
            }
          }
          then.run();
        });
    wake(running);
  }

  private synchronized @Nullable Loop running() {
    return closed ? null : loop;
  }

  private void drain(Source source) {
    for (int read = 0; !source.ended && read < MOST_IN_A_PIPE; ) {
      if (!Poll.readable(source.reader, 0)) {
        break;
      }
      read += Math.max(0, read(source));
    }
    end(source);
  }

  private synchronized Loop loop() {
    if (closed) {
      throw new IllegalStateException("no more pipes are read");
    }
    Loop running = loop;
    if (running == null) {
      running = start();
      loop = running;
    }
    return running;
  }

  private Loop start() {
    FileDescriptor epoll =
        new FileDescriptor(
            check(libc().epoll_create1(EPOLL_CLOEXEC), "epoll_create", "pump"), "pump");
    FileDescriptor wake = null;
    try {
      FileDescriptor opened =
          new FileDescriptor(
              check(libc().eventfd(0, EFD_CLOEXEC_NONBLOCK), "eventfd", "pump"), "pump");
      wake = opened;
      Loop started = new Loop(epoll, opened, threads.newThread(() -> run(epoll, opened)));
      control(started, ADD, opened, WAKE);
      started.thread().start();
      return started;
    } catch (RuntimeException | Error e) {
      epoll.close();
      if (wake != null) {
        wake.close();
      }
      throw e;
    }
  }

  private static void control(Loop loop, int operation, FileDescriptor fd, long token) {
    Pointer event = Native.allocate(EVENT_SIZE);
    event.putInt(0, EPOLLIN);
    event.putLong(EVENT_DATA, token);
    check(libc().epoll_ctl(loop.epoll().value(), operation, fd.value(), event), "epoll_ctl", fd);
    Reference.reachabilityFence(event);
  }

  private static void wake(Loop loop) {
    Pointer one = Native.allocate(8);
    one.putLong(0, 1);
    libc().write(loop.wake().value(), one, 8);
    Reference.reachabilityFence(one);
  }

  private void run(FileDescriptor epoll, FileDescriptor wake) {
    Pointer events = Native.allocate(EVENT_SIZE * MAX_EVENTS);
    Pointer count = Native.allocate(8);
    while (!isClosed()) {
      int ready = libc().epoll_wait(epoll.value(), events, MAX_EVENTS, -1);
      if (ready < 0 && Native.errno() != Errno.EINTR) {
        log().error("pipes cannot be read any more: errno {}", Native.errno());
        return;
      }
      for (int i = 0; i < ready; i++) {
        long token = events.getLong(i * EVENT_SIZE + EVENT_DATA);
        Source source = sources.get(token);
        if (token == WAKE) {
          libc().read(wake.value(), count, 8);
        } else if (source != null) {
          guard(() -> read(source));
        }
      }
      for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
        guard(task);
      }
    }
    Reference.reachabilityFence(events);
    Reference.reachabilityFence(count);
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  private static void guard(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | OutOfMemoryError e) {
      // Of one process; the others must not wait for it.
      log().warn("the output of a process cannot be taken", e);
    }
  }

  private int read(Source source) {
    buffer.clear();
    long count = libc().read(source.reader.value(), buffer, CHUNK);
    if (count <= 0) {
      if (count == 0 || Native.errno() != Errno.EINTR) {
        end(source);
      }
      return 0;
    }
    buffer.get(chunk, 0, (int) count);
    guard(() -> source.sink.accept(chunk, (int) count));
    return (int) count;
  }

  private void end(Source source) {
    if (!source.ended) {
      source.ended = true;
      sources.remove(source.token);
      // It leaves the epoll set with its close.
      source.reader.close();
      guard(() -> source.sink.accept(chunk, -1));
    }
  }

  /** Ends the reading, wherever it is. Idempotent. */
  @Override
  public void close() {
    Loop running;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      running = loop;
    }
    if (running == null) {
      return;
    }
    wake(running);
    boolean interrupted = false;
    while (running.thread().isAlive()) {
      try {
        running.thread().join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    sources.values().forEach(source -> source.reader.close());
    running.epoll().close();
    running.wake().close();
  }

  private static Logger log() {
    return LoggerFactory.getLogger(PipePump.class);
  }
}
