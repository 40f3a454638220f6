package io.runcible.transfer;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.layout.ImageLayout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The images in a directory of image layouts, which may be one itself. */
final class LayoutTree {
  private static final int MAX_DEPTH = 8;
  private static final int MAX_LAYOUTS = 10_000;
  private static final String VERSION_FILE = "oci-layout";
  private static final String NAME = "org.opencontainers.image.ref.name";

  private LayoutTree() {}

  /** Finds the layouts; links are not followed. */
  static List<ImageLayout> open(Path directory) {
    if (!Files.isDirectory(directory)) {
      throw new RuncibleException(ErrorKind.NOT_FOUND, "there is no directory " + directory);
    }
    try (Stream<Path> files = Files.walk(directory, MAX_DEPTH)) {
      List<Path> found =
          files
              .filter(file -> file.getFileName() != null && isVersionFile(file))
              .limit(MAX_LAYOUTS + 1L)
              .sorted()
              .toList();
      if (found.size() > MAX_LAYOUTS) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, directory + " has more than " + MAX_LAYOUTS + " layouts");
      }
      if (found.isEmpty()) {
        throw new RuncibleException(
            ErrorKind.NOT_FOUND, "there is no OCI image layout in " + directory);
      }
      return found.stream().map(file -> ImageLayout.open(parent(file))).toList();
    } catch (IOException | UncheckedIOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot read " + directory + ": " + e.getMessage(), e);
    }
  }

  private static boolean isVersionFile(Path file) {
    return file.endsWith(VERSION_FILE) && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
  }

  private static Path parent(Path file) {
    return Optional.ofNullable(file.getParent()).orElse(Path.of("."));
  }

  /**
   * The names in a layout. A name that is a tag alone belongs to a repository named as the
   * directory; what has no name is left out.
   */
  static List<ImageReference> names(ImageLayout layout) {
    List<ImageReference> names = new ArrayList<>();
    for (Descriptor entry : layout.index().manifests()) {
      String name = entry.annotations().get(NAME);
      if (name != null) {
        names.add(name(layout, name));
      }
    }
    return names.stream().distinct().toList();
  }

  private static ImageReference name(ImageLayout layout, String name) {
    boolean full = name.contains("/");
    try {
      return full
          ? ImageReference.parse(name)
          : ImageReference.parse(String.valueOf(layout.directory().getFileName())).withTag(name);
    } catch (RuncibleException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the image layout "
              + layout.directory()
              + " has an image without a usable name: "
              + e.getMessage(),
          e);
    }
  }
}
