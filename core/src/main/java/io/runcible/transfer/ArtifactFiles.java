package io.runcible.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.VerifiedInputStream;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageDocument;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Writes the files of an artifact, whose names are not trusted, into a directory of their own. */
final class ArtifactFiles {
  private static final int MAX_NAME = 255;
  private static final int MAX_TITLE = 1024;

  private final ImageSource source;
  private final ImageReference reference;
  private final Path directory;

  /** Files and directories that were made, the last one first. */
  private final Deque<Path> made = new ArrayDeque<>();

  ArtifactFiles(ImageSource source, ImageReference reference, Path directory) {
    this.source = source;
    this.reference = reference;
    this.directory = directory;
  }

  List<Path> write(long maxBytes) {
    ImageDocument document = source.read(reference);
    if (document.isIndex()) {
      throw invalid("is an index, which has no files");
    }
    Manifest manifest = new CopyPlan(source, reference, 1).manifest(document);
    checkSize(manifest, maxBytes);
    Map<Path, Descriptor> files = new LinkedHashMap<>();
    for (Descriptor layer : manifest.layers()) {
      if (!layer.equals(Manifest.EMPTY) && files.put(path(layer), layer) != null) {
        throw invalid("has two files " + path(layer));
      }
    }
    try {
      makeDirectory();
      files.forEach(this::write);
      return List.copyOf(files.keySet());
    } catch (RuntimeException e) {
      made.forEach(path -> delete(path, e));
      throw e;
    }
  }

  private void checkSize(Manifest manifest, long maxBytes) {
    long total = manifest.layers().stream().mapToLong(Descriptor::size).sum();
    if (total > maxBytes) {
      throw invalid("has " + total + " bytes, more than the " + maxBytes + " that are allowed");
    }
  }

  /** A path below the directory by its text; in an empty directory, that is all it takes. */
  private Path path(Descriptor layer) {
    String title = layer.annotations().get(Artifact.TITLE);
    if (title == null) {
      return directory.resolve(layer.digest().hex());
    }
    if (title.length() > MAX_TITLE) {
      throw invalid("has a file whose name is too long");
    }
    for (String part : title.split("/", -1)) {
      boolean sane = !part.isEmpty() && !part.equals(".") && !part.equals("..");
      if (!sane || part.getBytes(UTF_8).length > MAX_NAME || !part.chars().allMatch(this::isName)) {
        throw invalid(
            "has a file that is not named as one: '" + title.replaceAll("\\p{Cntrl}", "?") + "'");
      }
    }
    return directory.resolve(title);
  }

  private boolean isName(int c) {
    return c >= ' ' && c != 0x7f && c != '\\' && c != ':';
  }

  private void makeDirectory() {
    try {
      if (!Files.isDirectory(directory)) {
        Files.createDirectories(directory);
      }
      try (Stream<Path> there = Files.list(directory)) {
        if (there.findAny().isPresent()) {
          throw new RuncibleException(
              ErrorKind.FAILED_PRECONDITION, directory + " is not empty; choose another directory");
        }
      }
    } catch (IOException e) {
      throw failed(directory, e);
    }
  }

  private void write(Path file, Descriptor layer) {
    try (InputStream content =
        new VerifiedInputStream(source.blob(reference, layer), layer.digest(), layer.size())) {
      makeParents(file);
      try (OutputStream out =
          Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        made.push(file);
        content.transferTo(out);
      }
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  private void makeParents(Path file) throws IOException {
    Path parent = directory;
    Path below = directory.relativize(file);
    for (int i = 0; i < below.getNameCount() - 1; i++) {
      parent = parent.resolve(below.getName(i));
      if (!Files.isDirectory(parent)) {
        Files.createDirectory(parent);
        made.push(parent);
      }
    }
  }

  private static void delete(Path path, RuntimeException failure) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  private RuncibleException failed(Path file, IOException e) {
    return new RuncibleException(
        ErrorKind.UNAVAILABLE,
        "cannot write " + file + " of " + reference + ": " + e.getMessage(),
        e);
  }

  private RuncibleException invalid(String reason) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, reference + " " + reason);
  }
}
