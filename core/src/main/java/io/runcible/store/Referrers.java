package io.runcible.store;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Which manifests have which other one for their subject: an empty file for each, in a directory
 * for each subject. They stay as long as their subject is used.
 */
final class Referrers {
  private final ContentStore content;
  private final Path directory;

  Referrers(ContentStore content, Path directory) {
    this.content = content;
    this.directory = directory;
  }

  /** Remembers a manifest or an index that is in the store, if it has a subject; durable. */
  void add(Descriptor manifest, byte[] raw) {
    Optional<Descriptor> subject =
        MediaType.isIndex(manifest.mediaType())
            ? ImageIndex.parse(raw, manifest.mediaType()).subject()
            : Manifest.parse(raw, manifest.mediaType()).subject();
    if (subject.isEmpty()) {
      return;
    }
    Path place = directory.resolve(name(subject.get().digest()));
    try {
      Files.createDirectories(place);
      Path mark = place.resolve(name(manifest.digest()));
      if (!Files.exists(mark)) {
        Files.write(mark, new byte[0]);
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot write to '" + place + "': " + e.getMessage(), e);
    }
    StoreFiles.sync(place);
    StoreFiles.sync(directory);
  }

  /** With artifact type and annotations; those that are not there, or damaged, are left out. */
  List<Descriptor> of(Digest subject) {
    List<Descriptor> found = new ArrayList<>();
    for (Path mark : StoreFiles.list(directory.resolve(name(subject)))) {
      digest(mark).flatMap(this::describe).ifPresent(found::add);
    }
    return List.copyOf(found);
  }

  private Optional<Descriptor> describe(Digest digest) {
    Optional<byte[]> raw = content.document(digest);
    if (raw.isEmpty()) {
      return Optional.empty();
    }
    Descriptor plain = Descriptor.ofDocument(raw.get());
    if (MediaType.isIndex(plain.mediaType())) {
      ImageIndex index = ImageIndex.parse(raw.get(), plain.mediaType());
      return Optional.of(
          new Descriptor(
              plain.mediaType(),
              digest,
              plain.size(),
              index.annotations(),
              Optional.empty(),
              Optional.empty()));
    }
    Manifest manifest = Manifest.parse(raw.get(), plain.mediaType());
    return Optional.of(
        new Descriptor(
            plain.mediaType(),
            digest,
            plain.size(),
            manifest.annotations(),
            Optional.empty(),
            manifest.artifactType().or(() -> Optional.of(manifest.config().mediaType()))));
  }

  /**
   * Adds what refers to used content to what is used, and forgets the rest. The caller holds the
   * store exclusively.
   */
  void keep(Set<Digest> used) {
    List<Path> waiting = new ArrayList<>(StoreFiles.list(directory));
    boolean more = true;
    while (more) {
      more = false;
      for (Path place : List.copyOf(waiting)) {
        if (digest(place).filter(used::contains).isPresent()) {
          waiting.remove(place);
          StoreFiles.list(place).forEach(mark -> digest(mark).ifPresent(d -> use(d, used)));
          more = true;
        }
      }
    }
    waiting.forEach(place -> forget(place, used));
  }

  /** A referrer may come before its subject, and is kept by a lease until then. */
  private static void forget(Path place, Set<Digest> used) {
    List<Path> marks = StoreFiles.list(place);
    List<Path> unused =
        marks.stream().filter(mark -> digest(mark).filter(used::contains).isEmpty()).toList();
    unused.forEach(StoreFiles::delete);
    if (unused.size() == marks.size()) {
      StoreFiles.delete(place);
    }
  }

  private void use(Digest digest, Set<Digest> used) {
    used.add(digest);
    Optional<byte[]> raw = content.document(digest);
    if (raw.isPresent()) {
      try {
        Descriptor descriptor = Descriptor.ofDocument(raw.get());
        used.addAll(
            ReachableContent.of(
                    content, Descriptor.of(descriptor.mediaType(), digest, raw.get().length))
                .blobs());
      } catch (RuncibleException e) {
        if (e.kind() == ErrorKind.UNAVAILABLE) {
          throw e;
        }
        // Not whole any more: its rest is of no use.
      }
    }
  }

  private static String name(Digest digest) {
    return digest.algorithm() + "-" + digest.hex();
  }

  private static Optional<Digest> digest(Path file) {
    try {
      return Optional.of(Digest.parse(file.getFileName().toString().replaceFirst("-", ":")));
    } catch (RuncibleException e) {
      return Optional.empty();
    }
  }
}
