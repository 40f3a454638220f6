package io.runcible.samples.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A copy of what can be read once alone: nothing is left of it, however this program ends. */
record UnnamedFile(FileChannel channel, Path path) implements AutoCloseable {
  /** More than a docker save writes, and less than a disk has. */
  private static final long MAX_INPUT = 64L << 30;

  /** Reads all of it. */
  static UnnamedFile copy(InputStream once) throws IOException {
    Path name = Files.createTempFile("runcible-input", ".tar");
    // On POSIX systems the name is gone as soon as it is open.
    FileChannel channel =
        FileChannel.open(
            name,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.DELETE_ON_CLOSE);
    try {
      receive(once, channel);
      return new UnnamedFile(channel, find(name));
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static void receive(InputStream in, FileChannel copy) throws IOException {
    OutputStream out = Channels.newOutputStream(copy);
    byte[] buffer = new byte[1 << 16];
    long sum = 0;
    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
      sum += n;
      if (sum > MAX_INPUT) {
        throw Filters.invalid("the input has more than " + MAX_INPUT + " bytes");
      }
      out.write(buffer, 0, n);
    }
  }

  /** Where it can be opened again while it is open. */
  private static Path find(Path name) throws IOException {
    if (Files.exists(name)) {
      return name;
    }
    try (DirectoryStream<Path> open = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path file : open) {
        if (isOpen(file, name)) {
          return file;
        }
      }
    }
    throw new NoSuchFileException(name.toString());
  }

  private static boolean isOpen(Path file, Path name) throws IOException {
    try {
      return Files.readSymbolicLink(file)
          .toString()
          .endsWith("/" + name.getFileName() + " (deleted)");
    } catch (NoSuchFileException e) {
      return false; // The descriptor of the listing itself.
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
