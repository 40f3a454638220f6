package io.runcible.archive;

import io.runcible.Digest;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** Passes bytes on, and hashes and counts them. */
final class HashingOutputStream extends FilterOutputStream {
  private final Digest.Hasher hasher = Hashers.sha256();
  private long count;

  HashingOutputStream(OutputStream out) {
    super(out);
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    out.write(bytes, offset, length);
    hasher.update(bytes, offset, length);
    count += length;
  }

  long count() {
    return count;
  }

  /** The digest of what has been written; to be asked once, at the end. */
  Digest digest() {
    return hasher.finish();
  }
}
