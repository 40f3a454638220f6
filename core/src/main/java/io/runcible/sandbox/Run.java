package io.runcible.sandbox;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Architecture;
import io.runcible.sandbox.OutputListener.Stream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One program in one sandbox, from its start to its result. */
final class Run {
  private static final Duration ARTIFACT_TIME = Duration.ofSeconds(10);
  private static final Duration KILL_TIME = Duration.ofSeconds(10);
  private static final int SIGKILL = 9;
  private static final int COMMANDS = 32 << 10;
  private static final long MICROS = 1_000;

  private final SandboxRequest request;
  private final SandboxProfile profile;
  private final Map<String, String> environment;
  private final Architecture architecture;
  private final byte[] mark = RunScripts.newMark();
  private final byte[] failureMark = RunScripts.newMark();
  private @Nullable WarmSandbox sandbox;
  private @Nullable EndReason killedFor;
  private boolean killed;
  private boolean cancelled;
  private boolean programEnded;

  Run(
      SandboxRequest request,
      SandboxProfile profile,
      Map<String, String> environment,
      Architecture architecture) {
    this.request = request;
    this.profile = profile;
    this.environment = new LinkedHashMap<>(environment);
    this.environment.putAll(request.environment());
    this.architecture = architecture;
  }

  /** Ends it, whether it has begun or not; it fails with CANCELLED. */
  void cancel(ScheduledExecutorService timer) {
    synchronized (this) {
      cancelled = true;
    }
    kill(null, timer);
  }

  private void kill(@Nullable EndReason reason, ScheduledExecutorService timer) {
    WarmSandbox running;
    synchronized (this) {
      if (killed || (programEnded && reason == EndReason.TIMEOUT)) {
        return;
      }
      killed = true;
      killedFor = reason;
      running = sandbox;
    }
    if (running != null) {
      end(running, timer);
    }
  }

  private static RuncibleException cancelled() {
    return new RuncibleException(ErrorKind.CANCELLED, "the run was cancelled");
  }

