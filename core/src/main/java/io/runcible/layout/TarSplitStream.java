package io.runcible.layout;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An archive as it was, put together from {@link TarSplit} and the files that were unpacked from
 * it. Each file has to have the length and the checksum that it had then.
 */
final class TarSplitStream extends InputStream {
  private final TarSplit split;
  private final LayoutContent files;
  private final Function<AccessDeniedException, RuncibleException> refusal;
  private InputStream current = InputStream.nullInputStream();
  private TarSplit.@Nullable Piece file;
  private long left;
  private Crc64 checksum = new Crc64();

  /**
   * Puts an archive together.
   *
   * @param split closed with this
   * @param files by name, with a char for each byte
   * @param refusal what to say of a file that this user may not read
   */
  TarSplitStream(
      TarSplit split,
      LayoutContent files,
      Function<AccessDeniedException, RuncibleException> refusal) {
    this.split = split;
    this.files = files;
    this.refusal = refusal;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (true) {
      int count = current.read(buffer, offset, limit(length));
      if (count > 0) {
        counted(buffer, offset, count);
        return count;
      }
      finish();
      Optional<TarSplit.Piece> next = split.next();
      if (next.isEmpty()) {
        return -1;
      }
      begin(next.get());
    }
  }

  /** A file is read no further than it was long, but for a byte that shows that it is longer. */
  private int limit(int length) {
    return file == null ? length : (int) Math.min(length, Math.max(left, 1));
  }

  private void begin(TarSplit.Piece piece) throws IOException {
    if (piece.file().isEmpty()) {
      current = new ByteArrayInputStream(piece.raw());
      return;
    }
    try {
      current = files.open(piece.file());
    } catch (NoSuchFileException e) {
      throw changed(piece, "is missing", e);
    } catch (AccessDeniedException e) {
      throw refusal.apply(e);
    }
    file = piece;
    left = piece.size();
    checksum = new Crc64();
  }

  private void counted(byte[] buffer, int offset, int count) {
    if (file != null) {
      left -= count;
      if (left < 0) {
        throw changed(file, "is longer than it was", null);
      }
      checksum.update(buffer, offset, count);
    }
  }

  private void finish() throws IOException {
    current.close();
    current = InputStream.nullInputStream();
    TarSplit.Piece ended = file;
    file = null;
    if (ended == null) {
      return;
    }
    if (left > 0) {
      throw changed(ended, "is shorter than it was", null);
    }
    if (!Arrays.equals(checksum.value(), ended.checksum())) {
      throw changed(ended, "has another content than it had", null);
    }
  }

  private RuncibleException changed(TarSplit.Piece piece, String how, @Nullable IOException cause) {
    return new RuncibleException(
        ErrorKind.CORRUPT_DATA,
        files.where(piece.file()) + " " + how + ", so that the layer is not what it was",
        cause);
  }

  @Override
  public void close() throws IOException {
    try (split) {
      current.close();
    }
  }
}
