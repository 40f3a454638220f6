package io.runcible.junit;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/**
 * A resource that is copied into a container.
 *
 * @param resource where it lies
 * @param destination an absolute path of the container
 */
record ClassPathFile(URL resource, String destination) {
  private static final int BUFFER = 64 << 10;

  /** Reads {@code resource:/destination}. */
  static ClassPathFile parse(String text, ClassLoader loader) {
    int colon = text.lastIndexOf(":/");
    if (colon <= 0) {
      throw new ExtensionConfigurationException(
          "'" + text + "' is no file to copy: schema.sql:/schema.sql is");
    }
    return of(text.substring(0, colon), text.substring(colon + 1), loader);
  }

  static ClassPathFile of(String resource, String destination, ClassLoader loader) {
    return new ClassPathFile(find(resource, loader), destination);
  }

  static URL find(String resource, ClassLoader loader) {
    URL found = loader.getResource(resource.startsWith("/") ? resource.substring(1) : resource);
    if (found == null) {
      throw new ExtensionConfigurationException("there is no '" + resource + "' on the class path");
    }
    return found;
  }

  void copyInto(Container container) {
    try {
      Path scratch = Files.createTempDirectory("runcible-files");
      try {
        copyInto(container, scratch);
      } finally {
        remove(scratch);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot copy '" + resource + "' into " + container, e);
    }
  }

  private void copyInto(Container container, Path scratch) throws IOException {
    Path source =
        resource.getProtocol().equals("file") ? onDisk(resource) : unpack(scratch.resolve("file"));
    try {
      container.files().copyTo(source, destination);
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.NOT_FOUND) {
        throw e;
      }
      makeParents(container, scratch.resolve("root"));
      container.files().copyTo(source, destination);
    }
  }

  /** Directories are merged: those that are there stay. */
  private void makeParents(Container container, Path root) throws IOException {
    Path parent = Path.of(destination).normalize().getParent();
    Files.createDirectories(parent == null ? root : root.resolve("." + parent).normalize());
    container.files().copyTo(root.resolve("."), "/");
  }

  private Path unpack(Path copy) throws IOException {
    Optional<Path> archive = archive(resource);
    if (archive.isEmpty()) {
      try (InputStream in = resource.openStream()) {
        Files.copy(in, copy);
      }
      return copy;
    }
    String entry = ((JarURLConnection) resource.openConnection()).getEntryName();
    try (FileSystem files = FileSystems.newFileSystem(archive.get());
        Stream<Path> all = Files.walk(files.getPath(entry))) {
      for (Path one : (Iterable<Path>) all::iterator) {
        Files.copy(one, copy.resolve(files.getPath(entry).relativize(one).toString()));
      }
    }
    return copy;
  }

  /** Of its content, or of all names and contents of a directory. */
  String digest() {
    try {
      Optional<Path> place = place(resource);
      return place.isPresent() ? digest(place.get()) : digest(resource);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read '" + resource + "'", e);
    }
  }

  private static String digest(Path place) throws IOException {
    MessageDigest sha256 = sha256();
    try (Stream<Path> found = Files.walk(place)) {
      for (Path path : (Iterable<Path>) found.sorted()::iterator) {
        if (Files.isRegularFile(path)) {
          sha256.update((place.relativize(path) + "\0" + Files.size(path) + "\0").getBytes(UTF_8));
          update(sha256, Files.newInputStream(path));
        }
      }
    }
    return HexFormat.of().formatHex(sha256.digest());
  }

  static String digest(URL resource) {
    try {
      MessageDigest sha256 = sha256();
      update(sha256, resource.openStream());
      return HexFormat.of().formatHex(sha256.digest());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read '" + resource + "'", e);
    }
  }

  private static void update(MessageDigest digest, InputStream content) throws IOException {
    try (content) {
      byte[] buffer = new byte[BUFFER];
      for (int count = content.read(buffer); count >= 0; count = content.read(buffer)) {
        digest.update(buffer, 0, count);
      }
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What has the content on disk, and perhaps more; empty for a file in an archive. */
  static Optional<Path> place(URL resource) throws IOException {
    return resource.getProtocol().equals("file")
        ? Optional.of(onDisk(resource))
        : archive(resource);
  }

  /** The archive of a directory, which cannot be read as a stream: that is empty. */
  private static Optional<Path> archive(URL resource) throws IOException {
    if (!(resource.openConnection() instanceof JarURLConnection connection)) {
      return Optional.empty();
    }
    connection.setUseCaches(false);
    try (JarFile archive = connection.getJarFile()) {
      JarEntry entry = archive.getJarEntry(connection.getEntryName());
      return entry != null && entry.isDirectory()
          ? Optional.of(onDisk(connection.getJarFileURL()))
          : Optional.empty();
    }
  }

  private static Path onDisk(URL resource) throws IOException {
    try {
      return Path.of(resource.toURI());
    } catch (URISyntaxException e) {
      throw new IOException("'" + resource + "' is no file", e);
    }
  }

  private static void remove(Path tree) throws IOException {
    List<Path> all;
    try (Stream<Path> found = Files.walk(tree)) {
      all = found.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.delete(path);
    }
  }
}
