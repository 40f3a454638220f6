package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;

import java.lang.ref.Reference;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears of the end of any number of processes with one thread. What is registered here runs on that
 * thread: it must be quick and must not wait for another process.
 */
public final class ProcessWatcher implements AutoCloseable {
  private static final int EPOLL_CLOEXEC = 02000000;
  private static final int EFD_CLOEXEC_NONBLOCK = 02004000;
  private static final int ADD = 1;
  private static final int DELETE = 2;
  private static final int EPOLLIN = 1;
  private static final int MAX_EVENTS = 64;
  private static final long WAKE = 0;

  /** epoll_event is packed on x86-64 and on no other architecture. */
  private static final int EVENT_SIZE = Native.ARM64 ? 16 : 12;

  private static final int EVENT_DATA = Native.ARM64 ? 8 : 4;

  private final FileDescriptor epoll;
  private final FileDescriptor wake;
  private final Map<Long, Watch> watches = new ConcurrentHashMap<>();
  private final AtomicLong tokens = new AtomicLong(WAKE);
  private final Thread thread;
  private volatile boolean closed;

  private record Watch(PidFd process, Runnable onEnd) {}

  private ProcessWatcher(FileDescriptor epoll, FileDescriptor wake, ThreadFactory threads) {
    this.epoll = epoll;
    this.wake = wake;
    this.thread = threads.newThread(this::run);
  }

  /** Starts a watcher; its owner closes it. */
  public static ProcessWatcher start(ThreadFactory threads) {
    FileDescriptor epoll =
        new FileDescriptor(
            check(libc().epoll_create1(EPOLL_CLOEXEC), "epoll_create", "watcher"), "watcher");
    FileDescriptor wake = null;
    try {
      wake =
          new FileDescriptor(
              check(libc().eventfd(0, EFD_CLOEXEC_NONBLOCK), "eventfd", "watcher"), "watcher");
      ProcessWatcher watcher = new ProcessWatcher(epoll, wake, threads);
      watcher.control(ADD, wake, WAKE);
      watcher.thread.start();
      return watcher;
    } catch (RuntimeException | Error e) {
      epoll.close();
      if (wake != null) {
        wake.close();
      }
      throw e;
    }
  }

  /**
   * Calls {@code onEnd} once, soon after the process has ended. The descriptor must stay open until
   * then, or until the watcher is closed.
   */
  public void onEnd(PidFd process, Runnable onEnd) {
    long token = tokens.incrementAndGet();
    watches.put(token, new Watch(process, onEnd));
    try {
      control(ADD, process.descriptor(), token);
    } catch (RuntimeException e) {
      watches.remove(token);
      throw e;
    }
  }

  private void control(int operation, FileDescriptor fd, long token) {
    Pointer event = Native.allocate(EVENT_SIZE);
    event.putInt(0, EPOLLIN);
    event.putLong(EVENT_DATA, token);
    check(libc().epoll_ctl(epoll.value(), operation, fd.value(), event), "epoll_ctl", fd);
    Reference.reachabilityFence(event);
  }

  private void run() {
    Pointer events = Native.allocate(EVENT_SIZE * MAX_EVENTS);
    while (!closed) {
      int count = libc().epoll_wait(epoll.value(), events, MAX_EVENTS, -1);
      if (count < 0 && Native.errno() != Errno.EINTR) {
        log().error("the process watcher cannot wait any more: errno {}", Native.errno());
        return;
      }
      for (int i = 0; i < count; i++) {
        dispatch(events.getLong(i * EVENT_SIZE + EVENT_DATA));
      }
    }
    Reference.reachabilityFence(events);
  }

  private void dispatch(long token) {
    Watch watch = watches.remove(token);
    if (watch == null) {
      return;
    }
    try {
      control(DELETE, watch.process().descriptor(), token);
      watch.onEnd().run();
    } catch (RuntimeException e) {
      log().warn("a listener for the end of process {} failed", watch.process().pid(), e);
    }
  }

  /** Ends the thread; what is still watched is not told. Idempotent. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    Pointer one = Native.allocate(8);
    one.putLong(0, 1);
    libc().write(wake.value(), one, 8);
    Reference.reachabilityFence(one);
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
    epoll.close();
    wake.close();
  }

  private static Logger log() {
    return LoggerFactory.getLogger(ProcessWatcher.class);
  }
}
