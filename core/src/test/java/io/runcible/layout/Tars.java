package io.runcible.layout;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** Makes archives entry by entry, hostile ones too, and looks into archives. */
final class Tars {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, UTF_8.name());

  Tars() {
    tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
  }

  /** The entries of an archive in the order that they have there. */
  static Map<String, byte[]> read(byte[] archive) {
    Map<String, byte[]> files = new LinkedHashMap<>();
    try (TarArchiveInputStream in = new TarArchiveInputStream(new ByteArrayInputStream(archive))) {
      for (TarArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        files.put(entry.getName(), in.readAllBytes());
      }
      return files;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Map<String, byte[]> read(Path archive) {
    try {
      return read(Files.readAllBytes(archive));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static byte[] gzip(byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  Tars file(String name, byte[] content) {
    return content(new TarArchiveEntry(name, true), content);
  }

  private Tars content(TarArchiveEntry entry, byte[] content) {
    try {
      entry.setSize(content.length);
      entry.setModTime(0); // A fraction of a second would need a header of its own.
      tar.putArchiveEntry(entry);
      tar.write(content);
      tar.closeArchiveEntry();
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Tars file(String name, String content) {
    return file(name, content.getBytes(UTF_8));
  }

  Tars files(Map<String, byte[]> files) {
    files.forEach(this::file);
    return this;
  }

  Tars directory(String name) {
    return special(new TarArchiveEntry(name, TarConstants.LF_DIR));
  }

  Tars symlink(String name, String target) {
    TarArchiveEntry entry = new TarArchiveEntry(name, TarConstants.LF_SYMLINK, true);
    entry.setLinkName(target);
    return special(entry);
  }

  Tars hardLink(String name, String target) {
    TarArchiveEntry entry = new TarArchiveEntry(name, TarConstants.LF_LINK, true);
    entry.setLinkName(target);
    return special(entry);
  }

  Tars fifo(String name) {
    return special(new TarArchiveEntry(name, TarConstants.LF_FIFO, true));
  }

  /** A file of this length that has nothing but a hole. */
  Tars sparse(String name, long size) {
    String records =
        record("GNU.sparse.size", Long.toString(size)) + record("GNU.sparse.map", "0,0");
    TarArchiveEntry pax =
        new TarArchiveEntry("PaxHeaders/x", TarConstants.LF_PAX_EXTENDED_HEADER_LC);
    return content(pax, records.getBytes(UTF_8)).file(name, "");
  }

  private static String record(String key, String value) {
    int length =
        key.length() + value.length() + 5; // Two digits, a space, an equals sign, a line end.
    return length + " " + key + "=" + value + "\n";
  }

  private Tars special(TarArchiveEntry entry) {
    try {
      tar.putArchiveEntry(entry);
      tar.closeArchiveEntry();
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  byte[] bytes() {
    try {
      tar.finish();
      tar.flush();
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path writeTo(Path file) {
    return write(file, bytes());
  }

  static Path write(Path file, byte[] content) {
    try {
      return Files.write(file, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The names in a directory, sorted. */
  static List<String> names(Path directory) {
    try (var files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
