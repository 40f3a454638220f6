package io.runcible.layout;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.Compression;
import io.runcible.archive.Decompression;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The files in a tar archive, read in any order. A plain archive is read where it is. What is
 * compressed or comes as a stream is written to a temporary file first, decompressed, which is
 * removed on closing. No file is held open between calls, so an interrupted reader ends no other.
 */
final class ArchiveFile implements LayoutContent, AutoCloseable {
  private static final int BUFFER_SIZE = 1 << 16;
  private static final int MAGIC_LENGTH = 4;

  private final String shown;
  private final Path file;
  private final boolean temporary;
  private final TarMembers members;
  private volatile boolean closed;

  private ArchiveFile(String shown, Path file, boolean temporary) throws IOException {
    this.shown = shown;
    this.file = file;
    this.temporary = temporary;
    this.members = TarMembers.scan(file, shown);
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
        return new ArchiveFile(shown, path.toAbsolutePath(), false);
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
    Path file =
        Files.createTempFile(Path.of(System.getProperty("java.io.tmpdir")), "runcible-", ".tar");
    try {
      spool(shown, content, file, limits);
      return new ArchiveFile(shown, file, true);
    } catch (IOException | RuntimeException e) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  private static void spool(String shown, InputStream content, Path file, ArchiveLimits limits)
      throws IOException {
    try (InputStream in = Decompression.open(new Unclosed(content), limits);
        OutputStream out =
            Channels.newOutputStream(FileChannel.open(file, StandardOpenOption.WRITE))) {
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
    FileChannel channel = FileChannel.open(file);
    try {
      return new Slice(channel.position(member.offset()), member.size());
    } catch (IOException e) {
      channel.close();
      throw e;
    }
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
    if (temporary) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        throw LayoutFiles.failure("cannot remove the temporary file of " + shown, e);
      }
    }
  }

  /** A part of a file. */
  private static final class Slice extends InputStream {
    private final FileChannel channel;
    private long left;

    Slice(FileChannel channel, long size) {
      this.channel = channel;
      this.left = size;
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
      int count = channel.read(ByteBuffer.wrap(bytes, offset, (int) Math.min(length, left)));
      left -= Math.max(count, 0);
      return count;
    }

    @Override
    public int available() {
      return (int) Math.min(left, Integer.MAX_VALUE);
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
