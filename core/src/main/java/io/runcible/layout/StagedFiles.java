package io.runcible.layout;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * Files that wait for being put into an archive, in a directory of their own, which closing
 * removes. Thread-safe.
 */
final class StagedFiles implements AutoCloseable {
  private static final int MODE = 0644;
  private static final int DIRECTORY_MODE = 0755;
  private static final int BUFFER_SIZE = 1 << 16;

  private final StagingDirectory directory;

  private StagedFiles(StagingDirectory directory) {
    this.directory = directory;
  }

  /** Beside the file that is going to be made, where there has to be room anyway. */
  static StagedFiles beside(Path target) {
    Path parent = target.toAbsolutePath().getParent();
    if (parent == null || (Files.exists(target) && !Files.isRegularFile(target))) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "cannot write the archive " + target + ": it is no regular file");
    }
    return in(parent, "write the archive " + target);
  }

  /** Where temporary files go. */
  static StagedFiles temporary(String what) {
    return in(Path.of(System.getProperty("java.io.tmpdir")), what);
  }

  private static StagedFiles in(Path parent, String what) {
    try {
      return new StagedFiles(StagingDirectory.create(parent));
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot " + what, e);
    }
  }

  boolean has(String name) {
    return Files.isRegularFile(directory.resolve(name));
  }

  InputStream open(String name) throws IOException {
    return Files.newInputStream(directory.resolve(name));
  }

  /** Begins a file, which has no name until {@link Unnamed#name} gives it one. */
  Unnamed create() throws IOException {
    Path file = directory.resolve("." + UUID.randomUUID());
    return new Unnamed(
        file, FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
  }

  /** A file that is being written. Closing removes it, unless it has a name. */
  final class Unnamed implements AutoCloseable {
    private final Path file;
    private final FileChannel channel;

    private Unnamed(Path file, FileChannel channel) {
      this.file = file;
      this.channel = channel;
    }

    void write(InputStream content) throws IOException {
      content.transferTo(Channels.newOutputStream(channel));
    }

    void name(String name) throws IOException {
      channel.close();
      Files.move(file, directory.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void close() throws IOException {
      channel.close();
      Files.deleteIfExists(file);
    }
  }

  /** Fills an archive. */
  @FunctionalInterface
  interface Filling {
    void fill(Tar tar) throws IOException;
  }

  /** Makes the archive, whole and for good, or leaves what is there. */
  void archive(Path target, Filling filling) throws IOException {
    Path place = Files.exists(target) ? target.toRealPath() : target;
    try (PartialFile file = PartialFile.create(directory.path())) {
      try (OutputStream out = file.stream()) {
        write(out, filling);
        file.moveTo(place);
      }
    }
  }

  /** Writes an archive; equal files give equal bytes. */
  void write(OutputStream out, Filling filling) throws IOException {
    BufferedOutputStream buffer = new BufferedOutputStream(out, BUFFER_SIZE);
    TarArchiveOutputStream tar = new TarArchiveOutputStream(buffer, UTF_8.name());
    tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
    filling.fill(new Tar(tar));
    tar.finish();
    buffer.flush();
  }

  /** An archive of files and directories of one owner and time, and a mode for each kind. */
  final class Tar {
    private final TarArchiveOutputStream out;

    private Tar(TarArchiveOutputStream out) {
      this.out = out;
    }

    void addDirectory(String name) throws IOException {
      begin(name + "/", DIRECTORY_MODE, 0);
      out.closeArchiveEntry();
    }

    void add(String name, byte[] content) throws IOException {
      begin(name, MODE, content.length);
      out.write(content);
      out.closeArchiveEntry();
    }

    void addStaged(String name, String staged) throws IOException {
      Path file = directory.resolve(staged);
      begin(name, MODE, Files.size(file));
      try (InputStream in = Files.newInputStream(file)) {
        in.transferTo(out);
      }
      out.closeArchiveEntry();
    }

    private void begin(String name, int mode, long size) throws IOException {
      TarArchiveEntry entry = new TarArchiveEntry(name);
      entry.setSize(size);
      entry.setMode(mode);
      entry.setIds(0, 0);
      entry.setNames("", "");
      entry.setModTime(0);
      out.putArchiveEntry(entry);
    }
  }

  @Override
  public void close() {
    try {
      directory.close();
    } catch (IOException e) {
      throw LayoutFiles.failure("cannot remove the temporary directory " + directory.path(), e);
    }
  }
}
