package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Waits until a container is ready, or will not be any more. */
final class ReadyWait {
  private static final long PAUSE_MILLIS = 10;
  private static final int SHOWN_OUTPUT = 2000;

  private final Container container;
  private final Ready ready;
  private final boolean logged;

  ReadyWait(Container container, Ready ready, boolean logged) {
    this.container = container;
    this.ready = ready;
    this.logged = logged;
  }

  void run() {
    long begin = System.nanoTime();
    long limit = ContainerProcess.nanos(ready.limit());
    Ready.Check check = ready.begin(container);
    while (true) {
      boolean running = isAlive();
      long left = limit - (System.nanoTime() - begin);
      if (holds(check, Duration.ofNanos(Math.max(0, left)))) {
        return;
      }
      if (!running) {
        throw notReady(ErrorKind.FAILED_PRECONDITION, "ended before there was");
      }
      if (left <= 0) {
        throw notReady(ErrorKind.TIMEOUT, "has run for " + ready.limit() + " without");
      }
      try {
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new RuncibleException(
            ErrorKind.CANCELLED, "interrupted while waiting for container " + container.id(), e);
      }
    }
  }

  /** It may become ready after a restart, too. */
  private boolean isAlive() {
    return container.isRunning() || container.isRestarting();
  }

  /** A check that needs the container fails when it ends meanwhile, which the wait will say. */
  private boolean holds(Ready.Check check, Duration left) {
    try {
      return check.holds(left);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.CANCELLED || container.isRunning()) {
        throw e;
      }
      return false;
    }
  }

  private RuncibleException notReady(ErrorKind kind, String what) {
    String output = logged ? container.logs().end(SHOWN_OUTPUT) : "";
    return new RuncibleException(
        kind,
        container
            + " "
            + what
            + " "
            + ready
            + (output.isBlank() ? "; it wrote nothing" : "; it wrote last:\n" + output.strip()));
  }
}
