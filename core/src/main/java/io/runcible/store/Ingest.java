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
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * A blob on its way into the store. Holds the lock of its digest until it is closed. What was not
 * committed by then is removed.
 */
public final class Ingest implements AutoCloseable {
  private final Descriptor descriptor;
  private final Path blob;
  private final Path partial;
  private final LockFile lock;
  private boolean complete;
  private boolean closed;

  Ingest(Descriptor descriptor, Path blob, Path partial, LockFile lock) {
    this.descriptor = descriptor;
    this.blob = blob;
    this.partial = partial;
    this.lock = lock;
  }

  /** What is coming in. */
  public Descriptor descriptor() {
    return descriptor;
  }

  /** Whether the blob is in the store already, of the right size. */
  public boolean isPresent() {
    try {
      return Files.isRegularFile(blob) && Files.size(blob) == descriptor.size();
    } catch (IOException e) {
      throw failure("look at", e);
    }
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
    InputStream verified = new VerifiedInputStream(source, descriptor.digest(), descriptor.size());
    try {
      return new Receiving(verified, Files.newOutputStream(partial));
    } catch (IOException e) {
      throw failure("write", e);
    }
  }

  /** Keeps the bytes of a small blob. */
  public void receive(byte[] content) {
    descriptor.verify(content);
    try {
      Files.write(partial, content);
      complete = true;
    } catch (IOException e) {
      throw failure("write", e);
    }
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
      return;
    }
    if (!complete) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "the blob " + descriptor.digest() + " is not complete");
    }
    try {
      Files.move(partial, blob, StandardCopyOption.ATOMIC_MOVE);
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

  /** Removes what was not committed and lets others go on. Idempotent. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      Files.deleteIfExists(partial);
    } catch (IOException e) {
      throw failure("remove", e);
    } finally {
      lock.closeAndRemove();
    }
  }

  /** Copies to the file what its reader reads. */
  private final class Receiving extends FilterInputStream {
    private final OutputStream file;

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
        file.write(buffer, offset, count);
      } else if (count < 0) {
        complete = true;
      }
      return count;
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
