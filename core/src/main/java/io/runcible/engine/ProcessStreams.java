package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeAccess;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.PipePump;
import io.runcible.ffi.Pty;
import io.runcible.runtime.OciRuntime;
import io.runcible.runtime.ProcessSpec.ConsoleSize;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The three streams of a process: the child's ends until it has started, and the caller's. */
final class ProcessStreams {
  private static final Path NO_FILE = Path.of("/dev/null");

  private final Path stdoutFile;
  private final Path stderrFile;
  private final Optional<Piped> piped;
  private final List<FileDescriptor> childEnds;
  private final @Nullable Pty pty;
  private final long stdoutStart;
  private final long stderrStart;
  private @Nullable Logged logged;
  private @Nullable ContainerInput input;
  private @Nullable OutputStream stdin;

  /**
   * A log in the format of Kubernetes.
   *
   * @param start where what this process writes begins
   * @param pump reads what the child writes; null if another process does
   * @param pipes the numbers of what the pump reads
   */
  private record Logged(
      CriLog log, CriLog.Position start, @Nullable PipePump pump, List<Long> pipes) {}

  private record Piped(OutputStream stdin, InputStream stdout, InputStream stderr) {}

  private ProcessStreams(
      Path stdoutFile,
      Path stderrFile,
      Optional<Piped> piped,
      List<FileDescriptor> childEnds,
      @Nullable Pty pty) {
    this.stdoutFile = stdoutFile;
    this.stderrFile = stderrFile;
    this.piped = piped;
    this.childEnds = childEnds;
    this.pty = pty;
    this.stdoutStart = size(stdoutFile);
    this.stderrStart = size(stderrFile);
  }

  private ProcessStreams(Path stdoutFile, Path stderrFile, long stdoutStart, long stderrStart) {
    this.stdoutFile = stdoutFile;
    this.stderrFile = stderrFile;
    this.piped = Optional.empty();
    this.childEnds = List.of();
    this.pty = null;
    this.stdoutStart = stdoutStart;
    this.stderrStart = stderrStart;
  }

  /** Of what an earlier run wrote. */
  private static long size(Path file) {
    try {
      return Files.exists(file) ? Files.size(file) : 0;
    } catch (IOException e) {
      return 0;
    }
  }

  /** Opens what the child will get; what it writes to the files is added. */
  static ProcessStreams open(Stdio stdio, Path stdoutFile, Path stderrFile) {
    List<FileDescriptor> childEnds = new ArrayList<>();
    if (stdio.isPiped()) {
      List<Pipe> pipes = threePipes();
      Pipe in = pipes.get(0);
      Pipe out = pipes.get(1);
      Pipe err = pipes.get(2);
      childEnds.addAll(List.of(in.reader(), out.writer(), err.writer()));
      Piped piped = new Piped(in.outputStream(), out.inputStream(), err.inputStream());
      return new ProcessStreams(stdoutFile, stderrFile, Optional.of(piped), childEnds, null);
    }
    childEnds.add(FileCalls.openNull());
    try {
      childEnds.add(createForOutput(stdoutFile));
      childEnds.add(createForOutput(stderrFile));
    } catch (RuntimeException e) {
      childEnds.forEach(FileDescriptor::close);
      throw e;
    }
    return new ProcessStreams(stdoutFile, stderrFile, Optional.empty(), childEnds, null);
  }

  /**
   * In a directory that is closed to others, for everybody: crun gives it to the container's user,
   * who is not that of this process where that is an ordinary one.
   */
  private static FileDescriptor createForOutput(Path file) {
    FileDescriptor made = FileCalls.createForOutput(file);
    try {
      if (!NativeAccess.isRoot() && FileCalls.stat(made).uid() == NativeAccess.effectiveUid()) {
        FileCalls.chmod(made, 0666);
      }
      return made;
    } catch (RuntimeException e) {
      made.close();
      throw e;
    }
  }

  /**
   * Pipes that somebody reads who writes a log in the format of Kubernetes.
   *
   * @param pump reads them here; without one, the reading ends are the third and the fourth of
   *     {@link #childEnds}
   */
  static ProcessStreams openLogged(CriLog log, LogPolicy policy, @Nullable PipePump pump) {
    List<FileDescriptor> childEnds = new ArrayList<>(List.of(FileCalls.openNull()));
    List<FileDescriptor> readers = new ArrayList<>();
    try {
      Files.createDirectories(log.directory());
      CriLog.Position start = log.end();
      for (int i = 0; i < 2; i++) {
        Pipe pipe = Pipe.open();
        childEnds.add(pipe.writer());
        readers.add(pipe.reader());
      }
      List<Long> pipes = List.of();
      if (pump == null) {
        childEnds.addAll(readers);
      } else {
        pipes = write(log, policy, pump, readers);
      }
      ProcessStreams streams =
          new ProcessStreams(NO_FILE, NO_FILE, Optional.empty(), childEnds, null);
      streams.logged = new Logged(log, start, pump, pipes);
      return streams;
    } catch (IOException e) {
      childEnds.forEach(FileDescriptor::close);
      readers.forEach(FileDescriptor::close);
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot make the log '" + log.directory() + "'", e);
    } catch (RuntimeException e) {
      childEnds.forEach(FileDescriptor::close);
      readers.forEach(FileDescriptor::close);
      throw e;
    }
  }

