package io.runcible.snapshot;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileContent;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.state.LockFile;
import io.runcible.store.LocalStore;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A directory for each layer. In the form of the overlay file system it lies in {@code
 * snapshots/HEX/fs}, to be copied in {@code snapshots/HEX/copy}, or both; one on its way in {@code
 * snapshots/HEX.new}, under the lock of its chainId; one that was removed in {@code
 * snapshots/HEX.gone-RANDOM} until its files are.
 */
abstract class LayerDirectories implements Snapshotter {
  private static final Duration UNPACK_LIMIT = Duration.ofHours(6);
  private static final String SNAPSHOTS = "snapshots";
  static final String FS = "fs";
  static final String COPY = "copy";
  private static final String NEW = ".new";
  private static final String GONE = ".gone-";
  private static final String LOCK = "snapshot-";

  private final Path snapshots;
  private final Path locks;
  private final List<Path> additional;
  final PrivilegedHost host;

  LayerDirectories(LocalStore store, PrivilegedHost host) {
    this.snapshots = store.root().resolve(SNAPSHOTS);
    this.locks = store.root().resolve("locks");
    this.additional = store.additional().stream().map(other -> other.resolve(SNAPSHOTS)).toList();
    this.host = host;
    try {
      Files.createDirectories(snapshots);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + snapshots + "'", e);
    }
    clean();
  }

  @Override
  public boolean contains(Digest chainId) {
    return Files.isDirectory(directory(chainId));
  }

  /** What directories of layers that can be used are called; the first are those made here. */
  abstract List<String> names();

  @Override
  public Path directory(Digest chainId) {
    String layer = chainId.hex();
    Path own = snapshots.resolve(layer).resolve(names().get(0));
    if (additional.isEmpty() && names().size() == 1) {
      return own;
    }
    return stores().stream()
        .flatMap(store -> names().stream().map(name -> store.resolve(layer).resolve(name)))
        .filter(Files::isDirectory)
        .findFirst()
        .orElse(own);
  }

  /** Whether the directory of a layer has the form to be copied, and not that of an overlay. */
  static boolean isToCopy(Path directory) {
    return directory.endsWith(COPY);
  }

  @Override
  public List<Path> visible(List<Digest> chain) {
    List<Path> layers = new ArrayList<>();
    for (int i = chain.size() - 1; i >= 0; i--) {
      Path layer = directory(chain.get(i));
      layers.add(layer);
      if (UnpackedLayer.isOpaque(layer)) {
        break;
      }
    }
    return layers;
  }

  /** The directories that layers lie in. */
  List<Path> stores() {
    return Stream.concat(Stream.of(snapshots), additional.stream()).toList();
  }

  @Override
  public Staging stage(Digest chainId) {
    LockFile lock = LockFile.acquire(locks.resolve(LOCK + chainId.hex()), true, UNPACK_LIMIT);
    try {
      return new LayerStaging(chainId, lock);
    } catch (RuntimeException e) {
      lock.closeAndRemove();
      throw e;
    }
  }

  @Override
  public List<Digest> list() {
    List<Digest> found = new ArrayList<>();
    for (Path entry : entries(snapshots, "*")) {
      String name = entry.getFileName().toString();
      if (!name.contains(".")) {
        found.add(new Digest("sha256", name));
      }
    }
    return found;
  }

  @Override
  public SnapshotUsage usage(Digest chainId) {
    Path layer = directory(chainId);
    // In a form that is not used here, too.
    List<Path> forms =
        Stream.of(FS, COPY).map(layer::resolveSibling).filter(Files::isDirectory).toList();
    if (forms.isEmpty()) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, "the layer " + chainId + " is not unpacked in the store");
    }
    return SnapshotUsage.of(forms);
  }

  @Override
  public SnapshotUsage usage(Path place) {
    if (!Files.isDirectory(place)) {
      throw new RuncibleException(ErrorKind.NOT_FOUND, "there is no directory '" + place + "'");
    }
    return SnapshotUsage.of(List.of(changes(place).orElse(place)));
  }

  @Override
  public void remove(Digest chainId) {
    Path doomed = snapshots.resolve(chainId.hex() + GONE + UUID.randomUUID());
    try {
      Files.move(snapshots.resolve(chainId.hex()), doomed, ATOMIC_MOVE);
    } catch (NoSuchFileException e) {
      // Gone, as it should be.
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot remove the layer " + chainId, e);
    }
  }

  @Override
  public void clean() {
    for (Path entry : entries(snapshots, "*.*")) {
      String name = entry.getFileName().toString();
      String lockName = name.endsWith(NEW) ? name.substring(0, name.length() - NEW.length()) : name;
      Optional<LockFile> lock = LockFile.tryAcquire(locks.resolve(LOCK + lockName), true);
      if (lock.isPresent()) {
        try {
          host.unmount(entry.resolve(Scratch.MOUNT));
          host.removeTree(entry);
        } catch (RuncibleException e) {
          if (e.kind() != ErrorKind.TIMEOUT) {
            throw e;
          }
          log().warn("cannot remove '{}'; a later clean-up tries again", entry, e);
        } finally {
          lock.get().closeAndRemove();
        }
      }
    }
    for (Path lock : entries(locks, LOCK + "*")) {
      LockFile.tryAcquire(lock, true).ifPresent(LockFile::closeAndRemove);
    }
  }

  /** A directory for a while, beside the layers. */
  Scratch scratch() {
    String name = "scratch." + UUID.randomUUID();
    LockFile lock = LockFile.acquire(locks.resolve(LOCK + name), true, UNPACK_LIMIT);
    Path path = snapshots.resolve(name);
    try {
      Files.createDirectories(path.resolve(FS));
      return new Scratch(path, lock);
    } catch (IOException e) {
      try (lock) {
        host.removeTree(path);
        lock.closeAndRemove();
      }
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot write to '" + snapshots + "'", e);
    }
  }

  /** What a kill leaves of one goes with {@link #clean}. */
  final class Scratch implements AutoCloseable {
    /** Where something may be mounted. */
    static final String MOUNT = "mount";

    private final Path path;
    private final LockFile lock;

    private Scratch(Path path, LockFile lock) {
      this.path = path;
      this.lock = lock;
    }

    Path path() {
      return path;
    }

    /** Where a layer may be unpacked. */
    Path fs() {
      return path.resolve(FS);
    }

    @Override
    public void close() {
      try {
        uninterrupted(
            () -> {
              host.unmount(path.resolve(MOUNT));
              host.removeTree(path);
            });
      } finally {
        lock.closeAndRemove();
      }
    }
  }

  /** An interrupt that was before does not end it; it would where another program removes. */
  static void uninterrupted(Runnable removal) {
    boolean interrupted = Thread.interrupted();
    try {
      removal.run();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static List<Path> entries(Path directory, String glob) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, glob)) {
      for (Path entry : entries) {
        found.add(entry);
      }
      return found;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot list '" + directory + "'", e);
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(LayerDirectories.class);
  }

  private final class LayerStaging implements Staging {
    private final Digest chainId;
    private final LockFile lock;
    private final Path staged;
    private boolean moved;
    private boolean closed;

    LayerStaging(Digest chainId, LockFile lock) {
      this.chainId = chainId;
      this.lock = lock;
      this.staged = snapshots.resolve(chainId.hex() + NEW);
      if (!isPresent()) {
        make();
      }
    }

    private void make() {
      try {
        try {
          Files.createDirectory(staged);
        } catch (FileAlreadyExistsException e) {
          host.removeTree(staged); // A process that was killed left it.
          Files.createDirectory(staged);
        }
        Files.createDirectory(staged.resolve(names().get(0)));
      } catch (IOException e) {
        host.removeTree(staged); // It may be the inner directory that has no room.
        throw new RuncibleException(
            ErrorKind.UNAVAILABLE, "cannot make '" + staged + "': " + e.getMessage(), e);
      }
    }

    @Override
    public boolean isPresent() {
      return contains(chainId);
    }

    @Override
    public Path directory() {
      return isPresent()
          ? LayerDirectories.this.directory(chainId)
          : staged.resolve(names().get(0));
    }

    @Override
    public void commit() {
      if (isPresent()) {
        return;
      }
      Path layer = snapshots.resolve(chainId.hex());
      try {
        if (!Files.isDirectory(layer) || !addForm(layer)) {
          Files.move(staged, layer, ATOMIC_MOVE);
          moved = true;
        }
      } catch (IOException e) {
        throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot keep the layer " + chainId, e);
      }
    }

    /**
     * Puts it beside the layer in another form, which others may be reading.
     *
     * @return false if the other form had to go
     */
    private boolean addForm(Path layer) throws IOException {
      String form = names().get(0);
      Path mark = layer.resolve(UnpackedLayer.OPAQUE_MARK);
      if (UnpackedLayer.isOpaque(staged.resolve(form)) && !Files.exists(mark)) {
        Files.createFile(mark);
      }
      try {
        Files.move(staged.resolve(form), layer.resolve(form), ATOMIC_MOVE);
      } catch (AccessDeniedException e) {
        // One that an ordinary user may not write to has to stay in its parent.
        remove(chainId);
        return false;
      }
      try (FileDescriptor names = FileCalls.openDirectory(layer)) {
        FileContent.sync(names); // LocalStore.record does it for the directory of all layers.
      }
      return true;
    }

    @Override
    public void close() {
      if (closed) {
        return;
      }
      closed = true;
      try {
        if (!moved) {
          uninterrupted(() -> host.removeTree(staged));
        }
      } finally {
        lock.closeAndRemove();
      }
    }
  }
}
