package io.runcible.junit;

import io.runcible.engine.Container;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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

  /** Into what it has of its own: an ordinary user may not enter what it shares with the host. */
  static String enterLine(int pid) {
    StringBuilder line = new StringBuilder("nsenter --target ").append(pid);
    for (String name : List.of("user", "mnt", "pid", "net", "ipc", "uts", "cgroup")) {
      if (!namespace(String.valueOf(pid), name).equals(namespace("self", name))) {
        line.append(" --").append(name.equals("mnt") ? "mount" : name);
      }
    }
    return line.append(" /bin/sh").toString();
  }

  /** What cannot be read is another one, since that of this process can. */
  private static String namespace(String process, String name) {
    try {
      return Files.readSymbolicLink(Path.of("/proc", process, "ns", name)).toString();
    } catch (IOException e) {
      return "of " + process;
    }
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
