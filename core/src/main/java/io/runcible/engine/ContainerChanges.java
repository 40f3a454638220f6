package io.runcible.engine;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.Compression;
import io.runcible.archive.FileChange;
import io.runcible.archive.LayerFormat;
import io.runcible.archive.WrittenLayer;
import io.runcible.engine.FileWork.Task;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a container has changed of its image. An overlay keeps that apart; where the image was
 * copied, it is shown once more, and compared.
 */
final class ContainerChanges implements AutoCloseable {
  private static final String MOUNT = "fs";

  private final EngineParts parts;
  private final ContainerDirectory directory;
  private final ContainerRecord record;
  private final List<Digest> chain;
  private final Path tree;

  /** Where the image is shown meanwhile. */
  private final Optional<Path> original;

  private ContainerChanges(
      EngineParts parts, ContainerDirectory directory, ContainerRecord record) {
    this.parts = parts;
    this.directory = directory;
    this.record = record;
    this.chain = record.chain().stream().map(Digest::parse).toList();
    // Who keeps the id of its user has all files of the image in what was changed.
    Optional<Path> upper =
        record.ids().nested() ? Optional.empty() : parts.snapshotter().changes(directory.path());
    this.tree = upper.orElse(directory.rootfs());
    this.original =
        upper.isPresent()
            ? Optional.empty()
            // What a kill leaves there goes with the container.
            : Optional.of(directory.mounts().resolve("image-" + ContainerFactory.randomId()));
  }

  /** Blocks; where the image was copied, for as long as another copy takes. */
  static ContainerChanges open(
      EngineParts parts, ContainerDirectory directory, ContainerRecord record) {
    ContainerChanges changes = new ContainerChanges(parts, directory, record);
    try {
      changes.showOriginal();
      return changes;
    } catch (RuntimeException e) {
      try {
        changes.close();
      } catch (RuntimeException left) {
        e.addSuppressed(left);
      }
      throw e;
    }
  }

  private void showOriginal() {
    if (original.isEmpty()) {
      return;
    }
    Path place = original.get();
    Path target = place.resolve(MOUNT);
    try {
      // One by one: the directory of a container that is being removed must not come back.
      makeDirectory(directory.mounts());
      Files.createDirectory(place);
      Files.createDirectory(target);
    } catch (NoSuchFileException e) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "container " + directory.id() + " was removed", e);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + target + "'", e);
    }
    parts.snapshotter().view(chain, place).mount(target);
  }

  private static void makeDirectory(Path path) throws IOException {
    try {
      Files.createDirectory(path);
    } catch (FileAlreadyExistsException e) {
      // It is there, as it should be.
    }
  }

  List<FileChange> list() {
    return List.of(FileWork.ask(parts.host(), request(Task.CHANGES, "", 0), FileChange[].class));
  }

  /**
   * A layer of them, if there are any.
   *
   * @param file does not exist yet
   */
  Optional<WrittenLayer> layer(Path file, Instant latest) {
    return list().isEmpty()
        ? Optional.empty()
        : Optional.of(
            written(parts, request(Task.LAYER, file.toString(), latest.getEpochSecond()), file));
  }

  static WrittenLayer written(EngineParts parts, FileWork.Request request, Path file) {
    FileWork.Layer written = FileWork.ask(parts.host(), request, FileWork.Layer.class);
    return new WrittenLayer(
        file,
        Compression.GZIP,
        Digest.parse(written.digest()),
        written.size(),
        Digest.parse(written.diffId()),
        List.of());
  }

  private FileWork.Request request(Task task, String file, long latestSeconds) {
    return new FileWork.Request(
        task,
        tree.toString(),
        "/",
        !parts.host().hasIdRange(),
        parts.host().rootless(),
        false,
        BundleConfig.read(directory).mountPoints(),
        original.isPresent()
            ? List.of()
            : parts.snapshotter().visible(chain).stream().map(Path::toString).toList(),
        original.map(place -> place.resolve(MOUNT).toString()).orElse(""),
        file,
        latestSeconds,
        record.ids());
  }

  @Override
  public void close() {
    original.ifPresent(place -> Uninterrupted.run(parts.threads(), () -> remove(place)));
  }

  private void remove(Path place) {
    // A copy is no mount. What cannot be unmounted stays, as the files in it are those of layers.
    if (parts.snapshotter().format() != LayerFormat.COPY) {
      parts.host().unmount(place.resolve(MOUNT));
    }
    parts.host().removeTree(place);
  }
}
