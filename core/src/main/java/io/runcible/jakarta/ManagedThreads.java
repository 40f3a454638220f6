package io.runcible.jakarta;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import javax.naming.InitialContext;
import javax.naming.NamingException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads of the engine: of the server's factory where it has one, and where that makes none
 * any more, as while the application is stopped, plain ones. All end with the engine.
 */
final class ManagedThreads implements ThreadFactory {
  private static final Logger LOG = LoggerFactory.getLogger(ManagedThreads.class);

  private static final String KEY = "runcible.thread-factory";

  /** Of every server that has Jakarta Concurrency. */
  private static final String DEFAULT_NAME = "java:comp/DefaultManagedThreadFactory";

  private final @Nullable ThreadFactory server;
  private final AtomicInteger number = new AtomicInteger();

  ManagedThreads(@Nullable ThreadFactory server) {
    this.server = server;
  }

  /** The name comes from who deploys, and no name of a remote directory is in the default. */
  @SuppressWarnings("BanJNDI")
  static ManagedThreads of(Settings settings) {
    String name = settings.get(KEY).orElse(DEFAULT_NAME);
    try {
      return new ManagedThreads((ThreadFactory) new InitialContext().lookup(name));
    } catch (NamingException | ClassCastException e) {
      if (settings.get(KEY).isPresent()) {
        LOG.warn("there is no thread factory '{}', as {} says; using plain threads", name, KEY, e);
      }
      return new ManagedThreads(null);
    }
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
      LOG.debug("the server's thread factory makes no threads any more", e);
      return null;
    }
  }
}
