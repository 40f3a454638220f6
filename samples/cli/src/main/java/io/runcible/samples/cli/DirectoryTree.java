package io.runcible.samples.cli;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
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
import java.util.ArrayList;
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

  /** An image that has a blob. A sync sends a blob once to a repository, and here to one image. */
  private final Map<Digest, ImageReference> places = new ConcurrentHashMap<>();

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
    boolean there =
        Files.isDirectory(path(reference))
            && ImageDirectory.create(path(reference)).hasBlob(reference, descriptor);
    if (there) {
      places.putIfAbsent(descriptor.digest(), reference);
    }
    return there;
  }

  @Override
  public void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {
    ImageDirectory.create(path(reference)).putBlob(reference, descriptor, content);
    places.put(descriptor.digest(), reference);
  }

  @Override
  public void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {
    if (reference.tag().isEmpty()) {
      descriptor.verify(raw);
      parts.put(reference, raw.clone());
      return;
    }
    ImageDirectory directory = ImageDirectory.create(path(reference));
    if (MediaType.isIndex(descriptor.mediaType())) {
      putParts(directory, reference, descriptor, raw);
    } else {
      putBlobs(reference, descriptor, raw);
    }
    directory.putManifest(reference, descriptor, raw);
  }

  private void putParts(
      ImageDirectory directory, ImageReference image, Descriptor descriptor, byte[] raw) {
    for (Descriptor part : ImageIndex.parse(raw, descriptor.mediaType()).manifests()) {
      ImageReference name = ImageReference.parse(image.name() + "@" + part.digest());
      byte[] content = parts.get(name);
      if (content == null) {
        continue;
      }
      if (MediaType.isIndex(part.mediaType())) {
        putParts(directory, image, part, content);
      } else {
        putBlobs(image, part, content);
      }
      directory.putManifest(name, part, content);
    }
  }

  /** Takes from its neighbours what an image still lacks. */
  private void putBlobs(ImageReference image, Descriptor descriptor, byte[] raw) {
    Manifest manifest = Manifest.parse(raw, descriptor.mediaType());
    List<Descriptor> blobs = new ArrayList<>(manifest.layers());
    blobs.add(manifest.config());
    for (Descriptor blob : blobs) {
      ImageReference other = places.get(blob.digest());
      if (other != null && !hasBlob(image, blob)) {
        try (InputStream content = blob(other, blob)) {
          putBlob(image, blob, content);
        } catch (IOException e) {
          throw new RuncibleException(
              ErrorKind.UNAVAILABLE, "cannot copy " + blob.digest() + ": " + e.getMessage(), e);
        }
      }
    }
  }

  @Override
  public void close() {
    parts.clear();
    places.clear();
  }
}
