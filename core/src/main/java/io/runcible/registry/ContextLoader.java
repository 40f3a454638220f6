package io.runcible.registry;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Whose context class loader a thread has. The HTTP library starts threads for all of its clients
 * when a caller first needs them, and they inherit that: an application that was the first, and is
 * gone, would stay in memory as long as others make requests. So what may start one is done with
 * the loader of this library.
 */
final class ContextLoader {
  private static final ContextLoader LIBRARY =
      new ContextLoader(ContextLoader.class.getClassLoader());

  private final @Nullable ClassLoader loader;

  private ContextLoader(@Nullable ClassLoader loader) {
    this.loader = loader;
  }

  static ContextLoader library() {
    return LIBRARY;
  }

  /** That of the calling thread, for what belongs to the caller. */
  static ContextLoader current() {
    return new ContextLoader(Thread.currentThread().getContextClassLoader());
  }

  /** Does something with it. */
  <T> T call(Cancellation.Action<T> action) throws IOException {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    set(thread, loader);
    try {
      return action.run();
    } finally {
      set(thread, before);
    }
  }

  /** The same for what reads and writes nothing. */
  void run(Runnable action) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    set(thread, loader);
    try {
      action.run();
    } finally {
      set(thread, before);
    }
  }

  /** Threads of a common pool may have none but the system's, and keep that. */
  private static void set(Thread thread, @Nullable ClassLoader wanted) {
    if (thread.getContextClassLoader() == wanted) {
      return;
    }
    try {
      thread.setContextClassLoader(wanted);
    } catch (SecurityException e) {
      LoggerFactory.getLogger(ContextLoader.class).debug("{} keeps its class loader", thread, e);
    }
  }
}
