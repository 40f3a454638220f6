package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.PidFd;
import io.runcible.ffi.WaitStatus;
import io.runcible.runtime.Bundle;
import io.runcible.runtime.Cgroup;
import io.runcible.runtime.OciRuntime;
import io.runcible.runtime.OciRuntime.ExecRequest;
import io.runcible.runtime.OciRuntime.RunRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One run or exec of the runtime: the runtime as our child, the process that it made, and how it
 * ended. The runtime ends with the exit code of its process; of a detached container the monitor
 * writes that code to a file.
 */
final class StartedProcess {
  private static final long TICK_MILLIS = 1;
  private static final Duration END_LIMIT = Duration.ofSeconds(10);

  private final EngineParts parts;
  private final String what;
  private final Path pidFile;
  private final Supplier<Optional<RuncibleException>> failure;
  private final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();
  private final ContainerProcess process;
  private volatile @Nullable ChildProcess child;
  private volatile @Nullable PidFd own;

  private StartedProcess(
      EngineParts parts,
      String what,
      Path pidFile,
      ProcessStreams streams,
      Supplier<Optional<RuncibleException>> failure,
      Runnable release) {
    this.parts = parts;
    this.what = what;
    this.pidFile = pidFile;
    this.failure = failure;
    this.process = new ContainerProcess(what, streams, exit, this::signal, release);
  }

  /** Starts the container of a bundle. */
  static StartedProcess run(
      EngineParts parts, ContainerDirectory directory, ContainerRecord record, Stdio stdio) {
    ProcessStreams streams = ProcessStreams.open(stdio, directory.stdout(), directory.stderr());
    RunRequest request =
        RunRequest.of(directory.id(), new Bundle(directory.path()), descriptors(streams));
    StartedProcess started =
        new StartedProcess(
            parts,
            "container " + directory.id(),
            request.pidFile(),
            streams,
            () -> parts.runtime().failure(request),
            () -> {});
    if (record.detached()) {
      started.launch(
          streams,
          () -> DetachedMonitor.start(parts, directory, request, streams),
          status -> DetachedMonitor.exitStatus(parts, directory));
    } else {
      started.launch(
          streams,
          () -> parts.runtime().run(request),
          status -> started.exactly(status).withOutOfMemory(outOfMemory(parts, directory.id())));
    }
    return started;
  }

