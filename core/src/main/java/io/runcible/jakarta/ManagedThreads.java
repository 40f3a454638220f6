package io.runcible.jakarta;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads of the engine: of the server's factory where it has one, and where that makes none
 * any more, as while the application is stopped, plain ones. All end with the engine.
 */
final class ManagedThreads implements ThreadFactory {
  private static final String KEY = "runcible.thread-factory";

  /** Of every server that has Jakarta Concurrency. */
  private static final String DEFAULT_NAME = "java:comp/DefaultManagedThreadFactory";

  private final @Nullable ThreadFactory server;
  private final AtomicInteger number = new AtomicInteger();

  ManagedThreads(@Nullable ThreadFactory server) {
    this.server = server;
  }

  static ManagedThreads of(Settings settings) {
    return new ManagedThreads(
        ServerResources.find(settings, KEY, DEFAULT_NAME, ThreadFactory.class).orElse(null));
  }

  @Override
  public Thread newThread(Runnable task) {
    Thread thread = ofServer(task);
    if (thread == null) {
      thread = new Thread(task);
      thread.setDaemon(true);
    }
    thread.setName("runcible-" + number.incrementAndGet());
    return thread;
  }

  private @Nullable Thread ofServer(Runnable task) {
    try {
      return server == null ? null : server.newThread(task);
    } catch (IllegalStateException e) {
      log().debug("the server's thread factory makes no threads any more", e);
      return null;
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(ManagedThreads.class);
  }
}
