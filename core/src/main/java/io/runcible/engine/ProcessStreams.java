package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Pipe;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** The three streams of a process: the child's ends until it has started, and the caller's. */
final class ProcessStreams {
  private final Path stdoutFile;
  private final Path stderrFile;
  private final Optional<Piped> piped;
  private final List<FileDescriptor> childEnds;

  private record Piped(OutputStream stdin, InputStream stdout, InputStream stderr) {}

  private ProcessStreams(
      Path stdoutFile, Path stderrFile, Optional<Piped> piped, List<FileDescriptor> childEnds) {
    this.stdoutFile = stdoutFile;
    this.stderrFile = stderrFile;
    this.piped = piped;
    this.childEnds = childEnds;
  }

  /** Opens what the child will get; the files are made anew. */
  static ProcessStreams open(Stdio stdio, Path stdoutFile, Path stderrFile) {
    List<FileDescriptor> childEnds = new ArrayList<>();
    if (stdio == Stdio.PIPED) {
      List<Pipe> pipes = threePipes();
      Pipe in = pipes.get(0);
      Pipe out = pipes.get(1);
      Pipe err = pipes.get(2);
      childEnds.addAll(List.of(in.reader(), out.writer(), err.writer()));
      Piped piped = new Piped(in.outputStream(), out.inputStream(), err.inputStream());
      return new ProcessStreams(stdoutFile, stderrFile, Optional.of(piped), childEnds);
    }
    childEnds.add(FileCalls.openNull());
    try {
      childEnds.add(FileCalls.createForOutput(stdoutFile));
      childEnds.add(FileCalls.createForOutput(stderrFile));
    } catch (RuntimeException e) {
      childEnds.forEach(FileDescriptor::close);
      throw e;
    }
    return new ProcessStreams(stdoutFile, stderrFile, Optional.empty(), childEnds);
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

  /** The streams of a process that another engine started with files. */
  static ProcessStreams ofFiles(Path stdoutFile, Path stderrFile) {
    return new ProcessStreams(stdoutFile, stderrFile, Optional.empty(), new ArrayList<>());
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
    return piped.map(Piped::stdout).orElseGet(() -> follow(stdoutFile, writerEnded));
  }

  InputStream stderr(BooleanSupplier writerEnded) {
    return piped.map(Piped::stderr).orElseGet(() -> follow(stderrFile, writerEnded));
  }

  private static InputStream follow(Path file, BooleanSupplier writerEnded) {
    try {
      return new FollowingInputStream(file, writerEnded);
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
    if (failure != null) {
      throw failure;
    }
  }
}
