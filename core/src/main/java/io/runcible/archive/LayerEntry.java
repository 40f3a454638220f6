package io.runcible.archive;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** One entry of a layer to be written. */
sealed interface LayerEntry {
  int mode();

  default long size() {
    return 0;
  }

  default void writeTo(OutputStream out) throws IOException {}

  record Directory(int mode) implements LayerEntry {}

  record Symlink(String target) implements LayerEntry {
    @Override
    public int mode() {
      return 0777;
    }
  }

  /** A file whose content is in memory; the array is the entry's own. */
  @SuppressWarnings("ArrayRecordComponent")
  record Content(int mode, byte[] bytes) implements LayerEntry {
    @Override
    public long size() {
      return bytes.length;
    }

    @Override
    public void writeTo(OutputStream out) throws IOException {
      out.write(bytes);
    }
  }

  /** A file whose content is a file of the host, which must not change until it is written. */
  record HostFile(int mode, Path file, long size) implements LayerEntry {
    @Override
    public void writeTo(OutputStream out) throws IOException {
      long written = Files.copy(file, out);
      if (written != size) {
        throw new IOException(file + " changed: it had " + size + " bytes and now has " + written);
      }
    }
  }
}
