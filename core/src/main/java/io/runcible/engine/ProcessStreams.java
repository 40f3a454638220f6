package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.Pty;
import io.runcible.runtime.OciRuntime;
import io.runcible.runtime.ProcessSpec.ConsoleSize;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
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
      return Files.size(file);
    } catch (IOException e) {
      return 0;
    }
  }

  /** Opens what the child will get; what it writes to the files is added. */
  static ProcessStreams open(Stdio stdio, Path stdoutFile, Path stderrFile) {
    List<FileDescriptor> childEnds = new ArrayList<>();
    if (stdio == Stdio.PIPED) {
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
      childEnds.add(FileCalls.createForOutput(stdoutFile));
      childEnds.add(FileCalls.createForOutput(stderrFile));
    } catch (RuntimeException e) {
      childEnds.forEach(FileDescriptor::close);
      throw e;
    }
    return new ProcessStreams(stdoutFile, stderrFile, Optional.empty(), childEnds, null);
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
    try {
      pty.resize(size.rows(), size.columns());
      Piped piped = new Piped(pty.outputStream(), pty.inputStream(), InputStream.nullInputStream());
      return new ProcessStreams(NO_FILE, NO_FILE, Optional.of(piped), List.of(), pty);
    } catch (RuntimeException e) {
      pty.close();
      throw e;
    }
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
  }

  OutputStream stdin() {
    return piped
        .map(Piped::stdin)
        .orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.FAILED_PRECONDITION,
                    "the input is empty; start the process with Stdio.PIPED to write to it"));
  }

  InputStream stdout(BooleanSupplier writerEnded) {
    return piped.map(Piped::stdout).orElseGet(() -> follow(stdoutFile, stdoutStart, writerEnded));
  }

  InputStream stderr(BooleanSupplier writerEnded) {
    return piped.map(Piped::stderr).orElseGet(() -> follow(stderrFile, stderrStart, writerEnded));
  }

  /** Where in the file what this process writes begins. */
  long stdoutStart() {
    return stdoutStart;
  }

  long stderrStart() {
    return stderrStart;
  }

  private static InputStream follow(Path file, long start, BooleanSupplier writerEnded) {
    try {
      return new FollowingInputStream(file, start, writerEnded);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, "there is no output '" + file + "': the process was closed", e);
    }
  }

  /** Closes all, whichever fails. */
  void close() throws IOException {
    started();
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
