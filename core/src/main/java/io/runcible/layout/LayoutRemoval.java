package io.runcible.layout;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;

/**
 * Deletes from a layout, and leaves no document behind that lacks a part; to be called under the
 * layout's lock.
 */
final class LayoutRemoval {
  private final Path root;
  private final IndexFile index;
  private final LayoutReferences references;

  LayoutRemoval(Path root, IndexFile index, LayoutReferences references) {
    this.root = root;
    this.index = index;
    this.references = references;
  }

  /**
   * Takes a name away.
   *
   * @return false when no entry has it
   */
  boolean removeName(String name) throws IOException {
    if (index.read().manifests().stream().noneMatch(LayoutIndex.isNamed(name))) {
      return false;
    }
    index.change(changed -> changed.removeName(name));
    return true;
  }

  /** Removes the entries of a manifest, but not those of other repositories, and the manifest. */
  Path removeManifest(ImageReference repository, Digest digest, Path file) throws IOException {
    List<Descriptor> entries = index.read().manifests();
    Predicate<String> here =
        name ->
            name.startsWith(repository.name() + ":") || LayoutIndex.fullReference(name).isEmpty();
    List<Descriptor> kept =
        entries.stream()
            .filter(
                entry ->
                    !entry.digest().equals(digest)
                        || !here.test(LayoutIndex.name(entry).orElse("")))
            .toList();
    refuseUsed(kept, digest);
    if (kept.size() < entries.size()) {
      index.change(changed -> changed.remove(digest, here));
    }
    if (kept.stream().noneMatch(entry -> entry.digest().equals(digest))) {
      Files.deleteIfExists(file);
    }
    return file;
  }

  Path removeBlob(Digest digest, Path file) throws IOException {
    List<Descriptor> entries = index.read().manifests();
    if (entries.stream().anyMatch(entry -> entry.digest().equals(digest))) {
      throw refused(digest, "it is an image, to be deleted as such");
    }
    refuseUsed(entries, digest);
    Files.delete(file);
    return file;
  }

  private void refuseUsed(List<Descriptor> entries, Digest digest) {
    references
        .user(entries, digest)
        .ifPresent(
            user -> {
              throw refused(digest, user + " needs it; delete that first");
            });
  }

  private RuncibleException refused(Digest digest, String reason) {
    return new RuncibleException(
        ErrorKind.FAILED_PRECONDITION,
        "cannot delete " + digest + " from the image layout " + root + ": " + reason);
  }
}
