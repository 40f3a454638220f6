package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileContent;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.ProjectQuota;
import io.runcible.snapshot.DirectoryCopy;
import io.runcible.state.JsonRecord;
import io.runcible.state.LockFile;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Volumes on disk: {@code NAME/volume.json} and {@code NAME/data}, and {@code NAME/fill} while it
 * is filled. A name comes and goes as a whole, by a rename, under one lock of all processes, which
 * is held for no longer than that; filling has a lock of its own for each volume.
 *
 * <p>Who uses a volume is in the records of the containers, which are written before the volume is
 * looked for: one that is removed at the same time is made anew.
 */
final class VolumeStore {
  private static final Duration LOCK_LIMIT = Duration.ofMinutes(1);
  private static final Duration FILL_LIMIT = Duration.ofHours(6);
  private static final String NEW = ".new-";
  private static final String GONE = ".gone-";

  private final PrivilegedHost host;
  private final Path root;
  private final Path containers;

  VolumeStore(PrivilegedHost host, Path root, Path containers) {
    this.host = host;
    this.root = root;
    this.containers = containers;
  }

  VolumeInfo create(VolumeSpec spec) {
    return locked(
        () -> {
          if (Files.exists(directory(spec.name()))) {
            throw new RuncibleException(
                ErrorKind.ALREADY_EXISTS, "there is a volume '" + spec.name() + "' already");
          }
          VolumeRecord record = VolumeRecord.of(spec);
          make(spec.name(), record);
          return info(spec.name(), record, uses());
        });
  }

  /** Makes sure that a container has its named volumes; its record names them already. */
  void require(ContainerRecord container) {
    if (container.storage().volumes().isEmpty()) {
      return;
    }
    locked(
        () -> {
          for (String name : container.storage().volumes()) {
            if (!Files.exists(directory(name))) {
              make(name, VolumeRecord.of(VolumeSpec.of(name)));
            }
          }
          return true;
        });
  }

  /** A volume that goes with a container; returns its name. */
  String makeAnonymous(ContainerRecord container, int number) {
    String name = container.token() + "-" + number;
    locked(
        () -> {
          make(name, VolumeRecord.anonymous(container));
          return true;
        });
    return name;
  }

  /** Whether these are the files of a volume that goes with a container. */
  boolean isDataOf(Path files, ContainerRecord container) {
    Path volume = files.getParent();
    return volume != null
        && root.equals(volume.getParent())
        && volume.getFileName().toString().startsWith(container.token() + "-");
  }

