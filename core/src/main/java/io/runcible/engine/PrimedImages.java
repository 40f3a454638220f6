package io.runcible.engine;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import io.runcible.state.JsonRecord;
import io.runcible.state.LockFile;
import io.runcible.store.Lease;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Images of containers that were filled and stopped, each made once. For each there are a lock and
 * a record of its last use, beside its name in the store: who looks for it holds the lock shared,
 * and who makes it or takes it away alone.
 */
final class PrimedImages {
  private static final String REPOSITORY = "localhost/runcible/primed";

  /** The same in all forks: there are programs that find their files by the name of the host. */
  private static final String HOSTNAME = "primed";

  private static final String RECORD = ".json";
  private static final int TRIES = 3;

  /** For somebody else who makes the same. */
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(10);

  private final EngineParts parts;
  private final Function<ContainerSpec, Container> create;
  private final Path directory;

  /** What is known of one besides its image. */
  private record Use(String name, long usedMillis, long keepMillis) {}

  PrimedImages(EngineParts parts, Function<ContainerSpec, Container> create) {
    this.parts = parts;
    this.create = create;
    this.directory = parts.containers().resolveSibling("primed");
  }

  ContainerSpec prime(ContainerSpec wanted, Priming priming) {
    requireForkable(wanted);
    ContainerSpec spec =
        wanted.hostname().isPresent() ? wanted : wanted.toBuilder().hostname(HOSTNAME).build();
    makeDirectory();
    for (int i = 0; i < TRIES; i++) {
      Digest base = base(spec);
      String key = PrimedKey.of(base, spec, priming);
      ImageReference image = reference(key);
      if (isThere(key, image, priming)) {
        return spec.fork(image);
      }
      if (makeAlone(key, image, spec, priming, base)) {
        removeOld(key);
        return spec.fork(image);
      }
    }
    throw new RuncibleException(
        ErrorKind.FAILED_PRECONDITION,
        "the priming '"
            + priming.name()
            + "' is not kept: "
            + spec.image()
            + " became another image at each of "
            + TRIES
            + " attempts");
  }

  /** Unless somebody else has made it while this one waited. */
  private boolean makeAlone(
      String key, ImageReference image, ContainerSpec spec, Priming priming, Digest base) {
    LockFile alone = LockFile.acquire(lock(key), true, LONGEST_WAIT);
    boolean made = false;
    try {
      made = isWhole(image) || makeAgain(image, spec, priming, base);
      if (made) {
        remember(key, priming);
      }
      return made;
    } finally {
      if (made) {
        alone.close();
      } else {
        alone.closeAndRemove();
      }
    }
  }

  /** What is left of a damaged one goes first, so that nothing of it is taken for the new one. */
  private boolean makeAgain(
      ImageReference image, ContainerSpec spec, Priming priming, Digest base) {
    if (parts.images().list().contains(image)) {
      parts.images().forget(List.of(image));
    }
    return make(spec, priming, base, image);
  }

  /** Whether containers can be made of it, now. */
  private boolean isWhole(ImageReference image) {
    try (Lease lease = parts.images().lease()) {
      return parts.images().findWhole(image, lease).isPresent();
    }
  }

