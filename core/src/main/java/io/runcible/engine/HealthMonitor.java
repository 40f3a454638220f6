package io.runcible.engine;

import io.runcible.RuncibleException;
import io.runcible.image.HealthCheck;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Checks the health of one run of a container. Between two checks it is one entry of a clock. */
final class HealthMonitor {
  private static final int MAX_RESULTS = 5;
  private static final int MAX_OUTPUT = 4096;

  /** What a check leaves running may hold its output open. */
  private static final Duration OUTPUT_LIMIT = Duration.ofMillis(500);

  private final Container container;
  private final HealthCheck check;
  private final List<String> command;
  private final EngineTasks tasks;
  private final Consumer<Health.Status> onChange;
  private final Instant started = Instant.now();
  private final Deque<Health.Result> results = new ArrayDeque<>();
  private Health.Status status = Health.Status.STARTING;
  private int failures;
  private boolean stopped;
  private @Nullable Future<?> next;

  HealthMonitor(
      Container container,
      HealthCheck check,
      List<String> command,
      EngineTasks tasks,
      Consumer<Health.Status> onChange) {
    this.container = container;
    this.check = check;
    this.command = command;
    this.tasks = tasks;
    this.onChange = onChange;
  }

  synchronized void begin() {
    if (!stopped) {
      Duration pause = isStarting() ? check.startInterval() : check.interval();
      next = tasks.after(pause, this::run);
    }
  }

  private boolean isStarting() {
    return status == Health.Status.STARTING
        && Instant.now().isBefore(started.plus(check.startPeriod()));
  }

  synchronized void stop() {
    stopped = true;
    if (next != null) {
      next.cancel(false);
    }
  }

  synchronized Health health() {
    return new Health(status, failures, List.copyOf(results));
  }

  private void run() {
    try {
      if (!container.isPaused() && container.isRunning()) {
        look().ifPresent(this::note);
      }
    } finally {
      begin();
    }
  }

  /** Empty if it ended with the container. */
  private Optional<Health.Result> look() {
    Instant begin = Instant.now();
    AtomicBoolean late = new AtomicBoolean();
    try (ContainerProcess process = container.execCheck(command)) {
      Runnable close = process::close;
      Future<?> timeout =
          tasks.after(
              check.timeout(),
              () -> {
                late.set(true);
                close.run();
              });
      var unused =
          process
              .onExit()
              .whenComplete(
                  (end, failure) -> {
                    var unusedToo = tasks.after(OUTPUT_LIMIT, close);
                  });
      String output = output(process);
      Optional<ExitStatus> end = process.waitFor(check.timeout());
      timeout.cancel(false);
      if (!container.isRunning()) {
        return Optional.empty();
      }
      int code = late.get() ? -1 : end.map(ExitStatus::code).orElse(-1);
      String said = code < 0 ? "took longer than " + check.timeout() + "\n" + output : output;
      return Optional.of(new Health.Result(begin, Instant.now(), code, said));
    } catch (RuncibleException e) {
      return container.isRunning() && !container.isPaused()
          ? Optional.of(new Health.Result(begin, Instant.now(), -1, String.valueOf(e.getMessage())))
          : Optional.empty();
    }
  }

  /** Reads all, so that the program does not wait, and keeps the beginning. */
  private static String output(ContainerProcess process) {
    ByteArrayOutputStream kept = new ByteArrayOutputStream();
    byte[] buffer = new byte[8192];
    InputStream out = process.stdout();
    try {
      for (int count = out.read(buffer); count > 0; count = out.read(buffer)) {
        kept.write(buffer, 0, Math.min(count, MAX_OUTPUT - kept.size()));
      }
    } catch (IOException e) {
      // Closed when the time was up.
    }
    return kept.toString(StandardCharsets.UTF_8);
  }

  private void note(Health.Result result) {
    Health.Status changed;
    synchronized (this) {
      if (stopped) {
        return;
      }
      if (results.size() == MAX_RESULTS) {
        results.remove();
      }
      results.add(result);
      Health.Status before = status;
      if (result.code() == 0) {
        failures = 0;
        status = Health.Status.HEALTHY;
      } else if (!isStarting() && ++failures >= check.retries()) {
        status = Health.Status.UNHEALTHY;
      }
      if (status == before) {
        return;
      }
      changed = status;
    }
    onChange.accept(changed);
  }
}