  private void make(String name, VolumeRecord record) {
    Path unnamed = root.resolve(NEW + UUID.randomUUID());
    try {
      Files.createDirectory(unnamed);
      if (record.maxBytes() > 0) {
        ProjectQuota.limit(List.of(unnamed), record.maxBytes());
      }
      makeEmpty(unnamed.resolve("data"));
      JsonRecord.write(unnamed.resolve("volume.json"), record, !record.isAnonymous());
      Files.move(unnamed, directory(name), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      host.removeTree(unnamed);
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot make the volume '" + name + "': " + e.getMessage(), e);
    } catch (RuntimeException e) {
      host.removeTree(unnamed);
      throw e;
    }
  }

  private static void makeEmpty(Path data) throws IOException {
    Files.createDirectory(data);
    Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  Optional<VolumeInfo> find(String name) {
    VolumeSpec.requireName(name);
    return read(name).map(record -> info(name, record, uses()));
  }

  List<VolumeInfo> list() {
    List<String> names = names("[a-zA-Z0-9]*");
    // After the names: what has a volume is written before it.
    VolumeUses uses = uses();
    List<VolumeInfo> found = new ArrayList<>();
    for (String name : names) {
      readable(name).ifPresent(record -> found.add(info(name, record, uses)));
    }
    return found;
  }

  private Optional<VolumeRecord> readable(String name) {
    try {
      return read(name);
    } catch (RuncibleException e) {
      log().warn("the volume '{}' is left out: {}", name, e.getMessage());
      return Optional.empty();
    }
  }

  private VolumeInfo info(String name, VolumeRecord record, VolumeUses uses) {
    return new VolumeInfo(
        name,
        data(name),
        Instant.ofEpochMilli(record.createdMillis()),
        record.labels(),
        record.maxBytes() > 0 ? OptionalLong.of(record.maxBytes()) : OptionalLong.empty(),
        record.isAnonymous(),
        users(name, record, uses));
  }

  /** Others may have what goes with a container, too, by its name. */
  private List<String> users(String name, VolumeRecord volume, VolumeUses uses) {
    List<String> users = uses.of(name);
    if (!isOwned(volume) || users.contains(volume.container())) {
      return users;
    }
    List<String> all = new ArrayList<>(List.of(volume.container()));
    all.addAll(users);
    return all;
  }

  private VolumeUses uses() {
    return VolumeUses.read(containers);
  }

  boolean remove(String name) {
    VolumeSpec.requireName(name);
    Optional<Path> gone =
        locked(
            () -> {
              if (!Files.exists(directory(name))) {
                return Optional.empty();
              }
              requireUnused(name);
              return Optional.of(takeAway(name));
            });
    gone.ifPresent(this::delete);
    return gone.isPresent();
  }

  private void requireUnused(String name) {
    VolumeUses uses = uses();
    List<String> users =
        readable(name).map(one -> users(name, one, uses)).orElseGet(() -> uses.of(name));
    if (!users.isEmpty()) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "the volume '"
              + name
              + "' is in use by "
              + String.join(", ", users)
              + "; remove it first");
    }
    uses.requireWhole();
  }

  List<String> prune() {
    List<Path> gone = new ArrayList<>();
    List<String> pruned =
        locked(
            () -> {
              VolumeUses uses = uses();
              List<String> unused =
                  list().stream()
                      .filter(volume -> volume.users().isEmpty() && uses.isUnused(volume.name()))
                      .map(VolumeInfo::name)
                      .toList();
              unused.forEach(name -> gone.add(takeAway(name)));
              return unused;
            });
    gone.forEach(this::delete);
    return pruned;
  }

  /**
   * Removes the volumes that go with a container, which has lost its name. What another one has
   * mounted, too, stays until {@link #prune} or {@link #reclaim} finds it without any.
   */
  void release(String token) {
    List<String> own =
        names(token + "-*").stream()
            .filter(name -> readable(name).filter(one -> one.token().equals(token)).isPresent())
            .toList();
    if (!own.isEmpty()) {
      List<Path> gone =
          locked(() -> own.stream().filter(uses()::isUnused).map(this::takeAway).toList());
      gone.forEach(this::delete);
    }
  }

  /**
   * What an engine does when it opens: removes what kills have left, and the volumes of containers
   * that are gone. Volumes are looked at before containers, which are written before them.
   */
  void reclaim() {
    if (!Files.isDirectory(root)) {
      return;
    }
    List<Path> gone =
        locked(
            () -> {
              List<Path> doomed = new ArrayList<>();
              names(NEW + "*").forEach(name -> doomed.add(takeAway(name)));
              names(GONE + "*").forEach(name -> doomed.add(root.resolve(name)));
              VolumeUses uses = uses();
              for (String name : names("[a-zA-Z0-9]*")) {
                readable(name)
                    .filter(one -> one.isAnonymous() && !isOwned(one) && uses.isUnused(name))
                    .ifPresent(record -> doomed.add(takeAway(name)));
              }
              return doomed;
            });
    gone.stream().distinct().forEach(this::delete);
  }

  private boolean isOwned(VolumeRecord volume) {
    if (!volume.isAnonymous()) {
      return false;
    }
    try {
      return ContainerRecord.read(ContainerDirectory.of(containers, volume.container()))
          .filter(container -> container.token().equals(volume.token()))
          .isPresent();
    } catch (RuncibleException e) {
      // It may be the one; the engine that cannot read it removes it, and the next one this.
      return true;
    }
  }

