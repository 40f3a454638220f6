package io.runcible.engine;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.WrittenLayer;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.state.LockFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Makes an image of what a container has changed: its own image and a layer on top. */
final class Commit {
  private static final String FILE = "commit-";

  /** As long as it may take to remove files. */
  private static final Duration LOCK_LIMIT = Duration.ofMinutes(1);

  private final Images images;
  private final ContainerFiles files;
  private final ContainerDirectory directory;
  private final ContainerRecord record;

  Commit(
      Images images, ContainerFiles files, ContainerDirectory directory, ContainerRecord record) {
    this.images = images;
    this.files = files;
    this.directory = directory;
    this.record = record;
  }

  Image run(ImageReference name, Consumer<ImageConfig.Builder> change) {
    return run(name, change, Map.of());
  }

  /**
   * The same with the files of volumes.
   *
   * @param volumes where each is in the image; one in another follows it
   */
  Image run(ImageReference name, Consumer<ImageConfig.Builder> change, Map<String, Path> volumes) {
    if (name.digest().isPresent()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "an image is committed to a tag, without a digest: " + name);
    }
    try (ImageSink sink = images.ownSink()) {
      Image base = base(sink);
      Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
      ImageConfig.Builder config = base.config().toBuilder().created(now).comment("");
      change.accept(config);
      Instant created = config.build().created().orElse(now);
      List<WrittenLayer> layers = new ArrayList<>();
      List<Path> made = new ArrayList<>();
      LockFile lock = begin();
      try {
        files.layer(newFile(made), created).ifPresent(layers::add);
        volumes.forEach(
            (place, data) -> layers.add(files.volumeLayer(data, place, newFile(made), created)));
        write(sink, name, base, config, created, layers);
      } finally {
        made.forEach(Commit::delete);
        lock.close();
      }
    }
    return images
        .find(name)
        .orElseThrow(
            () -> new RuncibleException(ErrorKind.UNAVAILABLE, name + " was removed at once"));
  }

  /** The image, with all its blobs, which the sink keeps from now on. */
  private Image base(ImageSink sink) {
    ImageReference reference = ImageReference.parse(record.image());
    Image base =
        images
            .find(reference)
            .filter(
                image ->
                    Images.chain(image).stream()
                        .map(Digest::toString)
                        .toList()
                        .equals(record.chain()))
            .orElseThrow(() -> missing("the image " + reference + " it was made from"));
    for (Descriptor layer : base.manifest().layers()) {
      if (!sink.hasBlob(reference, layer)) {
        throw missing("the layer " + layer.digest() + " of " + reference);
      }
    }
    return base;
  }

  private RuncibleException missing(String what) {
    return new RuncibleException(
        ErrorKind.NOT_FOUND,
        "cannot commit container "
            + record.id()
            + ": "
            + what
            + " is not in the store any more; pull it again");
  }

  /** Shared with others who commit it; one who is alone removes what was left by killed ones. */
  private LockFile begin() {
    Path lock = directory.path().resolve("commit.lock");
    Optional<LockFile> alone = LockFile.tryAcquire(lock, true);
    if (alone.isPresent()) {
      try (DirectoryStream<Path> left = Files.newDirectoryStream(directory.path(), FILE + "*")) {
        left.forEach(Commit::delete);
      } catch (IOException | DirectoryIteratorException e) {
        throw new RuncibleException(
            ErrorKind.UNAVAILABLE, "cannot list '" + directory.path() + "'", e);
      } finally {
        alone.get().close();
      }
    }
    return LockFile.acquire(lock, false, LOCK_LIMIT);
  }

  private Path newFile(List<Path> made) {
    Path file = directory.path().resolve(FILE + ContainerFactory.randomId());
    made.add(file);
    return file;
  }

  private void write(
      ImageSink sink,
      ImageReference name,
      Image base,
      ImageConfig.Builder config,
      Instant created,
      List<WrittenLayer> written) {
    String command = String.join(" ", BundleConfig.read(directory).command());
    if (written.isEmpty()) {
      config.history(created, command, false);
    }
    List<Descriptor> layers = new ArrayList<>();
    base.manifest().layers().forEach(below -> layers.add(asOci(below)));
    List<Digest> diffIds = new ArrayList<>(base.config().diffIds());
    for (WrittenLayer layer : written) {
      config.history(created, command, true);
      Descriptor descriptor = Descriptor.of(MediaType.OCI_LAYER_GZIP, layer.digest(), layer.size());
      put(sink, name, descriptor, layer.file());
      layers.add(descriptor);
      diffIds.add(layer.diffId());
      config.diffIds(diffIds);
    }
    ImageConfig made = config.diffIds(diffIds).build();
    Manifest manifest = Manifest.of(made.descriptor(), layers, Map.of());
    sink.putBlob(name, made.descriptor(), new ByteArrayInputStream(made.raw()));
    sink.putManifest(name, manifest.descriptor(), manifest.raw());
  }

  private static Descriptor asOci(Descriptor layer) {
    String mediaType =
        switch (layer.mediaType()) {
          case MediaType.DOCKER_LAYER_GZIP -> MediaType.OCI_LAYER_GZIP;
          case MediaType.DOCKER_LAYER -> MediaType.OCI_LAYER;
          default -> layer.mediaType();
        };
    return Descriptor.of(mediaType, layer.digest(), layer.size());
  }

  private static void put(ImageSink sink, ImageReference name, Descriptor descriptor, Path file) {
    try (InputStream content = Files.newInputStream(file)) {
      sink.putBlob(name, descriptor, content);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot read '" + file + "'", e);
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot delete '" + file + "'", e);
    }
  }
}
