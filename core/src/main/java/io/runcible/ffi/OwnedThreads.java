package io.runcible.ffi;

import java.security.AccessController;
import java.security.PrivilegedAction;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Makes daemon threads that live as long as something that was opened. Their context class loader
 * is that of who opened it. Of the one whose call happens to need a thread first they have nothing,
 * neither thread locals nor the access control context: by that, an application that shares an
 * engine with others, and is gone, would stay in memory.
 */
public final class OwnedThreads implements ThreadFactory {
  private final String prefix;
  private final AtomicLong number = new AtomicLong();
  private final @Nullable ClassLoader loader = Thread.currentThread().getContextClassLoader();

  /**
   * A factory for what the calling thread opens.
   *
   * @param prefix what the names begin with, before a number
   */
  public OwnedThreads(String prefix) {
    this.prefix = prefix;
  }

  @Override
  public Thread newThread(Runnable task) {
    Thread thread = make(task, prefix + number.incrementAndGet());
    thread.setDaemon(true);
    thread.setContextClassLoader(loader);
    return thread;
  }

  /** As privileged code the thread inherits the context of this class alone. */
  @SuppressWarnings("removal") // What replaces it is that later releases have no such context.
  private static Thread make(Runnable task, String name) {
    return AccessController.doPrivileged(
        (PrivilegedAction<Thread>) () -> new Thread(null, task, name, 0, false));
  }
}
