package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.MediaType;
import io.runcible.layout.ImageDirectory;
import io.runcible.transfer.SyncList;
import io.runcible.transfer.TagFilter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * Many images in a directory, each in one of its own that is named as its repository and tag. A
 * registry has no place in these names, so that there is only one.
 */
final class DirectoryTree implements ImageSource, ImageSink {
  static final String REGISTRY = "localhost";
  private static final int MAX_DEPTH = 8;
  private static final int MAX_IMAGES = 10_000;

  private final Path root;

  /** The manifests for indexes that are still to come, which do not say whose they are. */
  private final Map<ImageReference, byte[]> parts = new ConcurrentHashMap<>();

  DirectoryTree(Path root) {
    this.root = root;
  }

  /** All images; links are not followed. */
  SyncList list() {
    try (Stream<Path> files = Files.walk(root, MAX_DEPTH)) {
      List<SyncList.Repository> images =
          files
              .filter(file -> file.endsWith("manifest.json") && isFile(file))
              .limit(MAX_IMAGES + 1L)
              .map(file -> root.relativize(file.resolveSibling("")))
              .sorted()
              .map(directory -> ImageReference.parse(REGISTRY + "/" + directory))
              .map(image -> new SyncList.Repository(image, TagFilter.of(tag(image))))
              .toList();
      if (images.size() > MAX_IMAGES) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, root + " has more than " + MAX_IMAGES + " images");
      }
      if (images.isEmpty()) {
        throw new RuncibleException(ErrorKind.NOT_FOUND, "there is no image in '" + root + "'");
      }
      return new SyncList(
          List.of(
              new SyncList.Registry(
                  REGISTRY, images, Optional.empty(), Optional.empty(), Optional.empty())));
    } catch (IOException | UncheckedIOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot read '" + root + "': " + e.getMessage(), e);
    }
  }

  private static boolean isFile(Path file) {
    return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
  }

  private static List<String> tag(ImageReference image) {
    return image.tag().stream().toList();
  }

  /** The parts of a reference are checked when it is read, and none of them leads up. */
  private Path path(ImageReference image) {
    String tag =
        image
            .tag()
            .orElseThrow(
                () ->
                    new RuncibleException(
                        ErrorKind.UNSUPPORTED, image + " has no tag for the name of a directory"));
    return root.resolve(image.repository() + ":" + tag);
  }

  @Override
  public Descriptor resolve(ImageReference reference) {
    return ImageDirectory.open(path(reference)).resolve(reference);
  }

  @Override
  public byte[] manifest(ImageReference reference, Descriptor descriptor) {
    return ImageDirectory.open(path(reference)).manifest(reference, descriptor);
  }

  @Override
  public InputStream blob(ImageReference reference, Descriptor descriptor) {
    return ImageDirectory.open(path(reference)).blob(reference, descriptor);
  }

  @Override
  public boolean hasBlob(ImageReference reference, Descriptor descriptor) {
    return Files.isDirectory(path(reference))
        && ImageDirectory.create(path(reference)).hasBlob(reference, descriptor);
  }

  @Override
  public void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {
    ImageDirectory.create(path(reference)).putBlob(reference, descriptor, content);
  }

  @Override
  public void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {
    if (reference.tag().isEmpty()) {
      descriptor.verify(raw);
      parts.put(reference, raw.clone());
      return;
    }
    ImageDirectory directory = ImageDirectory.create(path(reference));
    putParts(directory, reference, descriptor, raw);
    directory.putManifest(reference, descriptor, raw);
  }

  private void putParts(
      ImageDirectory directory, ImageReference image, Descriptor descriptor, byte[] raw) {
    if (!MediaType.isIndex(descriptor.mediaType())) {
      return;
    }
    for (Descriptor part : ImageIndex.parse(raw, descriptor.mediaType()).manifests()) {
      ImageReference name = ImageReference.parse(image.name() + "@" + part.digest());
      byte[] content = parts.get(name);
      if (content != null) {
        putParts(directory, image, part, content);
        directory.putManifest(name, part, content);
      }
    }
  }

  @Override
  public void close() {
    parts.clear();
  }
}
