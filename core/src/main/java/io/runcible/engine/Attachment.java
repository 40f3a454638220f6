package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The streams of a container's first process for one of any number of callers; see {@link
 * Container#attach()}. Closing it detaches: the container goes on, and its input stays open.
 * Thread-safe.
 *
 * <p>What the process writes goes to the container's log, and each attachment reads that from the
 * moment on at which it was made. So none misses what another one reads, one that is slow or gone
 * holds up neither the process nor the others, and none keeps anything in memory: who is late reads
 * later. Only where the {@link LogPolicy} limits the log may one that is very late miss what has
 * been removed from it meanwhile.
 *
 * <p>What several write to the input comes in pieces of up to 4,096 bytes in any order. A write
 * waits while the process does not read.
 */
public final class Attachment implements AutoCloseable {
  private final ContainerProcess process;
  private final @Nullable ContainerInput input;
  private final Output stdout;
  private final Output stderr;
  private final AtomicBoolean detached = new AtomicBoolean();
  private ContainerInput.@Nullable Writer stdin;

  Attachment(ContainerProcess process, ProcessStreams streams) {
    this.process = process;
    this.input = streams.input();
    this.stdout = new Output(streams::stdout);
    try {
      this.stderr = new Output(streams::stderr);
    } catch (RuntimeException e) {
      ProcessStreams.closeAfter(e, stdout);
      throw e;
    }
  }

  /** Whether the container has an input, as with {@link Stdio#INTERACTIVE}. */
  public boolean hasInput() {
    return input != null;
  }

  /** Whether its input is a terminal. */
  public boolean hasTerminal() {
    return input != null && input.isTerminal();
  }

  /**
   * Its input; always the same stream. Closing the stream ends the input for all who are attached:
   * with a terminal it sends the character that means the end of input; otherwise the process sees
   * the end once no other engine has it open.
   *
   * @throws RuncibleException FAILED_PRECONDITION unless the container was made with {@link
   *     Stdio#INTERACTIVE}, if its input was ended, or after the close of this
   */
  public synchronized OutputStream stdin() {
    ContainerInput own = input;
    if (own == null) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "the input is empty; make the container with Stdio.INTERACTIVE to write to it");
    }
    if (detached.get()) {
      throw new RuncibleException(ErrorKind.FAILED_PRECONDITION, "this is not attached any more");
    }
    ContainerInput.Writer stream = stdin == null ? own.open() : stdin;
    stdin = stream;
    return stream;
  }

  /**
   * What the process writes to its standard output, or its terminal, from now on; always the same
   * stream. Ends when the process does, or with the close of this.
   */
  public InputStream stdout() {
    return stdout;
  }

  /** The standard error output, as {@link #stdout()}; with a terminal nothing comes from it. */
  public InputStream stderr() {
    return stderr;
  }

  /**
   * Changes the size of the terminal, for all who are attached. A process of crun 1.8 keeps the
   * size that it began with.
   *
   * @throws RuncibleException FAILED_PRECONDITION if there is none, or the container has ended
   */
  public void resize(int rows, int columns) {
    process.resize(rows, columns);
  }

  /** Detaches; the container goes on. Idempotent. */
  @Override
  public synchronized void close() {
    detached.set(true);
    try (stdout;
        stderr) {
      if (stdin != null) {
        stdin.release();
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.INTERNAL, "cannot close the streams", e);
    }
  }

  /** Its close waits for a reader, which then sees the end at once. */
  private final class Output extends InputStream {
    private final InputStream from;
    private volatile boolean closed;

    /**
     * What may still come, until this stream is closed.
     *
     * @param opener is told by what to know that no more comes
     */
    Output(Function<BooleanSupplier, InputStream> opener) {
      this.from = opener.apply(() -> isClosed() || !process.isAlive());
    }

    private boolean isClosed() {
      return closed || detached.get();
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, target.length);
      synchronized (from) {
        return isClosed() ? -1 : from.read(target, offset, length);
      }
    }

    @Override
    public int available() throws IOException {
      synchronized (from) {
        return isClosed() ? 0 : from.available();
      }
    }

    @Override
    public void close() throws IOException {
      closed = true;
      synchronized (from) {
        from.close();
      }
    }
  }
}
