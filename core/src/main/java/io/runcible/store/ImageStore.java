package io.runcible.store;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Errno;
import io.runcible.ffi.NativeException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.state.JsonRecord;
import io.runcible.state.LockFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Names of images, one file for each in a directory for each repository, so that neither a look-up
 * nor the tags of a repository take longer when there are more images.
 */
public final class ImageStore {
  private static final String IMAGES = "images";
  private static final String RECORDS = "[0-9a-f]*.json";
  private static final String RECORD = "[0-9a-f].*\\.json";
  private static final int MAX_CONTENT = 10_000;

  /** A name that is set to what it is has a new time then, but not for each of many pulls. */
  private static final Duration RENEWAL = Duration.ofMinutes(1);

  private static final Duration UPDATE_LIMIT = Duration.ofMinutes(10);

  private final StoreLock lock;
  private final Path locks;
  private final Path directory;
  private final List<Path> additional;

  ImageStore(StoreLock lock, Path root, List<Path> additional) {
    this.lock = lock;
    this.locks = root.resolve("locks");
    this.directory = root.resolve(IMAGES);
    this.additional = additional.stream().map(other -> other.resolve(IMAGES)).toList();
  }

  /**
   * What a name stands for; empty if neither the store nor an additional one knows it.
   *
   * @throws RuncibleException CORRUPT_DATA if its record is damaged
   */
  public Optional<ImageRecord> find(ImageReference reference) {
    Optional<ImageRecord> found = read(file(directory, reference));
    for (Path other : additional) {
      if (found.isEmpty()) {
        found = read(file(other, reference));
      }
    }
    return found;
  }

