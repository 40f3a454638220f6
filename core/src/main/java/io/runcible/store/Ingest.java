package io.runcible.store;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.VerifiedInputStream;
import io.runcible.image.Descriptor;
import io.runcible.state.LockFile;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.function.LongFunction;

/**
 * A blob on its way into the store. Holds the lock of its digest until it is closed. What was not
 * committed by then is removed, unless it is to be {@linkplain #keep kept} for the next ingest of
 * the digest, as what a killed process leaves is, too.
 */
public final class Ingest implements AutoCloseable {
  private final Descriptor descriptor;
  private final Path blob;
  private final Path partial;
  private final LockFile lock;
  private final Partials partials;

  /** How much of what is kept came from an earlier ingest. */
  private long resumed;

  // Written by who reads the stream, which may be another thread.
  private volatile boolean complete;
  private volatile boolean refused;

  /** What is there is to be replaced. */
  private boolean damaged;

  private boolean begun;
  private boolean kept;
  private boolean committed;
  private boolean closed;

  Ingest(Descriptor descriptor, Path blob, Path partial, LockFile lock, Partials partials) {
    this.descriptor = descriptor;
    this.blob = blob;
    this.partial = partial;
    this.lock = lock;
    this.partials = partials;
  }

  /** What is coming in. */
  public Descriptor descriptor() {
    return descriptor;
  }

  /**
   * Reads the blob if it is in the store already. One that is damaged is not {@linkplain #isPresent
   * present} from now on, and stays until {@link #commit} replaces it.
   */
  public void verifyPresent() {
    damaged = isPresent() && ContentStore.isDamaged(blob, descriptor);
  }

  /** Whether the blob is in the store already, of the right size. */
  public boolean isPresent() {
    try {
      return !damaged && Files.isRegularFile(blob) && Files.size(blob) == descriptor.size();
    } catch (IOException e) {
      throw failure("look at", e);
    }
  }

  /** Whether all bytes are here: in the store, or received and verified. */
  public boolean isComplete() {
    return complete || isPresent();
  }

  /** Whether the disk would not take all that was received. */
  public boolean isRefused() {
    return refused;
  }

  /** Where the bytes are: in the store, or on their way. */
  public Path path() {
    return isPresent() ? blob : partial;
  }

  /**
   * A stream that keeps what is read through it. Its end is reached only by the right bytes; a
   * reader that sees CORRUPT_DATA or closes early leaves nothing.
   *
   * @param source the content; closed with the returned stream
   */
  public InputStream receive(InputStream source) {
    resumed = 0;
    return receiving(source);
  }

  /**
   * The same, but what an earlier ingest left of the blob is read from the disk, and only the rest
   * from the source. Size and digest are checked over both.
   *
   * @param source opens the content from a position on, when that is needed; closed with the
   *     returned stream
   */
  public InputStream resume(LongFunction<InputStream> source) {
    try {
      resumed = Partials.usable(partial, descriptor.size());
      return receiving(
          resumed == 0
              ? source.apply(0)
              : new ResumedInputStream(
                  Files.newInputStream(partial, LinkOption.NOFOLLOW_LINKS),
                  descriptor.size(),
                  source));
    } catch (IOException e) {
      throw failure("read", e);
    }
  }

  private InputStream receiving(InputStream source) {
    complete = false;
    InputStream verified = new VerifiedInputStream(source, descriptor.digest(), descriptor.size());
    try {
      return new Receiving(verified, output());
    } catch (IOException e) {
      RuncibleException failure = failure("write", e);
      try {
        verified.close();
      } catch (IOException more) {
        failure.addSuppressed(more);
      }
      throw failure;
    }
  }

