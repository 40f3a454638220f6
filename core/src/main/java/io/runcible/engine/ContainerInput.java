package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Fifo;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.Pty;
import io.runcible.runtime.ProcessSpec.ConsoleSize;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The input of a container with {@link Stdio#INTERACTIVE}, which stays open whoever comes and goes.
 * This process keeps it open for an owned container. For a detached one its monitor does, and gets
 * what is written to it through a FIFO that any engine finds.
 *
 * <p>With a terminal it is the other side of one that the runtime takes for its own, and copies to
 * that of the process.
 */
final class ContainerInput {
  private static final int END_OF_TRANSMISSION = 4;

  private final ContainerDirectory directory;
  private final boolean detached;
  private final boolean terminal;
  private final @Nullable Pipe pipe;
  private final @Nullable Pty pty;
  private final Set<Writer> writers = ConcurrentHashMap.newKeySet();

  private ContainerInput(
      ContainerDirectory directory,
      boolean detached,
      boolean terminal,
      @Nullable Pipe pipe,
      @Nullable Pty pty) {
    this.directory = directory;
    this.detached = detached;
    this.terminal = terminal;
    this.pipe = pipe;
    this.pty = pty;
  }

  /** Of a container that is about to be started. */
  static ContainerInput make(ContainerDirectory directory, ContainerRecord record) {
    Optional<ConsoleSize> size = record.options().terminal();
    Pty pty = size.map(ContainerInput::terminal).orElse(null);
    try {
      Pipe pipe = record.detached() ? named(directory, pty) : pty == null ? Pipe.open() : null;
      return new ContainerInput(directory, record.detached(), size.isPresent(), pipe, pty);
    } catch (IOException e) {
      close(pty);
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot make the input '" + directory.stdin() + "'", e);
    } catch (RuntimeException e) {
      close(pty);
      throw e;
    }
  }

  private static Pty terminal(ConsoleSize size) {
    Pty pty = Pty.open();
    try {
      pty.resize(size.rows(), size.columns());
      return pty;
    } catch (RuntimeException e) {
      pty.close();
      throw e;
    }
  }

  private static void close(@Nullable Pty pty) {
    if (pty != null) {
      pty.close();
    }
  }

  private static Pipe named(ContainerDirectory directory, @Nullable Pty pty) throws IOException {
    for (Path file : List.of(directory.stdin(), directory.stdinEnd(), directory.terminal())) {
      Files.deleteIfExists(file);
    }
    if (pty == null) {
      Fifo.make(directory.stdinEnd());
    } else {
      Files.writeString(directory.terminal(), pty.slave().toString());
    }
    Fifo.make(directory.stdin());
    return Fifo.open(directory.stdin());
  }

  /** Of a container that another engine started. */
  static ContainerInput find(ContainerDirectory directory, ContainerRecord record) {
    boolean terminal = record.options().terminal().isPresent();
    return new ContainerInput(directory, true, terminal, null, null);
  }

  /** What the runtime gets as its input; the caller closes it. */
  FileDescriptor childEnd() {
    return pty == null ? ownPipe().reader() : Pty.openSlave(pty.slave());
  }

  private Pipe ownPipe() {
    Pipe own = pipe;
    if (own == null) {
      throw new IllegalStateException("the input was opened by another process");
    }
    return own;
  }

  /**
   * What the monitor of a detached container needs: what keeps the input open; with a terminal also
   * where it comes from, and where it goes to.
   */
  List<FileDescriptor> ofMonitor() {
    Pipe own = ownPipe();
    Pty side = pty;
    return side == null
        ? List.of(own.writer())
        : List.of(own.writer(), own.reader(), side.master());
  }

  /** The word for it in the arguments of the monitor. */
  String kind() {
    return terminal ? "terminal" : directory.stdinEnd().toString();
  }

  /** The monitor has what it needs. */
  void started() {
    if (detached) {
      closeEnds();
    }
  }

  boolean isTerminal() {
    return terminal;
  }

  /** A further stream to write to it. */
  Writer open() {
    OutputStream end =
        detached
            ? Fifo.writer(directory.stdin()).orElseThrow(this::ended)
            : Fifo.writer(pty == null ? ownPipe().writer() : pty.master());
    Writer writer = new Writer(end);
    writers.add(writer);
    return writer;
  }

  private RuncibleException ended() {
    return new RuncibleException(
        ErrorKind.FAILED_PRECONDITION,
        "the input of container " + directory.id() + " was closed, or the container has ended");
  }

  /** Its close is the end of the input, for all. */
  final class Writer extends FilterOutputStream {
    private final AtomicBoolean closed = new AtomicBoolean();

    private Writer(OutputStream end) {
      super(end);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      if (closed.get()) {
        return;
      }
      if (terminal) {
        sendEnd();
        release();
      } else {
        release();
        endInput();
      }
    }

    private void sendEnd() {
      try {
        out.write(END_OF_TRANSMISSION);
      } catch (IOException e) {
        // Nobody reads any more.
      }
    }

    /** Closes it alone; others go on. */
    void release() throws IOException {
      if (!closed.getAndSet(true)) {
        writers.remove(this);
        out.close();
      }
    }
  }

  private void endInput() throws IOException {
    if (detached) {
      Files.deleteIfExists(directory.stdin());
      letGo(directory);
    }
    close();
  }

  /** Has the process end that keeps the input of a detached container open, if there is one. */
  static void letGo(ContainerDirectory directory) {
    try {
      Fifo.release(directory.stdinEnd());
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot remove '" + directory.stdinEnd() + "'", e);
    }
  }

  /** Where the runtime looks for the size of its terminal; the caller closes it. */
  FileDescriptor runtimeSide() {
    if (!terminal) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "the process has no terminal; start it with tty()");
    }
    if (pty != null) {
      return Pty.openSlave(pty.slave());
    }
    try {
      return Pty.openSlave(Path.of(Files.readString(directory.terminal())));
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "the terminal of container " + directory.id() + " is not known: the container has ended",
          e);
    }
  }

  /** Closes what this process has of it. */
  void close() throws IOException {
    for (Writer writer : List.copyOf(writers)) {
      writer.release();
    }
    closeEnds();
  }

  /** The same but for what was opened to write to it. */
  void closeEnds() {
    if (pipe != null) {
      pipe.close();
    }
    close(pty);
  }
}
