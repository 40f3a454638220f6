package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import io.runcible.network.PortBinding;
import io.runcible.state.Journal;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A container. {@link #close()} removes it with all it wrote. Thread-safe.
 *
 * <p>Made by {@link ContainerEngine#run} or {@link ContainerEngine#create}, or found by {@link
 * ContainerEngine#find} if it is detached.
 */
public final class Container implements AutoCloseable {
  private static final long READY_PAUSE_MILLIS = 10;
  private static final int SHOWN_OUTPUT = 2000;

  private final EngineParts parts;
  private final ContainerRemover remover;
  private final ContainerDirectory directory;
  private final ContainerRecord record;
  private final Stdio stdio;
  private final Optional<Journal.Entry> entry;
  private final ContainerConnection connection;
  private final Set<StartedProcess> running = ConcurrentHashMap.newKeySet();
  private @Nullable StartedProcess init;
  private boolean closed;
  private Runnable onClose = () -> {};

  Container(
      EngineParts parts,
      ContainerRemover remover,
      ContainerDirectory directory,
      ContainerRecord record,
      Stdio stdio,
      Optional<Journal.Entry> entry,
      ContainerConnection connection) {
    this.parts = parts;
    this.remover = remover;
    this.directory = directory;
    this.record = record;
    this.stdio = stdio;
    this.entry = entry;
    this.connection = connection;
  }

  /** Its id: the name it was given, or a random one. */
  public String id() {
    return record.id();
  }

  /** The image it was made from. */
  public ImageReference image() {
    return ImageReference.parse(record.image());
  }

  /** When it was made. */
  public Instant created() {
    return Instant.ofEpochMilli(record.createdMillis());
  }

  /** What it publishes, with the ports of the host; empty for the ports of a host's network. */
  public List<PortBinding> ports() {
    return record.portBindings();
  }

  /**
   * The port of the host that publishes a port of the container: the TCP port of that number or, if
   * only UDP is published, that one. Known from the making of the container on, and its own until
   * it is closed.
   *
   * @throws RuncibleException NOT_FOUND if the container does not publish it
   */
  public int hostPort(int containerPort) {
    return published(containerPort).hostPort();
  }

  /**
   * Where a client on this host connects to, to reach a published port; the loopback address if it
   * is published on all addresses. Otherwise as {@link #hostPort}.
   */
  public InetSocketAddress hostAddress(int containerPort) {
    PortBinding binding = published(containerPort);
    InetAddress address = binding.hostAddress();
    return new InetSocketAddress(
        address.isAnyLocalAddress() ? PortBinding.tcp(containerPort).hostAddress() : address,
        binding.hostPort());
  }

  private PortBinding published(int containerPort) {
    return ports().stream()
        .filter(binding -> binding.containerPort() == containerPort)
        .min(Comparator.comparing(PortBinding::protocol))
        .orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.NOT_FOUND,
                    "container "
                        + id()
                        + " does not publish port "
                        + containerPort
                        + ", but "
                        + ports()));
  }

  ContainerDirectory directory() {
    return directory;
  }

  boolean isDetached() {
    return record.detached();
  }

  synchronized boolean isStarted() {
    return init != null;
  }

  synchronized void onClose(Runnable action) {
    onClose = action;
  }

  /**
   * Starts the program. Returns when it runs.
   *
   * @throws RuncibleException NOT_FOUND or PERMISSION_DENIED if the container has no such program
   *     or it may not be executed, FAILED_PRECONDITION if it was started before, otherwise what the
   *     runtime says; the container is then still to be closed
   */
  public synchronized ContainerProcess start() {
    requireOpen();
    if (init != null) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "container " + id() + " was started before");
    }
    connection.prepare();
    StartedProcess started = StartedProcess.run(parts, directory, record, stdio);
    init = started;
    started.awaitStart();
    Runnable onEnd = connection.started(started);
    started.process().onExit().whenComplete((status, failure) -> onEnd.run());
    if (isDetached()) {
      parts.watchdog().remove(record);
      entry.ifPresent(Journal.Entry::done);
    }
    return started.process();
  }

  /** Takes over a detached container that runs, or ran, without an engine. */
  synchronized void adopt() {
    init = StartedProcess.adopt(parts, directory);
  }

  /**
   * The first process.
   *
   * @throws RuncibleException FAILED_PRECONDITION before the start
   */
  public ContainerProcess process() {
    return started().process();
  }

  private synchronized StartedProcess started() {
    StartedProcess started = init;
    if (started == null) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "container " + id() + " has not been started");
    }
    return started;
  }

  /** Whether the first process runs. */
  public synchronized boolean isRunning() {
    return init != null && !closed && init.process().isAlive();
  }

  /** The number of the first process on the host, while it runs. */
  public OptionalInt pid() {
    return isRunning() ? started().pid() : OptionalInt.empty();
  }

  /** Waits for the end of the first process; see {@link ContainerProcess#waitFor()}. */
  public ExitStatus waitFor() {
    return process().waitFor();
  }

  /** Waits for the end of the first process, at most so long. */
  public Optional<ExitStatus> waitFor(Duration limit) {
    return process().waitFor(limit);
  }

  /** What the container has written. */
  public Logs logs() {
    return new Logs(directory);
  }

  /** Starts a program in the container, as {@link #exec(ExecSpec)} with nothing else set. */
  public ContainerProcess exec(String... command) {
    return exec(ExecSpec.builder(command).build());
  }

  /**
   * Starts a program in the container, with the limits and capabilities of the container. Returns
   * when it runs.
   *
   * @return the process, owned by the container
   * @throws RuncibleException NOT_FOUND or PERMISSION_DENIED if the container has no such program
   *     or user, FAILED_PRECONDITION if the container does not run, otherwise what the runtime says
   */
  public ContainerProcess exec(ExecSpec spec) {
    requireOpen();
    if (!isRunning()) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "cannot execute '" + spec.command().get(0) + "': container " + id() + " does not run");
    }
    StartedProcess started = StartedProcess.exec(parts, directory, spec, running::remove);
    try {
      running.add(started);
      started.awaitStart();
      requireOpen();
      return started.process();
    } catch (RuntimeException e) {
      started.process().close();
      throw e;
    }
  }

  /**
   * Sends a signal to the first process.
   *
   * @param signal a name such as {@code SIGHUP}, or a number
   * @return false if it does not run
   */
  public boolean kill(String signal) {
    return process().kill(signal);
  }

  /**
   * Asks the first process to end, by the stop signal of the spec or the image, and kills it when
   * the time is up.
   *
   * @return how it ended
   */
  public ExitStatus stop(Duration grace) {
    ContainerProcess process = process();
    process.sendSignal(record.stopSignal());
    return process
        .waitFor(grace)
        .orElseGet(
            () -> {
              process.sendSignal(Signals.KILL);
              return process.waitFor();
            });
  }

  /**
   * Waits until the container is ready.
   *
   * @throws RuncibleException TIMEOUT when the limit ran out, FAILED_PRECONDITION when the
   *     container ended before; both with the last of its output
   */
  public void awaitReady(Ready ready) {
    long begin = System.nanoTime();
    long limit = ContainerProcess.nanos(ready.limit());
    Ready.Check check = ready.begin(this);
    while (true) {
      boolean running = isRunning();
      long left = limit - (System.nanoTime() - begin);
      if (holds(check, Duration.ofNanos(Math.max(0, left)))) {
        return;
      }
      if (!running) {
        throw notReady(ErrorKind.FAILED_PRECONDITION, ready, "ended before there was");
      }
      if (left <= 0) {
        throw notReady(ErrorKind.TIMEOUT, ready, "has run for " + ready.limit() + " without");
      }
      try {
        TimeUnit.MILLISECONDS.sleep(READY_PAUSE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new RuncibleException(
            ErrorKind.CANCELLED, "interrupted while waiting for container " + id(), e);
      }
    }
  }

  /** A check that needs the container fails when it ends meanwhile, which the wait will say. */
  private boolean holds(Ready.Check check, Duration left) {
    try {
      return check.holds(left);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.CANCELLED || isRunning()) {
        throw e;
      }
      return false;
    }
  }

  private RuncibleException notReady(ErrorKind kind, Ready ready, String what) {
    String output =
        stdio == Stdio.LOGGED
            ? Logs.tail(directory.stdout(), SHOWN_OUTPUT)
                + Logs.tail(directory.stderr(), SHOWN_OUTPUT)
            : "";
    return new RuncibleException(
        kind,
        "container "
            + id()
            + " of "
            + record.image()
            + " "
            + what
            + " "
            + ready
            + (output.isBlank() ? "; it wrote nothing" : "; it wrote last:\n" + output.strip()));
  }

  private synchronized void requireOpen() {
    if (closed) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "container " + id() + " was removed");
    }
  }

  /** Lets go of a detached container without removing it. */
  synchronized void release() {
    closed = true;
    closeExecs();
    if (init != null) {
      init.release();
    }
  }

  /**
   * Kills what runs in the container and removes the container with all that it wrote. Idempotent;
   * an interrupt does not stop it, and the flag stays set.
   */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    try {
      Uninterrupted.run(parts.threads(), this::remove);
    } finally {
      connection.close();
      onClose.run();
    }
  }

  private void remove() {
    // The entry of a container that was started detached is done: another engine removes it.
    Journal.Entry removal =
        entry
            .filter(made -> !isDetached() || init == null)
            .orElseGet(
                () ->
                    parts.journal().record(ContainerRemover.KIND, ContainerRemover.facts(record)));
    StartedProcess started = init;
    try {
      if (started != null) {
        started.end();
      }
      closeExecs();
      if (started != null && started.pid().isEmpty()) {
        // It never came to run; a runtime may be about to.
        remover.endRuntimes(directory);
      }
      // Its files are among those to be removed.
      connection.close();
      remover.remove(directory, record);
    } finally {
      if (started != null) {
        started.release();
      }
    }
    parts.watchdog().remove(record);
    removal.done();
    entry.ifPresent(Journal.Entry::done);
  }

  private void closeExecs() {
    List.copyOf(running).forEach(exec -> exec.process().close());
  }

  @Override
  public String toString() {
    return "container " + id() + " of " + record.image();
  }
}
