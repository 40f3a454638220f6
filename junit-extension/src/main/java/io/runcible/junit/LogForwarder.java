package io.runcible.junit;

import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gives what containers write to their loggers, if those want it; one thread for all. */
final class LogForwarder implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LogForwarder.class);
  private static final String PREFIX = "io.runcible.container.";
  private static final int MAX_LINE = 8192;
  private static final long PAUSE_MILLIS = 50;
  // A container may write faster than a logger takes it.
  private static final long MAX_AT_ONCE = 1 << 20;
  private static final long MAX_AT_END = 16 << 20;

  private final Set<Output> outputs = ConcurrentHashMap.newKeySet();
  private @Nullable Thread thread;

  /**
   * Forwards until what is returned is run; what was written by then is forwarded, unless a
   * container wrote much faster than it could be.
   */
  Runnable follow(String name, Container container) {
    Logger logger = LoggerFactory.getLogger(PREFIX + name);
    if (!logger.isDebugEnabled()) {
      return () -> {};
    }
    List<Output> both = new ArrayList<>();
    try {
      both.add(new Output(logger, container.logs().stdout()));
      both.add(new Output(logger, container.logs().stderr()));
    } catch (RuncibleException e) {
      logger.debug("what the container writes is not forwarded: {}", e.getMessage());
      both.forEach(Output::close);
      return () -> {};
    }
    outputs.addAll(both);
    begin();
    return () -> {
      try {
        end(both.get(0));
      } finally {
        end(both.get(1));
      }
    };
  }

  private void end(Output output) {
    outputs.remove(output);
    output.end();
  }

  private synchronized void begin() {
    if (thread == null) {
      thread = new Thread(this::run, "runcible-test-logs");
      thread.setDaemon(true);
      thread.start();
    }
  }

  private void run() {
    try {
      while (true) {
        outputs.forEach(Output::forward);
        Thread.sleep(PAUSE_MILLIS);
      }
    } catch (InterruptedException e) {
      // The run ends.
    }
  }

  @Override
  public void close() {
    Thread running;
    synchronized (this) {
      running = thread;
    }
    if (running != null) {
      running.interrupt();
      try {
        running.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** One output of a container. */
  private static final class Output {
    private final Logger logger;
    private final InputStream in;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private boolean ended;

    Output(Logger logger, InputStream in) {
      this.logger = logger;
      this.in = in;
    }

    void forward() {
      forward(MAX_AT_ONCE);
    }

    private synchronized void forward(long most) {
      if (ended) {
        return;
      }
      try {
        byte[] bytes = new byte[MAX_LINE];
        long rest = most;
        int count = in.read(bytes);
        while (count > 0) {
          for (int i = 0; i < count; i++) {
            add(bytes[i]);
          }
          rest -= count;
          count = rest > 0 ? in.read(bytes) : 0;
        }
      } catch (IOException e) {
        LOG.warn("what {} gets is not all", logger.getName(), e);
        ended = true;
      }
    }

    private void add(byte next) {
      if (next == '\n' || line.size() == MAX_LINE) {
        flush();
      }
      if (next != '\n') {
        line.write(next);
      }
    }

    private void flush() {
      logger.debug("{}", line.toString(StandardCharsets.UTF_8));
      line.reset();
    }

    synchronized void end() {
      try {
        forward(MAX_AT_END);
        ended = true;
        if (line.size() > 0) {
          flush();
        }
      } finally {
        close();
      }
    }

    void close() {
      try {
        in.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
