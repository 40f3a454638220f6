package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Waits until a container is ready, or will not be any more. */
final class ReadyWait {
  /** Between two looks; the first come soon, since some servers are ready in milliseconds. */
  private static final Duration SHORTEST = Duration.ofMillis(1);

  private static final Duration LONGEST = Duration.ofMillis(4);
  private static final int SHOWN_OUTPUT = 2000;

  /** What fails since the container has ended may fail before that is known. */
  private static final Duration END_NOTICE = Duration.ofSeconds(2);

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
      long passed = System.nanoTime() - begin;
      long left = limit - passed;
      if (holds(check, Duration.ofNanos(Math.max(0, left)))) {
        return;
      }
      if (!running) {
        throw notReady(ErrorKind.FAILED_PRECONDITION, ended() + " before there was");
      }
      if (left <= 0) {
        throw notReady(ErrorKind.TIMEOUT, "has run for " + ready.limit() + " without");
      }
      pause(Duration.ofNanos(passed / 8));
    }
  }

  /** An end ends it. */
  private void pause(Duration wanted) {
    Duration atMost = wanted.compareTo(LONGEST) < 0 ? wanted : LONGEST;
    Duration pause = atMost.compareTo(SHORTEST) > 0 ? atMost : SHORTEST;
    if (container.isRunning()) {
      awaitEnd(pause);
      return;
    }
    try {
      TimeUnit.NANOSECONDS.sleep(pause.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(
          ErrorKind.CANCELLED, "interrupted while waiting for container " + container.id(), e);
    }
  }

  /** How it ends does not matter here, and may not be known. */
  private void awaitEnd(Duration limit) {
    try {
      var unused = container.waitFor(limit);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.CANCELLED || container.isRunning()) {
        throw e;
      }
    }
  }

  private String ended() {
    try {
      return container
          .waitFor(Duration.ZERO)
          .map(
              end ->
                  "ended with exit code "
                      + end.code()
                      + (end.outOfMemory() ? ", out of memory," : ""))
          .orElse("ended");
    } catch (RuncibleException e) {
      // How it ended is not known, or it was removed.
      return "ended";
    }
  }

  /** It may become ready after a restart, too. */
  private boolean isAlive() {
    return container.runsOn();
  }

  /** A check that needs the container fails when it ends meanwhile, which the wait will say. */
  private boolean holds(Ready.Check check, Duration left) {
    try {
      return check.holds(left);
    } catch (RuncibleException e) {
      switch (e.kind()) {
        case CANCELLED -> throw e;
        case NOT_FOUND, PERMISSION_DENIED, INVALID_INPUT -> {}
        default -> awaitEnd(END_NOTICE);
      }
      if (container.isRunning()) {
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
