package io.runcible.layout;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.Compression;
import io.runcible.archive.Decompression;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The files in a tar archive, read in any order. A plain archive is read where it is. What is
 * compressed or comes as a stream is written to a file without a name first, decompressed, of which
 * nothing is left however this process ends. An interrupted reader ends no other.
 */
final class ArchiveFile implements LayoutContent, AutoCloseable {
  private static final int BUFFER_SIZE = 1 << 16;
  private static final int MAGIC_LENGTH = 4;

  private final String shown;
  private final Path file;
  private final TarMembers members;

  /** What has no name, and is open until this is closed. */
  private final @Nullable Unnamed unnamed;

  private volatile boolean closed;

  private ArchiveFile(String shown, Path file, TarMembers members, @Nullable Unnamed unnamed) {
    this.shown = shown;
    this.file = file;
    this.members = members;
    this.unnamed = unnamed;
  }

  /**
   * A file that is read by several at a time, none of whom closes it when interrupted, as one of a
   * channel would be.
   */
  private record Unnamed(RandomAccessFile file, Path name) implements AutoCloseable {
    static Unnamed create() throws IOException {
      Path name =
          Files.createTempFile(Path.of(System.getProperty("java.io.tmpdir")), "runcible-", ".tar");
      try {
        Unnamed made = new Unnamed(new RandomAccessFile(name.toFile(), "rw"), name);
        try {
          Files.delete(name);
        } catch (IOException e) {
          // Not on POSIX systems: elsewhere it has its name while it is open.
          name.toFile().deleteOnExit();
        }
        return made;
      } catch (IOException e) {
        Files.deleteIfExists(name);
        throw e;
      }
    }

    synchronized int read(long position, byte[] bytes, int offset, int length) throws IOException {
      if (Thread.currentThread().isInterrupted()) {
        throw new ClosedByInterruptException();
      }
      file.seek(position);
      return file.read(bytes, offset, length);
    }

    @Override
    public synchronized void close() throws IOException {
      file.close();
      Files.deleteIfExists(name);
    }
  }

  /** Opens an archive. Of what is no regular file, such as a pipe, everything is read at once. */
  static ArchiveFile open(Path path, ArchiveLimits limits) {
    String shown = "the archive " + path;
    try {
      if (Files.isDirectory(path)) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, path + " is a directory, not an archive");
      }
      if (Files.isRegularFile(path) && compression(path) == Compression.NONE) {
        Path file = path.toAbsolutePath();
        return new ArchiveFile(shown, file, TarMembers.scan(file, shown), null);
      }
      try (InputStream in = Files.newInputStream(path)) {
        return spooled(shown, in, limits);
      }
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot open " + shown, e);
    }
  }

  /** Reads an archive to the end of a stream, which stays the caller's. */
  static ArchiveFile open(String shown, InputStream content, ArchiveLimits limits) {
    try {
      return spooled(shown, content, limits);
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot read " + shown, e);
    }
  }

  private static Compression compression(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      return Compression.detect(in.readNBytes(MAGIC_LENGTH));
    }
  }

  private static ArchiveFile spooled(String shown, InputStream content, ArchiveLimits limits)
      throws IOException {
    Unnamed file = Unnamed.create();
    try {
      // Closed with the file; in an interrupted thread already before, which ends this call.
      FileChannel channel = file.file().getChannel();
      spool(shown, content, Channels.newOutputStream(channel), limits);
      return new ArchiveFile(shown, file.name(), TarMembers.scan(channel, shown), file);
    } catch (IOException | RuntimeException e) {
      try {
        file.close();
      } catch (IOException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  private static void spool(
      String shown, InputStream content, OutputStream out, ArchiveLimits limits)
      throws IOException {
    try (InputStream in = Decompression.open(new Unclosed(content), limits)) {
      byte[] buffer = new byte[BUFFER_SIZE];
      long total = 0;
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        total += count;
        if (total > limits.maxTotalBytes()) {
          throw new RuncibleException(
              ErrorKind.INVALID_INPUT, "it has more than " + limits.maxTotalBytes() + " bytes");
        }
        out.write(buffer, 0, count);
      }
    } catch (RuncibleException e) {
      throw new RuncibleException(e.kind(), shown + " cannot be used: " + e.getMessage(), e);
    }
  }

  TarMembers members() {
    return members;
  }

  @Override
  public InputStream open(String name) throws IOException {
    TarMembers.Member member = member(name);
    Unnamed shared = unnamed;
    if (shared != null) {
      return new Slice(shared::read, () -> {}, member);
    }
    FileChannel channel = FileChannel.open(file);
    return new Slice(
        (position, bytes, offset, length) ->
            channel.read(ByteBuffer.wrap(bytes, offset, length), position),
        channel,
        member);
  }

  @Override
  public long size(String name) throws IOException {
    return member(name).size();
  }

  private TarMembers.Member member(String name) throws IOException {
    if (closed) {
      throw new IOException(shown + " is closed");
    }
    return members.file(name).orElseThrow(() -> new NoSuchFileException(where(name)));
  }

  @Override
  public String where(String name) {
    return TarMembers.shown(name) + " in " + shown;
  }

  @Override
  public String toString() {
    return shown;
  }

  @Override
  public void close() {
    closed = true;
    if (unnamed != null) {
      try {
        unnamed.close();
      } catch (IOException e) {
        throw LayoutFiles.failure("cannot close the temporary file of " + shown, e);
      }
    }
  }

  private interface Reading {
    int read(long position, byte[] bytes, int offset, int length) throws IOException;
  }

  /** A part of a file. */
  private static final class Slice extends InputStream {
    private final Reading file;
    private final Closeable onClose;
    private long position;
    private long left;

    Slice(Reading file, Closeable onClose, TarMembers.Member member) {
      this.file = file;
      this.onClose = onClose;
      this.position = member.offset();
      this.left = member.size();
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (left == 0) {
        return length == 0 ? 0 : -1;
      }
      int count = file.read(position, bytes, offset, (int) Math.min(length, left));
      position += Math.max(count, 0);
      left -= Math.max(count, 0);
      return count;
    }

    @Override
    public int available() {
      return (int) Math.min(left, Integer.MAX_VALUE);
    }

    @Override
    public void close() throws IOException {
      onClose.close();
    }
  }
}
