package io.runcible.snapshot;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.LayerFormat;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.KernelVersion;
import io.runcible.ffi.OverlayMount;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.ProjectQuota;
import io.runcible.store.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Stacks layers by the kernel's overlay file system. */
final class OverlaySnapshotter extends LayerDirectories {
  private static final String UPPER = "upper";

  /** File systems of local disks that carry an overlay, on which no trial is needed. */
  private static final Set<String> FITTING = Set.of("ext3", "ext4", "xfs", "btrfs", "tmpfs");

  private final Path root;

  OverlaySnapshotter(LocalStore store, PrivilegedHost host) {
    super(store, host);
    this.root = store.root();
  }

  /** Whether an overlay can be mounted here. */
  boolean works() {
    boolean allowed =
        !host.rootless() || KernelVersion.hasOverlayOfUsers(KernelVersion.ofThisHost());
    try {
      if (allowed && FITTING.contains(Files.getFileStore(root).type())) {
        return true;
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot look at '" + root + "'", e);
    }
    try (Scratch trial = scratch()) {
      Path target = Files.createDirectory(trial.path().resolve(Scratch.MOUNT));
      prepare(List.of(), trial.path(), Changes.THROW_AWAY).mount(target);
      return true;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot write to '" + root + "'", e);
    } catch (RuncibleException e) {
      log().debug("no overlay in '{}'", root, e);
      return false;
    }
  }

  @Override
  public LayerFormat format() {
    return host.rootless() ? LayerFormat.OVERLAY_USERXATTR : LayerFormat.OVERLAY;
  }

  @Override
  List<String> names() {
    return List.of(FS);
  }

  @Override
  public Rootfs prepare(List<Digest> chain, Path place, Changes changes) {
    List<Path> lower = new ArrayList<>(visible(chain));
    Path upper = place.resolve(UPPER);
    Path work = place.resolve("work");
    try {
      Files.createDirectory(upper);
      Files.createDirectory(work);
      if (lower.isEmpty()) {
        lower.add(Files.createDirectory(place.resolve("empty")));
      }
      Files.setPosixFilePermissions(upper, PosixFilePermissions.fromString("rwxr-xr-x"));
    } catch (IOException e) {
      throw notPossible(place, e);
    }
    if (changes.maxBytes().isPresent()) {
      limit(List.of(upper, work), changes.maxBytes().getAsLong());
    }
    // The root directory of the container shows what the uppermost directory is.
    if (chain.isEmpty()) {
      changes.owners().ifPresent(owners -> giveToRoot(upper, owners));
    } else {
      boolean keepOwners = !host.rootless(); // Others can give it to nobody else.
      LayerMerge.copyMetadata(lower.get(0), upper, keepOwners, changes.owners().orElse(null));
    }
    return rootfs(
        new OverlayMount(lower, upper, work, changes.throwAway(), changes.label()),
        changes.owners());
  }

  private Rootfs rootfs(OverlayMount mount, Optional<LayerOwners> owners) {
    return new Rootfs() {
      @Override
      public void mount(Path target) {
        if (owners.isPresent()) {
          IdMappedLayers.mount(host, mount, stores(), owners.get(), target);
        } else {
          host.mountOverlay(mount, target);
        }
      }

      @Override
      public List<SnapshotMount> mounts() {
        List<String> options = new ArrayList<>(mount.options());
        if (host.rootless()) {
          options.add("userxattr");
        }
        owners.ifPresent(o -> options.addAll(o.options()));
        return List.of(new SnapshotMount("overlay", "overlay", options));
      }
    };
  }

  private static void giveToRoot(Path upper, LayerOwners owners) {
    try (FileDescriptor opened = FileCalls.openDirectory(upper)) {
      owners.giveToRoot(opened);
    }
  }

  @Override
  public Optional<Path> changes(Path place) {
    return Optional.of(place.resolve(UPPER)).filter(Files::isDirectory);
  }

  private void limit(List<Path> directories, long bytes) {
    try {
      ProjectQuota.limit(directories, bytes);
    } catch (RuntimeException e) {
      directories.forEach(host::removeTree);
      throw e;
    }
  }

  @Override
  public Rootfs view(List<Digest> chain, Path place, Optional<LayerOwners> owners) {
    List<Path> lower = new ArrayList<>(visible(chain));
    try {
      // An overlay without an upper takes two.
      for (int i = lower.size(); i < 2; i++) {
        lower.add(Files.createDirectory(place.resolve("empty" + i)));
      }
    } catch (IOException e) {
      throw notPossible(place, e);
    }
    return rootfs(OverlayMount.readOnly(lower), owners);
  }

  private static RuncibleException notPossible(Path place, IOException e) {
    return new RuncibleException(
        ErrorKind.UNAVAILABLE,
        "cannot make the writable layer '" + place + "': " + e.getMessage(),
        e);
  }

  @Override
  public void release(Path place) {
    if (!host.rootless()) { // Others can have no limit, and may not even be able to open it.
      ProjectQuota.release(place.resolve(UPPER));
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(OverlaySnapshotter.class);
  }
}
