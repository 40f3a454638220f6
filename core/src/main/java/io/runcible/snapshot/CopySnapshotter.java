package io.runcible.snapshot;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.LayerFormat;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.store.LocalStore;
import java.nio.file.Path;
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
    return view(chain, place, changes.owners());
  }

  /** A copy of one's own; that nobody writes to it is up to its user. */
  @Override
  public Rootfs view(List<Digest> chain, Path place, Optional<LayerOwners> owners) {
    List<Path> layers = new ArrayList<>(visible(chain));
    Collections.reverse(layers);
    return target -> merge(layers, target, owners.orElse(null));
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