  /**
   * Writes a name, durably; its content is durable, and kept by a lease of the caller. A name that
   * is pinned stays so.
   *
   * @return whether the name is new or stands for something else now
   */
  boolean put(ImageRecord image) {
    if (image.blobs().size() + image.layers().size() > MAX_CONTENT) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          image.reference() + " has more than " + MAX_CONTENT + " blobs and layers");
    }
    Path file = file(directory, image.reference());
    return update(
        image.reference(),
        () -> {
          Optional<ImageRecord> old = known(file);
          ImageRecord wanted = old.isPresent() ? image.withPinned(old.get().pinned()) : image;
          if (old.filter(wanted::isLike).isEmpty()) {
            return lock.whileShared(() -> write(file, wanted));
          }
          if (wanted.created().isAfter(old.get().created().plus(RENEWAL))) {
            renew(file, wanted);
          }
          return false;
        });
  }

  /** Gives a name a new time if it can: a full disk is no reason to do without what is there. */
  private void renew(Path file, ImageRecord image) {
    try {
      lock.whileShared(() -> write(file, image));
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.UNAVAILABLE) {
        throw e;
      }
      log().debug("{} keeps its time", image.reference(), e);
    }
  }

  private boolean update(ImageReference name, BooleanSupplier change) {
    Path names = locks.resolve("name-" + hash(name.toString()));
    LockFile alone = LockFile.acquire(names, true, UPDATE_LIMIT);
    try {
      return change.getAsBoolean();
    } finally {
      alone.closeAndRemove();
    }
  }

  /** While the store is held shared. */
  private boolean write(Path file, ImageRecord image) {
    makeRepository(Objects.requireNonNull(file.getParent()));
    JsonRecord.write(file, Stored.of(image), true);
    return true;
  }

  private void makeRepository(Path repository) {
    if (Files.isDirectory(repository)) {
      return;
    }
    try {
      Files.createDirectories(repository);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot make '" + repository + "': " + e.getMessage(), e);
    }
    StoreFiles.sync(directory);
  }

  /** A damaged record is as good as none to one who replaces it. */
  private static Optional<ImageRecord> known(Path file) {
    try {
      return read(file);
    } catch (RuncibleException e) {
      return Optional.empty();
    }
  }

  /**
   * Says whether the rules of a clean-up spare a name; durable.
   *
   * @return whether that is new
   * @throws RuncibleException NOT_FOUND if the store itself does not have the name
   */
  public boolean pin(ImageReference reference, boolean pinned) {
    Path file = file(directory, reference);
    return update(
        reference,
        // Nothing but the name keeps the content: no clean-up may come between look and write.
        () -> lock.whileShared(() -> pin(file, reference, pinned)));
  }

  private boolean pin(Path file, ImageReference reference, boolean pinned) {
    ImageRecord record = read(file).orElseThrow(() -> unknown(reference));
    return record.pinned() != pinned && write(file, record.withPinned(pinned));
  }

  private static RuncibleException unknown(ImageReference reference) {
    return new RuncibleException(
        ErrorKind.NOT_FOUND, reference + " is not a name of this store itself");
  }

  /**
   * Forgets a name, a pinned one, too, durably: it must not come back after a power cut, when its
   * content may be gone. The content stays until a clean-up. Names of additional stores stay.
   *
   * @return whether it was known
   */
  public boolean remove(ImageReference reference) {
    Path file = file(directory, reference);
    boolean known = StoreFiles.delete(file);
    if (known) {
      try {
        StoreFiles.sync(Objects.requireNonNull(file.getParent()));
      } catch (NativeException e) {
        if (e.errno() != Errno.ENOENT) { // The last name of its repository.
          throw e;
        }
      }
    }
    return known;
  }

  /** All names, with those of additional stores, in no order. Damaged records are left out. */
  public List<ImageRecord> list() {
    Map<String, ImageRecord> found = new LinkedHashMap<>();
    for (Path root : roots()) {
      for (Path repository : StoreFiles.list(root)) {
        readable(repository).forEach(r -> found.putIfAbsent(r.reference().toString(), r));
      }
    }
    return List.copyOf(found.values());
  }

  /** The tags of a repository, sorted, with those of additional stores. */
  List<String> tags(ImageReference repository) {
    return roots().stream()
        .flatMap(root -> readable(repository(root, repository)).stream())
        .flatMap(image -> image.reference().tag().stream())
        .distinct()
        .sorted()
        .toList();
  }

  private static List<ImageRecord> readable(Path repository) {
    List<ImageRecord> found = new ArrayList<>();
    for (Path file : StoreFiles.list(repository, RECORDS)) {
      try {
        read(file).ifPresent(found::add);
      } catch (RuncibleException e) {
        log()
            .warn("left out of the list of images: {}; see the check of the store", e.getMessage());
      }
    }
    return found;
  }

  /**
   * The store's own names; a damaged record is an error. Removes what killed processes left of
   * others, and repositories without a name. The caller holds the store exclusively.
   */
  List<ImageRecord> sweep() {
    List<ImageRecord> found = new ArrayList<>();
    for (Path repository : StoreFiles.list(directory)) {
      List<Path> files = new ArrayList<>(StoreFiles.list(repository));
      List<Path> unfinished =
          files.stream().filter(file -> file.getFileName().toString().startsWith(".")).toList();
      unfinished.forEach(StoreFiles::delete);
      files.removeAll(unfinished);
      if (files.isEmpty()) {
        StoreFiles.delete(repository);
      }
      for (Path file : files) {
        if (file.getFileName().toString().matches(RECORD)) {
          read(file).ifPresent(found::add);
        }
      }
    }
    return found;
  }

  /** The same as {@link #remove} by one who holds the store exclusively. */
  void removeWithRepository(ImageReference reference) {
    remove(reference);
    Path repository = repository(directory, reference);
    if (StoreFiles.list(repository).isEmpty()) {
      StoreFiles.delete(repository);
    }
  }

  /**
   * The records that are damaged or cannot be read, each with the reason, with those of additional
   * stores.
   */
  public Map<Path, String> damaged() {
    Map<Path, String> damaged = new LinkedHashMap<>();
    for (Path root : roots()) {
      for (Path file : files(root)) {
        try {
          read(file);
        } catch (RuncibleException e) {
          damaged.put(file, String.valueOf(e.getMessage()));
        }
      }
    }
    return damaged;
  }

  /**
   * Removes a damaged record, so that a clean-up knows again what is used; its name is lost. One of
   * an additional store stays, and so does one that cannot be read, which may be sound.
   */
  public void removeDamaged(Path record) {
    if (record.startsWith(directory) && isDamaged(record)) {
      StoreFiles.delete(record);
    }
  }

  private static boolean isDamaged(Path record) {
    try {
      read(record);
      return false;
    } catch (RuncibleException e) {
      return e.kind() == ErrorKind.CORRUPT_DATA;
    }
  }

  private List<Path> roots() {
    List<Path> all = new ArrayList<>(List.of(directory));
    all.addAll(additional);
    return all;
  }

  private static List<Path> files(Path root) {
    return StoreFiles.list(root).stream()
        .flatMap(repository -> StoreFiles.list(repository, RECORDS).stream())
        .toList();
  }

  static Optional<ImageRecord> read(Path file) {
    try {
      return JsonRecord.read(file, Stored.class).map(Stored::toRecord);
    } catch (RuncibleException e) {
      throw e.kind() == ErrorKind.INVALID_INPUT ? damaged(file, e.getMessage(), e) : e;
    } catch (NullPointerException e) {
      throw damaged(file, "a field is missing", e);
    }
  }

  private static RuncibleException damaged(Path file, @Nullable String why, RuntimeException e) {
    return new RuncibleException(
        ErrorKind.CORRUPT_DATA, "'" + file + "' is no record of an image: " + why, e);
  }

  /** A reference may hold characters, and a length, that a file name may not. */
  private static Path file(Path root, ImageReference reference) {
    return repository(root, reference).resolve(hash(reference.toString()) + ".json");
  }

  private static Path repository(Path root, ImageReference reference) {
    return root.resolve(hash(reference.name()));
  }

  private static String hash(String name) {
    return Digest.sha256(name.getBytes(StandardCharsets.UTF_8)).hex();
  }

  private record Stored(
      String reference,
      String mediaType,
      String digest,
      long size,
      long createdMillis,
      boolean pinned,
      Set<String> blobs,
      Set<String> layers,
      boolean unpacked) {
    static Stored of(ImageRecord image) {
      return new Stored(
          image.reference().toString(),
          image.manifest().mediaType(),
          image.manifest().digest().toString(),
          image.manifest().size(),
          image.created().toEpochMilli(),
          image.pinned(),
          texts(image.blobs()),
          texts(image.layers()),
          image.unpacked());
    }

    ImageRecord toRecord() {
      return new ImageRecord(
          ImageReference.parse(reference),
          Descriptor.of(mediaType, Digest.parse(digest), size),
          Instant.ofEpochMilli(createdMillis),
          pinned,
          digests(blobs),
          digests(layers),
          unpacked);
    }

    private static Set<String> texts(Set<Digest> digests) {
      return digests.stream().map(Digest::toString).collect(Collectors.toSet());
    }

    private static Set<Digest> digests(Set<String> texts) {
      Set<Digest> digests = new HashSet<>();
      for (String text : texts) {
        digests.add(Digest.parse(text));
      }
      return digests;
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(ImageStore.class);
  }
}
