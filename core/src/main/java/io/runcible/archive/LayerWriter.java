package io.runcible.archive;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * Writes a layer from entries that are named one by one. Equal entries give equal bytes, in
 * whatever order they were added: entries are sorted by path, owned by 0:0, and have one time of
 * modification, by default the epoch. (The compressed bytes also depend on the zlib of the Java
 * runtime; the diffId does not.)
 *
 * <pre>{@code
 * WrittenLayer layer =
 *     new LayerWriter()
 *         .addDirectory("/tmp", 01777)
 *         .addFile("/bin/tool", 0755, Path.of("build/tool"))
 *         .addSymlink("/bin/t", "tool")
 *         .writeTo(directory.resolve("layer.tar.gz"));
 * }</pre>
 *
 * <p>Paths are absolute or relative to the root, without {@code .} and {@code ..}. A directory that
 * is not added but has entries is made by whoever unpacks the layer, as it is in the layers below
 * or else with mode 0755. Not thread-safe.
 */
public final class LayerWriter {
  private static final String WHITEOUT = ".wh.";
  private static final int MAX_PATH = 4095;
  private static final int MAX_NAME = 255;

  private final Map<String, LayerEntry> entries = new TreeMap<>();
  private Instant modified = Instant.EPOCH;
  private boolean gzip = true;

  /** A layer without entries, to be compressed with gzip. */
  public LayerWriter() {}

  /** Sets the time of modification of all entries, in whole seconds. The default is the epoch. */
  public LayerWriter modified(Instant time) {
    modified = Instant.ofEpochSecond(time.getEpochSecond());
    return this;
  }

  /** Leaves the tar uncompressed. */
  public LayerWriter uncompressed() {
    gzip = false;
    return this;
  }

  /**
   * Adds a directory.
   *
   * @param mode the permission bits, at most 07777
   * @throws RuncibleException INVALID_INPUT for a path or mode that cannot be, ALREADY_EXISTS when
   *     the path was added before
   */
  public LayerWriter addDirectory(String path, int mode) {
    return add(path, new LayerEntry.Directory(checked(path, mode)));
  }

  /**
   * Adds a file with a content in memory.
   *
   * @param mode the permission bits, at most 07777
   * @throws RuncibleException as {@link #addDirectory}
   */
  public LayerWriter addFile(String path, int mode, byte[] content) {
    return add(path, new LayerEntry.Content(checked(path, mode), content.clone()));
  }

