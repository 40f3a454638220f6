package io.runcible.snapshot;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.OverlayMount;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.state.LockFile;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Layers as directories that the kernel's overlay file system stacks. A layer lies in {@code
 * snapshots/HEX/fs}; one on its way in {@code snapshots/HEX.new/fs}, under the lock of its chainId.
 */
final class OverlaySnapshotter implements Snapshotter {
  private static final Duration UNPACK_LIMIT = Duration.ofHours(6);
  private static final String FS = "fs";
  private static final String NEW = ".new";
  private static final String LOCK = "snapshot-";

  private final Path snapshots;
  private final Path locks;
  private final PrivilegedHost host;

  OverlaySnapshotter(Path root, PrivilegedHost host) {
    this.snapshots = root.resolve("snapshots");
    this.locks = root.resolve("locks");
    this.host = host;
    try {
      Files.createDirectories(snapshots);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + snapshots + "'", e);
    }
    removeAbandoned();
  }

  @Override
  public boolean contains(Digest chainId) {
    return Files.isDirectory(directory(chainId));
  }

  @Override
  public Path directory(Digest chainId) {
    return snapshots.resolve(chainId.hex()).resolve(FS);
  }

  @Override
  public Staging stage(Digest chainId) {
    LockFile lock = LockFile.acquire(locks.resolve(LOCK + chainId.hex()), true, UNPACK_LIMIT);
    try {
      return new OverlayStaging(chainId, lock);
    } catch (RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  @Override
  public OverlayMount prepare(List<Digest> chain, Path place) {
    List<Path> lower = new ArrayList<>();
    for (int i = chain.size() - 1; i >= 0; i--) {
      Path layer = directory(chain.get(i));
      lower.add(layer);
      if (Files.exists(layer.resolveSibling(UnpackedLayer.OPAQUE_MARK))) {
        break;
      }
    }
    Path upper = place.resolve("upper");
    Path work = place.resolve("work");
    try {
      Files.createDirectory(upper);
      Files.createDirectory(work);
      if (lower.isEmpty()) {
        lower.add(Files.createDirectory(place.resolve("empty")));
      }
      // The root directory of the container shows the mode of the uppermost directory.
      Files.setPosixFilePermissions(
          upper,
          chain.isEmpty()
              ? PosixFilePermissions.fromString("rwxr-xr-x")
              : Files.getPosixFilePermissions(lower.get(0)));
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot make the writable layer '" + place + "'", e);
    }
    return new OverlayMount(lower, upper, work, true);
  }

  @Override
  public List<Digest> list() {
    List<Digest> found = new ArrayList<>();
    for (Path entry : entries(snapshots, "*")) {
      String name = entry.getFileName().toString();
      if (!name.endsWith(NEW)) {
        found.add(new Digest("sha256", name));
      }
    }
    return found;
  }

  @Override
  public void remove(Digest chainId) {
    // Out of sight at once; what a kill leaves is an abandoned one.
    Path layer = snapshots.resolve(chainId.hex());
    Path doomed = snapshots.resolve(chainId.hex() + NEW);
    try (LockFile lock =
        LockFile.acquire(locks.resolve(LOCK + chainId.hex()), true, UNPACK_LIMIT)) {
      host.removeTree(doomed);
      Files.move(layer, doomed, StandardCopyOption.ATOMIC_MOVE);
      host.removeTree(doomed);
      lock.closeAndRemove();
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot remove the layer " + chainId, e);
    }
  }

  /** Removes what killed processes left half unpacked, with the locks that nobody holds. */
  private void removeAbandoned() {
    for (Path entry : entries(snapshots, "*" + NEW)) {
      String name = entry.getFileName().toString();
      String id = name.substring(0, name.length() - NEW.length());
      LockFile.tryAcquire(locks.resolve(LOCK + id), true)
          .ifPresent(
              lock -> {
                host.removeTree(entry);
                lock.closeAndRemove();
              });
    }
    for (Path lock : entries(locks, LOCK + "*")) {
      LockFile.tryAcquire(lock, true).ifPresent(LockFile::closeAndRemove);
    }
  }

  private static List<Path> entries(Path directory, String glob) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, glob)) {
      entries.forEach(found::add);
      return found;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot list '" + directory + "'", e);
    }
  }

  private final class OverlayStaging implements Staging {
    private final Digest chainId;
    private final LockFile lock;
    private final Path staged;
    private boolean closed;

    OverlayStaging(Digest chainId, LockFile lock) {
      this.chainId = chainId;
      this.lock = lock;
      this.staged = snapshots.resolve(chainId.hex() + NEW);
      if (!isPresent()) {
        host.removeTree(staged);
        try {
          Files.createDirectories(staged.resolve(FS));
        } catch (IOException e) {
          throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + staged + "'", e);
        }
      }
    }

    @Override
    public boolean isPresent() {
      return contains(chainId);
    }

    @Override
    public Path directory() {
      return isPresent() ? OverlaySnapshotter.this.directory(chainId) : staged.resolve(FS);
    }

    @Override
    public void commit() {
      if (isPresent()) {
        return;
      }
      try {
        Files.move(staged, snapshots.resolve(chainId.hex()), StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot keep the layer " + chainId, e);
      }
    }

    @Override
    public void close() {
      if (closed) {
        return;
      }
      closed = true;
      try {
        host.removeTree(staged);
      } finally {
        lock.closeAndRemove();
      }
    }
  }
}