  private Path takeAway(String name) {
    Path gone = root.resolve(GONE + UUID.randomUUID());
    try {
      Files.move(root.resolve(name), gone, StandardCopyOption.ATOMIC_MOVE);
      return gone;
    } catch (NoSuchFileException e) {
      return gone;
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot remove the volume '" + name + "'", e);
    }
  }

  private void delete(Path gone) {
    if (!host.rootless()) {
      ProjectQuota.release(gone);
    }
    host.removeTree(gone);
  }

  /**
   * Makes a volume ready for a container: its first one fills it.
   *
   * @param source the directory of the container's root file system to fill it from, without
   *     symbolic links, as the host of privileged work names it; empty for none
   * @return the directory to mount
   */
  Path use(String name, Optional<Path> source) {
    LockFile lock = LockFile.acquire(directory(name).resolve("lock"), true, FILL_LIMIT);
    try (lock) {
      VolumeRecord record =
          read(name)
              .orElseThrow(
                  () ->
                      new RuncibleException(
                          ErrorKind.NOT_FOUND, "the volume '" + name + "' was removed by hand"));
      if (!record.used()) {
        if (record.filled() && source.isPresent()) {
          fill(name, source.get(), record);
        }
        JsonRecord.write(
            directory(name).resolve("volume.json"), record.asUsed(), !record.isAnonymous());
      }
      return data(name);
    }
  }

  /** The files come by a rename, which takes no place that has something in it. */
  private void fill(String name, Path source, VolumeRecord record) {
    Path fresh = directory(name).resolve("fill");
    if (Files.exists(fresh)) {
      host.removeTree(fresh);
    }
    if (!isEmpty(data(name))) {
      return;
    }
    try {
      makeEmpty(fresh);
      DirectoryCopy.copy(host, source, fresh);
      if (!record.isAnonymous()) {
        try (FileDescriptor opened = FileCalls.openDirectory(directory(name))) {
          FileContent.syncFileSystem(opened);
        }
      }
      Files.move(fresh, data(name), StandardCopyOption.ATOMIC_MOVE);
    } catch (DirectoryNotEmptyException e) {
      host.removeTree(fresh); // Somebody has put something in meanwhile.
    } catch (IOException e) {
      host.removeTree(fresh);
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot fill the volume '" + name + "': " + e.getMessage(), e);
    } catch (RuncibleException e) {
      host.removeTree(fresh);
      throw new RuncibleException(
          e.kind(), "cannot fill the volume '" + name + "': " + e.getMessage(), e);
    }
  }

  private static boolean isEmpty(Path directory) {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      return !entries.iterator().hasNext();
    } catch (AccessDeniedException e) {
      return false; // Somebody has given it to another id.
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot list '" + directory + "'", e);
    }
  }

  private Path directory(String name) {
    return root.resolve(name);
  }

  private Path data(String name) {
    return directory(name).resolve("data");
  }

  private Optional<VolumeRecord> read(String name) {
    return JsonRecord.read(directory(name).resolve("volume.json"), VolumeRecord.class);
  }

  /** None if there was never any. */
  private List<String> names(String glob) {
    List<String> found = new ArrayList<>();
    if (Files.notExists(root)) {
      return found;
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(root, glob)) {
      entries.forEach(entry -> found.add(entry.getFileName().toString()));
      found.sort(null);
      return found;
    } catch (NoSuchFileException e) {
      return found;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot list '" + root + "'", e);
    }
  }

  private <T> T locked(Supplier<T> work) {
    try {
      Files.createDirectories(
          root, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + root + "'", e);
    }
    LockFile lock = LockFile.acquire(root.resolve(".lock"), true, LOCK_LIMIT);
    try (lock) {
      return work.get();
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(VolumeStore.class);
  }
}
