package io.runcible.snapshot;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveBudget;
import io.runcible.archive.Decompression;
import io.runcible.archive.Hashers;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What a layer decompresses to. Its end is reached only when its diffId is right. Opened when it is
 * first read, by the one who reads.
 */
final class LayerTar extends InputStream {
  private final Source source;
  private final Digest diffId;
  private final ArchiveBudget budget;
  private final UnaryOperator<InputStream> ahead;
  private final Digest.Hasher hasher;
  private @Nullable InputStream blob;
  private @Nullable InputStream tar;
  private boolean checked;

  /** Opens the blob of a layer; the reader of the layer closes it. */
  interface Source {
    InputStream open() throws IOException;
  }

  /**
   * Opens nothing yet.
   *
   * @param ahead what becomes of the decompressed stream before it is hashed: reads it on another
   *     thread, or leaves it as it is
   */
  LayerTar(Source source, Digest diffId, ArchiveBudget budget, UnaryOperator<InputStream> ahead) {
    this.source = source;
    this.diffId = diffId;
    this.budget = budget;
    this.ahead = ahead;
    hasher = Hashers.of(diffId);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    InputStream compressed = blob;
    if (compressed == null) {
      compressed = source.open();
      blob = compressed;
    }
    InputStream content = tar;
    if (content == null) {
      content = ahead.apply(Decompression.open(compressed, budget));
      tar = content;
    }
    int count = content.read(buffer, offset, length);
    if (count > 0) {
      hasher.update(buffer, offset, count);
    } else if (count < 0 && !checked) {
      check(compressed);
    }
    return count;
  }

  private void check(InputStream compressed) throws IOException {
    // What follows the compressed data is part of the blob, and of its digest.
    compressed.transferTo(OutputStream.nullOutputStream());
    Digest actual = hasher.finish();
    if (!actual.equals(diffId)) {
      throw new RuncibleException(
          ErrorKind.CORRUPT_DATA,
          "the uncompressed layer is " + actual + ", and its image says " + diffId);
    }
    checked = true;
  }

  @Override
  public void close() throws IOException {
    InputStream open = tar != null ? tar : blob;
    if (open != null) {
      open.close();
    }
  }
}