  /** Gives the pump the readers; those that are left in the list have not been. */
  private static List<Long> write(
      CriLog log, LogPolicy policy, PipePump pump, List<FileDescriptor> readers) {
    CriLogWriter writer =
        new CriLogWriter(log, policy.maxBytes(), policy.maxFiles(), Clock.systemUTC());
    int count = readers.size();
    AtomicInteger open = new AtomicInteger(count);
    List<Long> pipes = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        boolean error = i == 1;
        pipes.add(
            pump.add(
                readers.remove(0),
                (bytes, length) -> {
                  if (length >= 0) {
                    writer.write(error, bytes, length);
                  } else if (open.decrementAndGet() == 0) {
                    writer.close();
                  }
                }));
      }
      return pipes;
    } catch (RuntimeException e) {
      pump.drain(pipes, () -> {});
      throw e;
    }
  }

  /** Does something when all that the child wrote is in the log. */
  void whenWritten(Runnable then) {
    Logged own = logged;
    PipePump pump = own == null ? null : own.pump();
    if (own == null || pump == null) {
      then.run();
    } else {
      pump.drain(own.pipes(), then);
    }
  }

  /** Nobody sees what the child writes. */
  static ProcessStreams openUnread() {
    List<FileDescriptor> childEnds = new ArrayList<>();
    try {
      for (int i = 0; i < 3; i++) {
        childEnds.add(FileCalls.openNull());
      }
    } catch (RuntimeException e) {
      childEnds.forEach(FileDescriptor::close);
      throw e;
    }
    return new ProcessStreams(NO_FILE, NO_FILE, Optional.empty(), childEnds, null);
  }

  /** Both outputs in one pipe, and no input. */
  static ProcessStreams openMerged() {
    List<FileDescriptor> childEnds = new ArrayList<>(List.of(FileCalls.openNull()));
    try {
      Pipe out = Pipe.open();
      childEnds.addAll(List.of(out.writer(), out.writer()));
      Piped piped =
          new Piped(
              OutputStream.nullOutputStream(), out.inputStream(), InputStream.nullInputStream());
      return new ProcessStreams(NO_FILE, NO_FILE, Optional.of(piped), childEnds, null);
    } catch (RuntimeException e) {
      childEnds.forEach(FileDescriptor::close);
      throw e;
    }
  }

  /** A terminal, with input and output in one; nothing comes from the error output. */
  static ProcessStreams openTerminal(ConsoleSize size) {
    Pty pty = Pty.open();
    InputStream output = InputStream.nullInputStream();
    try {
      pty.resize(size.rows(), size.columns());
      output = pty.inputStream();
      Piped piped = new Piped(pty.outputStream(), output, InputStream.nullInputStream());
      return new ProcessStreams(NO_FILE, NO_FILE, Optional.of(piped), List.of(), pty);
    } catch (RuntimeException e) {
      closeAfter(e, output);
      pty.close();
      throw e;
    }
  }

  /** Gives it an input that stays open. */
  ProcessStreams withInput(ContainerInput input) {
    this.input = input;
    if (!childEnds.isEmpty()) {
      try {
        childEnds.set(0, input.childEnd()).close();
      } catch (RuntimeException e) {
        childEnds.forEach(FileDescriptor::close);
        input.closeEnds();
        throw e;
      }
    }
    return this;
  }

  @Nullable ContainerInput input() {
    return input;
  }

  /**
   * The streams for somebody who comes later.
   *
   * @throws RuncibleException FAILED_PRECONDITION if they are the starter's, or nobody's
   */
  ProcessStreams fromNow() {
    requireShared();
    ProcessStreams streams =
        new ProcessStreams(stdoutFile, stderrFile, size(stdoutFile), size(stderrFile));
    streams.input = input;
    Logged own = logged;
    if (own != null) {
      try {
        streams.logged = new Logged(own.log(), own.log().end(), null, List.of());
      } catch (IOException e) {
        throw new RuncibleException(
            ErrorKind.UNAVAILABLE, "cannot read the log '" + own.log().directory() + "'", e);
      }
    }
    return streams;
  }

  /** The same for who is there from the start on. */
  ProcessStreams fromStart() {
    requireShared();
    return this;
  }

  private void requireShared() {
    if (piped.isPresent()) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "the streams are piped to whoever started the process; start it with Stdio.INTERACTIVE");
    }
    requireRead();
  }

  private static List<Pipe> threePipes() {
    List<Pipe> pipes = new ArrayList<>();
    try {
      for (int i = 0; i < 3; i++) {
        pipes.add(Pipe.open());
      }
      return pipes;
    } catch (RuntimeException e) {
      pipes.forEach(Pipe::close);
      throw e;
    }
  }

  /** The streams of a process that another engine started with files, from their beginning. */
  static ProcessStreams ofFiles(Path stdoutFile, Path stderrFile) {
    return new ProcessStreams(stdoutFile, stderrFile, 0, 0);
  }

  /** The same of one whose output is thrown away. */
  static ProcessStreams ofNothing() {
    return new ProcessStreams(NO_FILE, NO_FILE, 0, 0);
  }

  /** The same of a log in the format of Kubernetes. */
  static ProcessStreams ofLog(CriLog log) {
    ProcessStreams streams = new ProcessStreams(NO_FILE, NO_FILE, 0, 0);
    streams.logged = new Logged(log, CriLog.Position.START, null, List.of());
    return streams;
  }

  /** What the runtime is to give to the child. */
  OciRuntime.Stdio stdio() {
    return pty != null
        ? OciRuntime.Stdio.terminal(pty.slave())
        : new OciRuntime.Stdio(childEnds.get(0), childEnds.get(1), childEnds.get(2));
  }

  void resize(int rows, int columns) {
    if (pty == null) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "the process has no terminal; start it with tty()");
    }
    pty.resize(rows, columns);
  }

  /** The child's input, output and error output; closed by {@link #started()}. */
  List<FileDescriptor> childEnds() {
    return childEnds;
  }

  /** Closes the child's ends here, so that the end of the child is the end of the streams. */
  void started() {
    childEnds.forEach(FileDescriptor::close);
    ContainerInput own = input;
    if (own != null) {
      own.started();
    }
  }

  synchronized OutputStream stdin() {
    ContainerInput own = input;
    if (own != null) {
      OutputStream stream = stdin == null ? own.open() : stdin;
      stdin = stream;
      return stream;
    }
    return piped
        .map(Piped::stdin)
        .orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.FAILED_PRECONDITION,
                    "the input is empty; start the process with Stdio.PIPED, or the container"
                        + " with Stdio.INTERACTIVE, to write to it"));
  }

  InputStream stdout(BooleanSupplier writerEnded) {
    requireRead();
    Logged own = logged;
    if (own != null) {
      return new CriOutput(own.log(), own.start(), false, writerEnded);
    }
    return piped.map(Piped::stdout).orElseGet(() -> follow(stdoutFile, stdoutStart, writerEnded));
  }

  InputStream stderr(BooleanSupplier writerEnded) {
    requireRead();
    Logged own = logged;
    if (own != null) {
      return new CriOutput(own.log(), own.start(), true, writerEnded);
    }
    return piped.map(Piped::stderr).orElseGet(() -> follow(stderrFile, stderrStart, writerEnded));
  }

  /** Looks for a line in what this process writes. */
  LineSearch search(boolean error, Pattern pattern) {
    Logged own = logged;
    if (own != null) {
      return LineSearch.of(own.log(), own.start(), error, pattern);
    }
    requireRead();
    return error
        ? LineSearch.of(stderrFile, stderrStart, pattern)
        : LineSearch.of(stdoutFile, stdoutStart, pattern);
  }

  private void requireRead() {
    if (piped.isEmpty() && logged == null && stdoutFile.equals(NO_FILE)) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "what the process writes is thrown away, as LogPolicy.NONE has it");
    }
  }

  private static InputStream follow(Path file, long start, BooleanSupplier writerEnded) {
    try {
      return new FollowingInputStream(file, start, writerEnded);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, "there is no output '" + file + "': the process was closed", e);
    }
  }

  /** Closes what was opened before something failed. */
  static void closeAfter(RuntimeException failure, Closeable opened) {
    try {
      opened.close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** Closes all, whichever fails. */
  void close() throws IOException {
    started();
    if (input != null) {
      input.close();
    }
    if (piped.isEmpty()) {
      return;
    }
    Piped own = piped.get();
    IOException failure = null;
    for (Closeable stream : List.of(own.stdin(), own.stdout(), own.stderr())) {
      try {
        stream.close();
      } catch (IOException e) {
        failure = e;
      }
    }
    if (pty != null) {
      pty.close();
    }
    if (failure != null) {
      throw failure;
    }
  }
}