  /**
   * Adds a file with the content of a file of the host; links are followed. It is read when the
   * layer is written and must not change before.
   *
   * @param mode the permission bits, at most 07777
   * @throws RuncibleException as {@link #addDirectory}, and NOT_FOUND when {@code content} is not a
   *     readable regular file
   */
  public LayerWriter addFile(String path, int mode, Path content) {
    if (!Files.isRegularFile(content) || !Files.isReadable(content)) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, "there is no readable regular file " + content + " for " + path);
    }
    try {
      long size = Files.size(content);
      return add(path, new LayerEntry.HostFile(checked(path, mode), content, size));
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot read " + content + " for " + path, e);
    }
  }

  /**
   * Adds a symbolic link.
   *
   * @param target the text of the link, whether or not it leads anywhere
   * @throws RuncibleException as {@link #addDirectory}
   */
  public LayerWriter addSymlink(String path, String target) {
    if (target.isEmpty() || target.indexOf('\0') >= 0 || length(target) > MAX_PATH) {
      throw invalid(path, "the target of a link has 1 to " + MAX_PATH + " bytes and no NUL");
    }
    return add(path, new LayerEntry.Symlink(target));
  }

  /**
   * Removes what a layer below has at this path (OCI image specification, "Whiteouts").
   *
   * @throws RuncibleException as {@link #addDirectory}
   */
  public LayerWriter addWhiteout(String path) {
    String normal = normal(path);
    int name = normal.lastIndexOf('/') + 1;
    return put(
        normal.substring(0, name) + WHITEOUT + normal.substring(name),
        new LayerEntry.Content(0, new byte[0]));
  }

  private LayerWriter add(String path, LayerEntry entry) {
    return put(normal(path), entry);
  }

  private LayerWriter put(String path, LayerEntry entry) {
    if (entries.putIfAbsent(path, entry) != null) {
      throw new RuncibleException(
          ErrorKind.ALREADY_EXISTS, "the layer has an entry at /" + path + " already");
    }
    return this;
  }

  private static String normal(String path) {
    String relative = path.startsWith("/") ? path.substring(1) : path;
    if (relative.isEmpty() || relative.indexOf('\0') >= 0 || length(relative) > MAX_PATH) {
      throw invalid(path, "a path has 1 to " + MAX_PATH + " bytes and no NUL");
    }
    for (String name : relative.split("/", -1)) {
      if (name.isEmpty() || name.equals(".") || name.equals("..")) {
        throw invalid(path, "a path has no empty part, no '.' and no '..'");
      }
      if (length(name) > MAX_NAME) {
        throw invalid(path, "a part of a path has at most " + MAX_NAME + " bytes");
      }
      if (name.startsWith(WHITEOUT)) {
        throw invalid(path, "names with '.wh.' mean removal; use addWhiteout");
      }
    }
    return relative;
  }

  private static int length(String text) {
    return text.getBytes(UTF_8).length;
  }

  private static int checked(String path, int mode) {
    if (mode < 0 || mode > 07777) {
      throw invalid(path, "the mode is not one of 0 to 07777: " + mode);
    }
    return mode;
  }

  private static RuncibleException invalid(String path, String reason) {
    return new RuncibleException(
        ErrorKind.INVALID_INPUT, "cannot add '" + path + "' to the layer: " + reason);
  }

  /**
   * Writes the layer. Blocks; the writer can be used again.
   *
   * @param file where to; it must not exist, and does not exist after a failure
   * @throws RuncibleException INVALID_INPUT when an entry lies in another that is no directory,
   *     ALREADY_EXISTS when the file exists, UNAVAILABLE when reading or writing fails
   */
  public WrittenLayer writeTo(Path file) {
    checkParents();
    Compression compression = gzip ? Compression.GZIP : Compression.NONE;
    return LayerFile.write(
        file, compression, compression.defaultLevel(), Runnable::run, this::writeTar);
  }

  private void checkParents() {
    for (String path : entries.keySet()) {
      for (int slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
        LayerEntry parent = entries.get(path.substring(0, slash));
        if (parent != null && !(parent instanceof LayerEntry.Directory)) {
          throw invalid("/" + path, "/" + path.substring(0, slash) + " is not a directory");
        }
      }
    }
  }

  private List<SkippedEntry> writeTar(OutputStream out) throws IOException {
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out, UTF_8.name())) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
      tar.setAddPaxHeadersForNonAsciiNames(true);
      for (Map.Entry<String, LayerEntry> entry : entries.entrySet()) {
        writeEntry(tar, entry.getKey(), entry.getValue());
      }
    }
    return List.of();
  }

  private void writeEntry(TarArchiveOutputStream tar, String path, LayerEntry entry)
      throws IOException {
    TarArchiveEntry header = header(path, entry);
    header.setMode(entry.mode());
    header.setSize(entry.size());
    header.setIds(0, 0);
    header.setNames("", "");
    header.setModTime(modified.toEpochMilli());
    tar.putArchiveEntry(header);
    entry.writeTo(tar);
    tar.closeArchiveEntry();
  }

  private static TarArchiveEntry header(String path, LayerEntry entry) {
    if (entry instanceof LayerEntry.Directory) {
      return new TarArchiveEntry(path + "/", TarConstants.LF_DIR);
    }
    if (entry instanceof LayerEntry.Symlink link) {
      TarArchiveEntry header = new TarArchiveEntry(path, TarConstants.LF_SYMLINK);
      header.setLinkName(link.target());
      return header;
    }
    return new TarArchiveEntry(path, TarConstants.LF_NORMAL);
  }
}
