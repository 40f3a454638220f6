package io.runcible.snapshot;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Errno;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.OverlayMount;
import io.runcible.ffi.PrivilegedHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Stacks layers whose files belong to the ids of a user namespace: the kernel shows other owners,
 * and nothing is copied. The overlay keeps the layers as it found them, so what is mounted for it
 * is unmounted at once.
 */
final class IdMappedLayers implements AutoCloseable {
  private static final String MOUNT = "fs";

  private final PrivilegedHost host;
  private final LayerOwners owners;
  private final Map<Path, Path> mounted = new LinkedHashMap<>();

  private IdMappedLayers(PrivilegedHost host, LayerOwners owners) {
    this.host = host;
    this.owners = owners;
  }

  /**
   * Mounts an overlay.
   *
   * @param mount its upper directory is what it is
   * @param stores directories that many layers lie in, which then need one mount together
   * @throws RuncibleException UNSUPPORTED where the kernel or the file system cannot do it
   */
  static void mount(
      PrivilegedHost host, OverlayMount mount, List<Path> stores, LayerOwners owners, Path target) {
    try (IdMappedLayers layers = new IdMappedLayers(host, owners)) {
      layers.mount(mount, stores, target);
    }
  }

  private void mount(OverlayMount mount, List<Path> stores, Path target) {
    List<Path> lower = new ArrayList<>();
    for (Path layer : mount.lower()) {
      Path store = stores.stream().filter(layer::startsWith).findFirst().orElse(layer);
      lower.add(shown(store).resolve(store.relativize(layer)).normalize());
    }
    try {
      host.mountOverlay(mount.withLower(lower), target);
    } catch (NativeException e) {
      if (e.errno() != Errno.EINVAL && e.errno() != Errno.EPERM) {
        throw e;
      }
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "the files of an image cannot belong to the ids of a user namespace here: an overlay over"
              + " layers with other owners needs Linux 5.19 ("
              + e.getMessage()
              + ")",
          e);
    }
  }

  private Path shown(Path store) {
    return mounted.computeIfAbsent(
        store,
        source -> {
          Path place = owners.place().resolve("layers-" + mounted.size());
          Path shown = place.resolve(MOUNT);
          try {
            if (!Files.isDirectory(place)) {
              Files.createDirectory(place);
            }
            Files.createDirectories(shown);
          } catch (IOException e) {
            throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + shown + "'", e);
          }
          host.mountIdMapped(source, owners.namespace(), shown);
          return shown;
        });
  }

  @Override
  public void close() {
    for (Path shown : mounted.values()) {
      host.unmount(shown);
      try {
        Files.deleteIfExists(shown);
        Files.deleteIfExists(Objects.requireNonNull(shown.getParent()));
      } catch (IOException e) {
        throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot remove '" + shown + "'", e);
      }
    }
  }
}
