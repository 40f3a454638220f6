package io.runcible.snapshot;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.LayerFormat;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.store.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Copies layers together, where they cannot be stacked. */
final class CopySnapshotter extends LayerDirectories {
  CopySnapshotter(LocalStore store, PrivilegedHost host) {
    super(store, host);
  }

  @Override
  public LayerFormat format() {
    return LayerFormat.COPY;
  }

  @Override
  List<String> names() {
    return List.of(COPY, FS);
  }

  @Override
  public Rootfs prepare(List<Digest> chain, Path place, Changes changes) {
    if (changes.maxBytes().isPresent()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "the size of a writable layer cannot be limited here: no overlay lies on the file system"
              + " of '"
              + place
              + "', so the files of the image would count, too");
    }
    if (changes.label().isPresent()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "files of the image cannot have an SELinux label of the container's here: no overlay lies"
              + " on the file system of '"
              + place
              + "'");
    }
    return new Copied(chain, place, changes.owners(), "rw");
  }

  /** A copy of one's own; that nobody writes to it is up to its user. */
  @Override
  public Rootfs view(List<Digest> chain, Path place, Optional<LayerOwners> owners) {
    return new Copied(chain, place, owners, "ro");
  }

  private final class Copied implements Rootfs {
    private final List<Path> layers;
    private final Path place;
    private final @Nullable LayerOwners owners;
    private final String access;

    Copied(List<Digest> chain, Path place, Optional<LayerOwners> owners, String access) {
      this.layers = new ArrayList<>(visible(chain));
      Collections.reverse(layers);
      this.place = place;
      this.owners = owners.orElse(null);
      this.access = access;
    }

    @Override
    public void mount(Path target) {
      merge(layers, target, owners);
    }

    @Override
    public List<SnapshotMount> mounts() {
      Path copy = place.resolve(COPY);
      try {
        if (!Files.isDirectory(copy)) {
          copy(copy);
        }
      } catch (IOException e) {
        throw new RuncibleException(
            ErrorKind.UNAVAILABLE, "cannot make '" + copy + "': " + e.getMessage(), e);
      }
      return List.of(
          new SnapshotMount("bind", copy.resolve(FS).toString(), List.of("rbind", access)));
    }

    /**
     * It has its name when it is whole, and is closed to others. Of two at once the first is taken;
     * what a kill leaves goes with the place.
     */
    private void copy(Path copy) throws IOException {
      Path unfinished = Files.createTempDirectory(place, COPY + ".");
      try {
        merge(layers, Files.createDirectory(unfinished.resolve(FS)), owners);
        Files.move(unfinished, copy, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException | RuntimeException e) {
        try {
          uninterrupted(() -> host.removeTree(unfinished));
        } catch (RuntimeException left) {
          e.addSuppressed(left);
        }
        if (!Files.isDirectory(copy)) {
          throw e;
        }
      }
    }
  }

  @Override
  public Optional<Path> changes(Path place) {
    return Optional.empty();
  }

  private void merge(List<Path> layers, Path target, @Nullable LayerOwners owners) {
    if (host.rootless()) {
      RootlessUnpack.merge(host, layers, target);
    } else {
      LayerMerge.merge(layers, target, true, owners);
    }
  }

  @Override
  public void release(Path place) {}
}
