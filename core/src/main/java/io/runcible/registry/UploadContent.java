package io.runcible.registry;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.VerifiedInputStream;
import io.runcible.image.Descriptor;
import java.io.IOException;
import java.io.InputStream;
import okhttp3.MediaType;
import okhttp3.RequestBody;
import okio.BufferedSink;
import org.jspecify.annotations.Nullable;

/**
 * The content of a blob on its way to a registry. It is checked while it is read: the last bytes
 * are sent only after the whole has proved right, so a registry never gets all of a wrong blob. The
 * last so many bytes are kept, to be sent again when a connection breaks.
 */
final class UploadContent {
  private static final MediaType OCTETS = MediaType.get("application/octet-stream");
  private static final int READ = 64 * 1024;

  private final Operation operation;
  private final InputStream verified;
  private final long size;
  private final byte[] kept;
  private final Cancellation cancellation = new Cancellation();
  private final ContextLoader caller = ContextLoader.current();
  private long keptFrom;
  private long position;
  private @Nullable RuncibleException failure;

  /**
   * Makes a content.
   *
   * @param source read to its end but not closed
   * @param window how many bytes are kept
   */
  UploadContent(Operation operation, Descriptor descriptor, InputStream source, long window) {
    this.operation = operation;
    this.verified = new VerifiedInputStream(source, descriptor.digest(), descriptor.size());
    this.size = descriptor.size();
    this.kept = new byte[(int) Math.min(size, window)];
  }

  long size() {
    return size;
  }

  /** Ends the request under way. */
  Cancellation cancellation() {
    return cancellation;
  }

  /** Whether the bytes from an offset on can be sent, perhaps again. */
  boolean isKept(long from) {
    return failure == null && from >= keptFrom && from <= position;
  }

  /** Whether its beginning cannot be sent again, although nothing is wrong with it. */
  boolean isGone() {
    return failure == null && !isKept(0);
  }

  /** What is wrong with the content itself, which no other try makes better. */
  void checkReadable() {
    if (failure != null) {
      throw failure;
    }
  }

  /** The bytes of a range as the body of a request. */
  Part part(long from, long end) {
    return new Part(from, end);
  }

  private void writeTo(BufferedSink sink, long from, long end) throws IOException {
    if (!isKept(from)) {
      throw new IOException("the content from byte " + from + " on is gone");
    }
    long next = from;
    while (next < end) {
      if (next == position) {
        fill();
      }
      int count = (int) (Math.min(position, end) - next);
      sink.write(kept, (int) (next - keptFrom), count);
      next += count;
    }
    if (end == size) {
      confirm();
    }
  }

  /** Reads on; when there is no room for more, what was kept is dropped. */
  private void fill() throws IOException {
    if (position - keptFrom == kept.length) {
      keptFrom = position;
    }
    int offset = (int) (position - keptFrom);
    position += read(kept, offset, Math.min(READ, kept.length - offset));
  }

  /** Fails when an empty content is not what its descriptor says; others have proved right. */
  private void confirm() throws IOException {
    if (size == 0) {
      read(new byte[1], 0, 1);
    }
  }

  private int read(byte[] buffer, int offset, int length) throws IOException {
    try {
      int count = caller.call(() -> verified.readNBytes(buffer, offset, length));
      cancellation.heedAgain();
      return count;
    } catch (RuncibleException e) {
      failure = e;
    } catch (IOException e) {
      failure =
          new RuncibleException(
              ErrorKind.UNAVAILABLE,
              "cannot " + operation.what() + ": reading its content failed: " + e.getMessage(),
              e);
    }
    throw new IOException("the content failed", failure);
  }

  /** A part of the content as the body of a request. */
  final class Part extends RequestBody {
    private final long from;
    private final long end;

    private Part(long from, long end) {
      this.from = from;
      this.end = end;
    }

    /** Whether it can be sent, perhaps again. */
    boolean isKept() {
      return UploadContent.this.isKept(from);
    }

    @Override
    public MediaType contentType() {
      return OCTETS;
    }

    @Override
    public long contentLength() {
      return end - from;
    }

    /** The HTTP library must not send it again by itself, as some of it may have arrived. */
    @Override
    public boolean isOneShot() {
      return true;
    }

    @Override
    public void writeTo(BufferedSink sink) throws IOException {
      UploadContent.this.writeTo(sink, from, end);
    }
  }
}