  private static void end(WarmSandbox running, ScheduledExecutorService timer) {
    try {
      // Closing it closes its outputs, whoever still has them open; also if it cannot be killed.
      ScheduledFuture<?> unused =
          timer.schedule(running::close, KILL_TIME.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RuntimeException | Error e) {
      log().debug("{} is not closed later: its pool closes it", running, e);
    }
    try {
      running.kill();
    } catch (RuntimeException e) {
      log().warn("{} cannot be killed", running, e);
    }
  }

  /**
   * Runs the program; blocks until it has ended.
   *
   * @param timer ends it when its time is up
   * @param threads reads one of its outputs
   */
  SandboxResult run(
      WarmSandbox in, Duration queueTime, ScheduledExecutorService timer, Executor threads) {
    synchronized (this) {
      sandbox = in;
      if (cancelled) {
        throw cancelled();
      }
    }
    long begin = System.nanoTime();
    Duration limit =
        request.timeout().filter(t -> t.compareTo(profile.timeout()) < 0).orElse(profile.timeout());
    ScheduledFuture<?> timeout =
        timer.schedule(() -> kill(EndReason.TIMEOUT, timer), limit.toNanos(), TimeUnit.NANOSECONDS);
    try {
      return run(in, queueTime, begin, timer, threads);
    } finally {
      timeout.cancel(false);
    }
  }

  private SandboxResult run(
      WarmSandbox in,
      Duration queueTime,
      long begin,
      ScheduledExecutorService timer,
      Executor threads) {
    Output out = output(in, Stream.STDOUT, RunScripts.TRAILER);
    Output err = output(in, Stream.STDERR, RunScripts.MARK);
    try {
      // First: the program begins while the thread that reads its errors does.
      send(in);
      CompletableFuture<Output.End> errEnd =
          CompletableFuture.supplyAsync(() -> read(in, err, timer), threads);
      Output.End outEnd = read(in, out, timer);
      if (outEnd != Output.End.MARK) {
        // The other one has no end otherwise, if it was this one that ended the program.
        kill(null, timer);
      }
      synchronized (this) {
        programEnded = true;
      }
      Output.End end = end(errEnd, timer);
      Duration wallTime = Duration.ofNanos(System.nanoTime() - begin);
      byte[] stdout = out.content(outEnd);
      checkStarted(in, stdout);
      return result(in, out, stdout, outEnd, err.content(end), end, queueTime, wallTime, timer);
    } catch (CompletionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    } catch (RuntimeException | Error e) {
      kill(null, timer);
      throw e;
    }
  }

  /** The end of the errors after that of the output: the timeout of the program is over then. */
  private Output.End end(CompletableFuture<Output.End> errors, ScheduledExecutorService timer) {
    if (errors.isDone()) {
      return errors.join();
    }
    ScheduledFuture<?> limit =
        timer.schedule(() -> kill(null, timer), KILL_TIME.toNanos(), TimeUnit.NANOSECONDS);
    try {
      return errors.join();
    } finally {
      limit.cancel(false);
    }
  }

  private Output output(WarmSandbox in, Stream stream, int trailer) {
    return in.output(stream, mark, failureMark, trailer, profile.outputLimit(), request.output());
  }

  private Output.End read(WarmSandbox in, Output output, ScheduledExecutorService timer) {
    try {
      Output.End end = output.read();
      if (end == Output.End.LIMIT) {
        kill(EndReason.OUTPUT, timer);
        output.drain();
      }
      return end;
    } catch (IOException e) {
      kill(null, timer);
      throw WarmSandbox.broken(in, e);
    } catch (RuntimeException | Error e) {
      // Of the listener.
      kill(null, timer);
      drain(output);
      throw e;
    }
  }

  private static void drain(Output output) {
    try {
      output.drain();
    } catch (IOException e) {
      log().debug("an output ends", e);
    }
  }

  private void send(WarmSandbox in) {
    RunScripts scripts = new RunScripts(architecture, profile.resourceLimits(), mark, failureMark);
    List<String> variables =
        environment.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList();
    // In one write as far as it goes: each wakes the process that reads it.
    OutputStream commands = new BufferedOutputStream(in.commands(), COMMANDS);
    try {
      scripts.write(request, paths(), variables, commands);
      commands.flush();
    } catch (IOException e) {
      // It ended; the outputs say why.
      log().debug("{} takes no more commands", in, e);
    }
  }

  /** Where the program may be, as execvp(3) looks for it. */
  private List<String> paths() {
    String program = request.command().get(0);
    if (program.contains("/")) {
      return List.of(program);
    }
    List<String> paths = new ArrayList<>();
    for (String directory : environment.getOrDefault("PATH", "").split(":", -1)) {
      if (paths.size() < 64 && directory.startsWith("/") && directory.indexOf('\0') < 0) {
        paths.add(directory + "/" + program);
      }
    }
    return paths.isEmpty() ? List.of("/" + program) : paths;
  }

  private void checkStarted(WarmSandbox in, byte[] stdout) {
    int marked = failureMark.length;
    if (stdout.length > marked && Arrays.equals(stdout, 0, marked, failureMark, 0, marked)) {
      ByteBuffer record = ByteBuffer.wrap(stdout).order(ByteOrder.LITTLE_ENDIAN).position(marked);
      RunScripts.Stage stage = RunScripts.Stage.of(record.getLong());
      List<Long> errors = new ArrayList<>();
      while (record.remaining() >= Long.BYTES) {
        errors.add(-record.getLong());
      }
      throw StartFailure.of(in.toString(), stage, request, errors);
    }
  }

  private SandboxResult result(
      WarmSandbox in,
      Output out,
      byte[] stdout,
      Output.End outEnd,
      byte[] stderr,
      Output.End errEnd,
      Duration queueTime,
      Duration wallTime,
      ScheduledExecutorService timer) {
    WarmSandbox.Counted counted = in.counted();
    boolean ended = outEnd == Output.End.MARK && errEnd == Output.End.MARK;
    if (!ended) {
      EndReason reason = whyKilled(in, counted, outEnd, errEnd);
      SandboxUsage usage = new SandboxUsage(queueTime, wallTime, counted.cpuTime(), counted.peak());
      return new SandboxResult(
          reason,
          OptionalInt.empty(),
          OptionalInt.empty(),
          stdout,
          stderr,
          Map.of(),
          List.of(),
          usage);
    }
    ByteBuffer trailer = ByteBuffer.wrap(out.trailer()).order(ByteOrder.LITTLE_ENDIAN);
    int status = trailer.getInt(RunScripts.MARK);
    int signal = status & 0x7f;
    int code = (status >> 8) & 0xff;
    Artifacts artifacts = artifacts(in, timer);
    boolean memory = counted.outOfMemory() && (signal == SIGKILL || code != 0);
    return new SandboxResult(
        memory ? EndReason.MEMORY : signal == 0 ? EndReason.EXITED : EndReason.SIGNALLED,
        signal == 0 ? OptionalInt.of(code) : OptionalInt.empty(),
        signal == 0 ? OptionalInt.empty() : OptionalInt.of(signal),
        stdout,
        stderr,
        artifacts.found(),
        artifacts.omitted(),
        usage(trailer, counted, queueTime, wallTime));
  }

  private EndReason whyKilled(
      WarmSandbox in, WarmSandbox.Counted counted, Output.End outEnd, Output.End errEnd) {
    if (outEnd == Output.End.LIMIT || errEnd == Output.End.LIMIT) {
      return EndReason.OUTPUT;
    }
    synchronized (this) {
      if (cancelled) {
        throw cancelled();
      }
      if (killedFor != null) {
        return killedFor;
      }
    }
    if (counted.outOfMemory()) {
      return EndReason.MEMORY;
    }
    throw WarmSandbox.broken(in, null);
  }

  private Artifacts artifacts(WarmSandbox in, ScheduledExecutorService timer) {
    Artifacts artifacts =
        new Artifacts(architecture, in.commands(), in.replies(), request, profile);
    if (request.artifacts().isEmpty()) {
      return artifacts;
    }
    ScheduledFuture<?> limit =
        timer.schedule(() -> kill(null, timer), ARTIFACT_TIME.toNanos(), TimeUnit.NANOSECONDS);
    try {
      artifacts.fetch();
    } catch (IOException e) {
      synchronized (this) {
        if (cancelled) {
          throw cancelled();
        }
      }
      artifacts.omitted().add("what was not read within " + ARTIFACT_TIME);
    } finally {
      limit.cancel(false);
    }
    return artifacts;
  }

  /** The struct rusage: user and system time as seconds and microseconds, then kilobytes. */
  private static SandboxUsage usage(
      ByteBuffer trailer, WarmSandbox.Counted counted, Duration queueTime, Duration wallTime) {
    int at = RunScripts.MARK + 8;
    Duration cpu =
        Duration.ofSeconds(trailer.getLong(at) + trailer.getLong(at + 16))
            .plusNanos((trailer.getLong(at + 8) + trailer.getLong(at + 24)) * MICROS);
    OptionalLong peak =
        counted.peak().isPresent()
            ? counted.peak()
            : OptionalLong.of(trailer.getLong(at + 32) << 10);
    return new SandboxUsage(queueTime, wallTime, Optional.of(cpu), peak);
  }

  private static Logger log() {
    return LoggerFactory.getLogger(Run.class);
  }
}
