package io.runcible.archive;

import io.runcible.Digest;
import io.runcible.ProgressEvent;
import io.runcible.ProgressListener;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells a listener how far the reading of a blob has come. */
public final class ProgressInputStream extends FilterInputStream {
  private static final long STEP = 256 << 10;

  private final Digest digest;
  private final long size;
  private final ProgressListener listener;
  private long count;
  private long told;
  private boolean finished;

  /**
   * Tells that the reading starts.
   *
   * @param source closed with this
   * @param size what the blob should have, in bytes
   */
  public ProgressInputStream(
      InputStream source, Digest digest, long size, ProgressListener listener) {
    this(source, 0, digest, size, listener);
  }

  /**
   * Tells that the reading starts, of the rest of a blob.
   *
   * @param source closed with this
   * @param from the position of its first byte
   * @param size what the blob should have, in bytes
   */
  public ProgressInputStream(
      InputStream source, long from, Digest digest, long size, ProgressListener listener) {
    super(source);
    this.count = from;
    this.digest = digest;
    this.size = size;
    this.listener = listener;
    tell(listener, new ProgressEvent.Started(digest, size));
  }

  /** Tells a listener; what it throws is logged. */
  public static void tell(ProgressListener listener, ProgressEvent event) {
    try {
      listener.onProgress(event);
    } catch (RuntimeException e) {
      log().warn("a progress listener failed", e);
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    int read = in.read(buffer, offset, length);
    if (read > 0) {
      count += read;
      if (count - told >= STEP) {
        told = count;
        tell(listener, new ProgressEvent.Advanced(digest, count, size));
      }
    } else if (read < 0 && !finished) {
      finished = true;
      tell(listener, new ProgressEvent.Finished(digest, size));
    }
    return read;
  }

  @Override
  public boolean markSupported() {
    return false;
  }

  private static Logger log() {
    return LoggerFactory.getLogger(ProgressInputStream.class);
  }
}