  /** What is in the way otherwise, a link too, is not written through. */
  private OutputStream output() throws IOException {
    begun = true;
    if (resumed > 0) {
      return Files.newOutputStream(
          partial, StandardOpenOption.WRITE, StandardOpenOption.APPEND, LinkOption.NOFOLLOW_LINKS);
    }
    Files.deleteIfExists(partial);
    return Files.newOutputStream(partial, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
  }

  /**
   * Forgets what an earlier ingest left, when the whole has turned out wrong and that may be why:
   * the next {@link #resume} begins at zero.
   *
   * @return whether there was any of it
   */
  public boolean restart() {
    if (resumed == 0 || complete) {
      return false;
    }
    try {
      Files.deleteIfExists(partial);
    } catch (IOException e) {
      throw failure("remove", e);
    }
    resumed = 0;
    return true;
  }

  /** Keeps the bytes of a small blob. */
  public void receive(byte[] content) {
    descriptor.verify(content);
    resumed = 0;
    try (OutputStream file = output()) {
      file.write(content);
    } catch (IOException e) {
      refused = true;
      throw failure("write", e);
    }
    complete = true;
  }

  /** Makes the bytes durable; not needed where {@link LocalStore#sync} comes before the commit. */
  public void sync() {
    try (RandomAccessFile file = new RandomAccessFile(partial.toFile(), "rw")) {
      file.getFD().sync();
    } catch (IOException e) {
      throw failure("sync", e);
    }
  }

  /**
   * Makes the blob visible. Whether it survives a power cut is the caller's business: {@link
   * LocalStore#sync} or {@link #sync} comes before.
   */
  public void commit() {
    if (isPresent()) {
      committed = true;
      return;
    }
    if (!complete) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "the blob " + descriptor.digest() + " is not complete");
    }
    try {
      Files.move(partial, blob, StandardCopyOption.ATOMIC_MOVE);
      damaged = false;
      committed = true;
    } catch (IOException e) {
      throw failure("keep", e);
    }
  }

  private RuncibleException failure(String verb, IOException e) {
    return new RuncibleException(
        ErrorKind.UNAVAILABLE,
        "cannot " + verb + " the blob " + descriptor.digest() + ": " + e.getMessage(),
        e);
  }

  /**
   * Has {@link #close} leave what came so far, for the next {@link #resume} of the digest: for
   * content that broke off, of which nothing is known to be wrong. It goes with a clean-up, and
   * after a day when the store is opened or another ingest breaks off. It is not kept at all if it
   * is less than 1 MiB, if the disk refused to take it, or if that has less room left than this
   * takes.
   */
  public void keep() {
    kept = true;
  }

  /** Removes what was neither committed nor kept, and lets others go on. Idempotent. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      // What an earlier one left stays as it was if this one has not touched it.
      if (begun && (!kept || refused)) {
        Files.deleteIfExists(partial);
      }
    } catch (IOException e) {
      throw failure("remove", e);
    } finally {
      lock.closeAndRemove();
    }
    if (!committed) {
      partials.trim();
    }
  }

  /** Copies to the file what its reader reads beyond what the file has. */
  private final class Receiving extends FilterInputStream {
    private final OutputStream file;
    private long known = resumed;

    Receiving(InputStream source, OutputStream file) {
      super(source);
      this.file = file;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int count = in.read(buffer, offset, length);
      if (count > 0) {
        int old = (int) Math.min(known, count);
        known -= old;
        write(buffer, offset + old, count - old);
      } else if (count < 0) {
        complete = true;
      }
      return count;
    }

    private void write(byte[] buffer, int offset, int length) throws IOException {
      try {
        file.write(buffer, offset, length);
      } catch (IOException e) {
        refused = true;
        throw e;
      }
    }

    @Override
    public long skip(long count) throws IOException {
      byte[] dropped = new byte[(int) Math.min(Math.max(count, 0), 8192)];
      return Math.max(0, read(dropped, 0, dropped.length));
    }

    @Override
    public boolean markSupported() {
      return false;
    }

    @Override
    public void close() throws IOException {
      try (file) {
        super.close();
      }
    }
  }
}