  private static void requireForkable(ContainerSpec spec) {
    if (spec.userNamespace().kind() == UserNamespace.Kind.KEPT) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "what a container changes that keeps the id of its user is not kept apart from the copy"
              + " of its image, so none can be primed; prime without, and fork with it");
    }
    for (Mount mount : spec.mounts()) {
      if (mount.kind() == Mount.Kind.VOLUME && mount.name().isPresent() && !mount.isReadOnly()) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT,
            "the volume '"
                + mount.name().get()
                + "' would be one for all that begin with the primed state: use a volume without a"
                + " name, or mount it read-only");
      }
    }
  }

  private boolean isThere(String key, ImageReference image, Priming priming) {
    LockFile shared = LockFile.acquire(lock(key), false, LONGEST_WAIT);
    try (shared) {
      boolean there = isWhole(image);
      if (there) {
        remember(key, priming);
      }
      return there;
    }
  }

  private void remember(String key, Priming priming) {
    Use use = new Use(priming.name(), System.currentTimeMillis(), priming.keep().toMillis());
    JsonRecord.write(directory.resolve(key + RECORD), use, false);
  }

  /** What the name stands for now. */
  private Digest base(ContainerSpec spec) {
    try (Lease lease = parts.images().lease()) {
      return parts.images().require(spec.image(), lease).descriptor().digest();
    }
  }

  /** False, and nothing is made, if the name of the base stands for another image meanwhile. */
  private boolean make(ContainerSpec spec, Priming priming, Digest base, ImageReference image) {
    try (Container container = create.apply(spec.once())) {
      if (!base(spec).equals(base)) {
        return false;
      }
      initialize(container, priming);
      requireStopped(container, priming);
      if (!base(spec).equals(base)) {
        return false;
      }
      keep(container, spec, priming, image);
      return true;
    }
  }

  private static void initialize(Container container, Priming priming) {
    try {
      priming.initializer().initialize(container);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "the priming '" + priming.name() + "' failed: " + e.getMessage(),
          e);
    }
  }

  /** What was killed, or failed by itself, may have left its files as they should not be. */
  private static void requireStopped(Container container, Priming priming) {
    if (!container.isStarted()) {
      return;
    }
    boolean ran = container.isRunning();
    ExitStatus end = ran ? container.stop(priming.grace()) : container.waitFor();
    boolean killed = end.equals(ExitStatus.ofSignal(Signals.KILL)) || end.outOfMemory();
    if (killed || (!ran && !end.isSuccess())) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "the priming '"
              + priming.name()
              + "' is not kept: its container ended with code "
              + end.code()
              + (end.outOfMemory()
                  ? ", out of memory"
                  : ran ? ", not within " + priming.grace() : ", before it was to stop"));
    }
  }

  private void keep(
      Container container, ContainerSpec spec, Priming priming, ImageReference image) {
    Map<String, Path> volumes = container.ownVolumes();
    container.commit(
        image,
        config -> {
          Set<String> declared = new HashSet<>(config.build().volumes());
          spec.mounts().stream()
              .filter(ContainerSpec::isForked)
              .forEach(mount -> declared.add(mount.destination()));
          Map<String, String> labels = new HashMap<>(config.build().labels());
          labels.put(Priming.LABEL, priming.name());
          config.volumes(declared).labels(labels);
        },
        volumes);
    try (Lease lease = parts.images().lease()) {
      parts.images().requirePrimed(image, lease);
    } catch (RuntimeException e) {
      parts.images().remove(image.toString());
      throw e;
    }
  }

  /** Those that nobody has asked for, for as long as their primings say. */
  private void removeOld(String own) {
    Map<String, LockFile> old = new LinkedHashMap<>();
    try (DirectoryStream<Path> records =
        Files.newDirectoryStream(directory, "[0-9a-f]*" + RECORD)) {
      for (Path record : records) {
        String key = record.getFileName().toString().replace(RECORD, "");
        if (!key.equals(own) && isOld(record)) {
          // Whoever makes it or looks for it just now keeps it.
          LockFile.tryAcquire(lock(key), true).ifPresent(lock -> old.put(key, lock));
        }
      }
      old.entrySet().removeIf(one -> closeUnlessOld(one.getKey(), one.getValue()));
      parts.images().forget(old.keySet().stream().map(PrimedImages::reference).toList());
      for (String key : old.keySet()) {
        Files.deleteIfExists(directory.resolve(key + RECORD));
      }
    } catch (IOException | RuncibleException e) {
      log().warn("cannot remove primed images; a later priming tries again", e);
    } finally {
      old.values().forEach(LockFile::closeAndRemove);
    }
  }

  private boolean closeUnlessOld(String key, LockFile lock) {
    boolean used = !isOld(directory.resolve(key + RECORD));
    if (used) {
      lock.close();
    }
    return used;
  }

  private static ImageReference reference(String key) {
    return ImageReference.parse(REPOSITORY + ":" + key);
  }

  private static boolean isOld(Path record) {
    try {
      Optional<Use> use = JsonRecord.read(record, Use.class);
      return use.filter(one -> System.currentTimeMillis() - one.usedMillis() > one.keepMillis())
          .isPresent();
    } catch (RuncibleException e) {
      return e.kind() == ErrorKind.CORRUPT_DATA;
    }
  }

  private Path lock(String key) {
    return directory.resolve(key + ".lock");
  }

  private void makeDirectory() {
    try {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + directory + "'", e);
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(PrimedImages.class);
  }
}
