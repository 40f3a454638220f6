package io.runcible.store;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.state.JsonRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Names of images, one file for each. */
public final class ImageStore {
  private final Path directory;

  ImageStore(Path directory) {
    this.directory = directory;
  }

  /** What a name stands for; empty if the store does not know it. */
  public Optional<ImageRecord> find(ImageReference reference) {
    return JsonRecord.read(file(reference), Stored.class).map(Stored::toRecord);
  }

  /**
   * Points a name at a manifest, durably. The caller has made the content durable before.
   *
   * @return whether the name is new or pointed elsewhere
   */
  public boolean put(ImageReference reference, Descriptor manifest) {
    Optional<ImageRecord> old = find(reference);
    if (old.isPresent() && old.get().manifest().digest().equals(manifest.digest())) {
      return false;
    }
    Stored stored =
        new Stored(
            reference.toString(),
            manifest.mediaType(),
            manifest.digest().toString(),
            manifest.size(),
            Instant.now().toEpochMilli());
    JsonRecord.write(file(reference), stored, true);
    return true;
  }

  /**
   * Forgets a name; the content stays until it is pruned.
   *
   * @return whether it was known
   */
  public boolean remove(ImageReference reference) {
    try {
      return Files.deleteIfExists(file(reference));
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot remove " + reference, e);
    }
  }

  /** Removes what killed processes left of names. */
  void removeUnfinished() {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, JsonRecord.UNFINISHED)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot clean '" + directory + "'", e);
    }
  }

  /** All names, in no order. */
  public List<ImageRecord> list() {
    List<ImageRecord> records = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.json")) {
      for (Path file : files) {
        if (!file.getFileName().toString().startsWith(".")) {
          JsonRecord.read(file, Stored.class).map(Stored::toRecord).ifPresent(records::add);
        }
      }
      return records;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot list '" + directory + "'", e);
    }
  }

  /** A reference may hold characters, and a length, that a file name may not. */
  private Path file(ImageReference reference) {
    byte[] name = reference.toString().getBytes(StandardCharsets.UTF_8);
    return directory.resolve(Digest.sha256(name).hex() + ".json");
  }

  private record Stored(
      String reference, String mediaType, String digest, long size, long createdMillis) {
    ImageRecord toRecord() {
      return new ImageRecord(
          ImageReference.parse(reference),
          Descriptor.of(mediaType, Digest.parse(digest), size),
          Instant.ofEpochMilli(createdMillis));
    }
  }
}
