package io.runcible.engine;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import io.runcible.archive.Hashers;
import io.runcible.engine.StoreReport.Kind;
import io.runcible.engine.StoreReport.Problem;
import io.runcible.image.Image;
import io.runcible.image.Platform;
import io.runcible.snapshot.Snapshotter;
import io.runcible.snapshot.Unpacker;
import io.runcible.store.ImageRecord;
import io.runcible.store.Lease;
import io.runcible.store.LocalStore;
import io.runcible.store.Sweep;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks and repairs a store that others work on meanwhile: what is missing counts only if its name
 * is still there when it has been looked for.
 */
final class StoreCheck {
  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static final int BUFFER = 128 * 1024;

  private final LocalStore store;
  private final Snapshotter snapshotter;
  private final Unpacker unpacker;
  private final Platform platform;
  private final Supplier<List<ContainerRecord>> containers;

  StoreCheck(
      LocalStore store,
      Snapshotter snapshotter,
      Unpacker unpacker,
      Platform platform,
      Supplier<List<ContainerRecord>> containers) {
    this.store = store;
    this.snapshotter = snapshotter;
    this.unpacker = unpacker;
    this.platform = platform;
    this.containers = containers;
  }

  StoreReport check(boolean files) {
    List<Problem> problems = new ArrayList<>();
    store.images().damaged().forEach((file, why) -> add(problems, Kind.DAMAGED_RECORD, file, why));
    List<ImageRecord> names = store.images().list();
    Set<Digest> blobs = new LinkedHashSet<>(store.content().list());
    // What only an additional store has, too.
    names.forEach(name -> name.blobs().stream().filter(this::isThere).forEach(blobs::add));
    blobs.forEach(digest -> blob(digest, problems));
    names.forEach(name -> name(name, problems));
    List<Digest> layers = snapshotter.list();
    if (files) {
      files(names, problems);
    }
    return new StoreReport(names.size(), blobs.size(), layers.size(), distinct(problems));
  }

  private static void add(List<Problem> problems, Kind kind, Object subject, String detail) {
    problems.add(new Problem(kind, subject.toString(), detail));
  }

  /** The same blob may be missing to many names; the first is told. */
  private static List<Problem> distinct(List<Problem> problems) {
    Set<String> seen = new HashSet<>();
    return problems.stream().filter(p -> seen.add(p.kind() + p.subject())).toList();
  }

  private boolean isThere(Digest digest) {
    return store.content().contains(digest);
  }

  private void blob(Digest digest, List<Problem> problems) {
    Digest.Hasher hasher = Hashers.of(digest);
    byte[] buffer = new byte[BUFFER];
    try (InputStream content = store.content().open(digest)) {
      for (int count = content.read(buffer); count >= 0; count = content.read(buffer)) {
        if (Thread.currentThread().isInterrupted()) {
          throw new RuncibleException(ErrorKind.CANCELLED, "the check was interrupted");
        }
        hasher.update(buffer, 0, count);
      }
      Digest actual = hasher.finish();
      if (!actual.equals(digest)) {
        Path file = store.content().path(digest);
        add(problems, Kind.DAMAGED_BLOB, digest, "'" + file + "' has the content " + actual);
      }
    } catch (IOException e) {
      unreadable(digest, e, problems);
    } catch (RuncibleException e) {
      if (e.getCause() instanceof IOException why && e.kind() == ErrorKind.UNAVAILABLE) {
        unreadable(digest, why, problems);
      } else if (e.kind() != ErrorKind.NOT_FOUND) { // Removed meanwhile.
        throw e;
      }
    }
  }

  private void unreadable(Digest digest, IOException why, List<Problem> problems) {
    Path file = store.content().path(digest);
    add(problems, Kind.UNREADABLE_BLOB, digest, "'" + file + "' cannot be read: " + why);
  }