  /** Starts a further process in a running container. */
  static StartedProcess exec(
      EngineParts parts, ContainerDirectory directory, ExecSpec spec, String number) {
    Path place = directory.execs().resolve(number);
    Runnable release = () -> parts.host().removeTree(place);
    try {
      Files.createDirectory(place);
      Path processFile = place.resolve("process.json");
      Bundle.writeFile(processFile, ExecProcess.json(parts, directory, spec));
      ProcessStreams streams =
          ProcessStreams.open(spec.stdio(), place.resolve("stdout"), place.resolve("stderr"));
      ExecRequest request =
          new ExecRequest(
              directory.id(),
              processFile,
              place.resolve("pid"),
              place.resolve("runtime.log"),
              descriptors(streams));
      StartedProcess started =
          new StartedProcess(
              parts,
              "'" + spec.command().get(0) + "' in container " + directory.id(),
              request.pidFile(),
              streams,
              () -> parts.runtime().failure(request),
              release);
      started.launch(streams, () -> parts.runtime().exec(request), started::exactly);
      return started;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + place + "'", e);
    } catch (RuntimeException e) {
      release.run();
      throw e;
    }
  }

  /** Follows a detached container that an earlier engine started. */
  static StartedProcess adopt(EngineParts parts, ContainerDirectory directory) {
    StartedProcess adopted =
        new StartedProcess(
            parts,
            "container " + directory.id(),
            directory.pidFile(),
            ProcessStreams.ofFiles(directory.stdout(), directory.stderr()),
            Optional::empty,
            () -> {});
    Runnable complete = () -> adopted.complete(() -> DetachedMonitor.exitStatus(parts, directory));
    Optional<PidFd> running =
        parts
            .runtime()
            .state(directory.id())
            .filter(state -> state.pid() > 0)
            .flatMap(state -> PidFd.open(state.pid()));
    if (running.isPresent()) {
      adopted.own = running.get();
      // The monitor needs a moment to write its file, and the watcher must not wait for it.
      parts.watcher().onEnd(running.get(), () -> parts.threads().newThread(complete).start());
    } else {
      complete.run();
    }
    return adopted;
  }

  private static OciRuntime.Stdio descriptors(ProcessStreams streams) {
    List<FileDescriptor> ends = streams.childEnds();
    return new OciRuntime.Stdio(ends.get(0), ends.get(1), ends.get(2));
  }

  private void launch(
      ProcessStreams streams,
      Supplier<ChildProcess> start,
      Function<WaitStatus, ExitStatus> outcome) {
    try {
      ChildProcess started = start.get();
      child = started;
      streams.started();
      parts
          .watcher()
          .onEnd(
              started.pidFd(), () -> complete(() -> outcome.apply(started.poll().orElseThrow())));
    } catch (RuntimeException e) {
      process.close();
      throw e;
    }
  }

  private void complete(Supplier<ExitStatus> outcome) {
    try {
      exit.complete(outcome.get());
    } catch (RuntimeException e) {
      exit.completeExceptionally(e);
    }
  }

  /** The kernel can tell an exit code above 128 from a signal, if the process was seen alive. */
  private ExitStatus exactly(WaitStatus runtime) {
    if (runtime.signal() != 0) {
      return ExitStatus.ofSignal(runtime.signal());
    }
    PidFd known = own;
    Optional<WaitStatus> told = known == null ? Optional.empty() : known.exitOfReaped();
    return told.map(
            s -> s.signal() != 0 ? ExitStatus.ofSignal(s.signal()) : ExitStatus.ofExit(s.code()))
        .filter(s -> s.code() == runtime.code())
        .orElseGet(() -> ExitStatus.ofCode(runtime.code()));
  }

  static boolean outOfMemory(EngineParts parts, String id) {
    return parts.runtime().cgroup(id).map(Cgroup::oomKills).orElse(OptionalLong.empty()).orElse(0)
        > 0;
  }

  /**
   * Returns when the program runs, or has run.
   *
   * @throws RuncibleException why it does not
   */
  void awaitStart() {
    while (!Files.exists(pidFile)) {
      if (exit.isDone() && !Files.exists(pidFile)) {
        throw failure
            .get()
            .orElseGet(
                () ->
                    new RuncibleException(
                        ErrorKind.INTERNAL,
                        "the runtime ended with " + exit.join() + " and did not start " + what));
      }
      try {
        exit.get(TICK_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException | ExecutionException e) {
        // Looked at again above.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new RuncibleException(ErrorKind.CANCELLED, "interrupted while starting " + what, e);
      }
    }
    try {
      own = PidFd.open(Integer.parseInt(Files.readString(pidFile).strip())).orElse(null);
    } catch (IOException | NumberFormatException e) {
      throw new RuncibleException(
          ErrorKind.INTERNAL, "cannot read the pid of " + what + " in '" + pidFile + "'", e);
    }
  }

  private boolean signal(int signal) {
    PidFd known = own;
    return known != null && parts.host().signal(known, signal);
  }

  /** Ends the process and, if it does not show itself as ended, the runtime that waits for it. */
  void end() {
    signal(Signals.KILL);
    ChildProcess runtime = child;
    if (!endsWithin(own == null ? Duration.ZERO : END_LIMIT) && runtime != null) {
      runtime.pidFd().signal(Signals.KILL);
      endsWithin(END_LIMIT);
    }
  }

  private boolean endsWithin(Duration limit) {
    return process.waitFor(limit).isPresent();
  }

  OptionalInt pid() {
    PidFd known = own;
    return known == null ? OptionalInt.empty() : OptionalInt.of(known.pid());
  }

  ContainerProcess process() {
    return process;
  }

  /** Closes what names the processes; they go on. */
  void release() {
    process.close();
    ChildProcess runtime = child;
    if (runtime != null) {
      runtime.close();
    }
    PidFd known = own;
    if (known != null) {
      known.close();
    }
  }
}
