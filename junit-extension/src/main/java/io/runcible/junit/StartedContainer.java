package io.runcible.junit;

import io.runcible.engine.Container;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A container that is ready. Closing it removes it, unless it is kept. */
final class StartedContainer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StartedContainer.class);

  private final TestRun run;
  private final String name;
  private final Container container;
  private final Duration untilReady;
  private final Runnable log;
  private final Runnable remove;
  private boolean keep;

  StartedContainer(
      TestRun run,
      String name,
      Container container,
      Duration untilReady,
      Runnable log,
      Runnable remove) {
    this.run = run;
    this.name = name;
    this.container = container;
    this.untilReady = untilReady;
    this.log = log;
    this.remove = remove;
  }

  String name() {
    return name;
  }

  Container container() {
    return container;
  }

  /** From the beginning of its making. */
  Duration untilReady() {
    return untilReady;
  }

  /** A test that could use it has failed. */
  synchronized void keepIfWanted() {
    if (!keep && run.keepsFailed() && container.isRunning()) {
      keep = true;
      LOG.warn(
          "a test failed, and '{}' goes on running; to enter it: {}",
          name,
          enterLine(container.pid().orElseThrow()));
    }
  }

  static String enterLine(int pid) {
    return "nsenter --target " + pid + " --all /bin/sh";
  }

  @Override
  public synchronized void close() {
    try {
      log.run();
    } finally {
      if (keep) {
        run.keep(container, remove);
      } else {
        remove.run();
      }
    }
  }
}