  private void name(ImageRecord name, List<Problem> problems) {
    List<Problem> missing = new ArrayList<>();
    String detail = name.reference() + " needs it";
    for (Digest digest : name.blobs()) {
      if (!isThere(digest)) {
        add(missing, Kind.MISSING_BLOB, digest, detail);
      }
    }
    for (Digest id : name.unpacked() ? name.layers() : Set.<Digest>of()) {
      if (!snapshotter.contains(id)) {
        add(missing, Kind.MISSING_LAYER, id, detail);
      }
    }
    if (!missing.isEmpty() && isStill(name)) {
      problems.addAll(missing);
    }
  }

  private boolean isStill(ImageRecord name) {
    return store.images().find(name.reference()).filter(name::isLike).isPresent();
  }

  private void files(List<ImageRecord> names, List<Problem> problems) {
    Set<Digest> done = new HashSet<>();
    for (ImageRecord name : names) {
      with(
              name,
              image ->
                  unpacker
                      .compare(image, done::add)
                      .forEach((id, how) -> add(problems, Kind.DAMAGED_LAYER, id, how)))
          .filter(why -> name.layers().stream().anyMatch(snapshotter::contains) && isStill(name))
          .ifPresent(why -> add(problems, Kind.NOT_COMPARED, name.reference(), message(why)));
    }
  }

  private static String message(RuncibleException failure) {
    return String.valueOf(failure.getMessage());
  }

  /**
   * Works on an image that stays.
   *
   * @return why it cannot be worked on, if it is gone, damaged, not to be read or for another
   *     platform
   */
  private Optional<RuncibleException> with(ImageRecord name, Consumer<Image> work) {
    try (Lease lease = store.lease()) {
      lease.keep(name.blobs());
      lease.keep(name.layers());
      work.accept(store.image(name.reference(), name.manifest(), platform));
      return Optional.empty();
    } catch (RuncibleException e) {
      switch (e.kind()) {
        case NOT_FOUND, CORRUPT_DATA, FAILED_PRECONDITION, INVALID_INPUT, UNAVAILABLE -> {
          log().debug("cannot be worked on: {}", name.reference(), e);
          return Optional.of(e);
        }
        case UNSUPPORTED -> {
          if (name.unpacked()) { // Otherwise it may be no image to run.
            throw e;
          }
          return Optional.of(e);
        }
        default -> throw e;
      }
    }
  }

  StoreReport repair(boolean files) {
    Set<String> layers = new HashSet<>();
    for (Problem problem : check(files).problems()) {
      switch (problem.kind()) {
        case DAMAGED_RECORD -> store.images().removeDamaged(Path.of(problem.subject()));
        case DAMAGED_BLOB -> store.content().removeDamaged(Digest.parse(problem.subject()));
        case DAMAGED_LAYER -> {
          if (removed(Digest.parse(problem.subject()))) {
            layers.add(problem.subject());
          }
        }
        case MISSING_LAYER -> layers.add(problem.subject());
        case MISSING_BLOB, NOT_COMPARED -> {
          // The next pull brings what is missing.
        }
        case UNREADABLE_BLOB -> {
          // It may be sound, and all there is.
        }
      }
    }
    snapshotter.clean();
    unpackAgain(layers);
    return check(files);
  }

  /** Whether a damaged layer is out of the way: nobody was using it. */
  private boolean removed(Digest layer) {
    try (Sweep sweep = store.sweep(LIMIT)) {
      Optional<ContainerRecord> user =
          containers.get().stream()
              .filter(container -> container.layers().contains(layer.toString()))
              .findAny();
      if (user.isPresent() || sweep.leased().contains(layer)) {
        return false;
      }
      snapshotter.remove(layer);
      return true;
    }
  }

  private void unpackAgain(Set<String> layers) {
    if (layers.isEmpty()) {
      return;
    }
    for (ImageRecord name : store.images().list()) {
      Set<String> own = name.layers().stream().map(Digest::toString).collect(Collectors.toSet());
      own.retainAll(layers);
      if (!own.isEmpty()) {
        with(name, image -> unpacker.unpack(image, ProgressListener.NONE));
      }
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(StoreCheck.class);
  }
}
