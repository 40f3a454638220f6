package io.runcible.snapshot;

import io.runcible.Digest;
import io.runcible.archive.ArchiveBudget;
import io.runcible.archive.ArchiveLimits;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.store.LocalStore;
import java.nio.file.Path;
import java.util.List;

/**
 * An ordinary user's engine that unpacks one layer, or the next one on the same store: the main
 * class of a second JVM.
 */
final class RootlessWorkerProgram {
  private RootlessWorkerProgram() {}

  /** The root of the store, the digest of a layer, and the file to unpack it from, if it is to. */
  public static void main(String[] args) {
    Digest layer = Digest.parse(args[1]);
    try (PrivilegedHost host = PrivilegedHost.open()) {
      System.out.println("opening");
      LocalStore store = LocalStore.open(Path.of(args[0]));
      Snapshotter snapshotter = Snapshotter.overlay(store, host);
      System.out.println("open");
      if (args.length > 2) {
        unpack(host, snapshotter, layer, args[2]);
      }
    }
  }

  private static void unpack(
      PrivilegedHost host, Snapshotter snapshotter, Digest layer, String blob) {
    try (Snapshotter.Staging staging = snapshotter.stage(layer)) {
      RootlessUnpack.run(
          host,
          UnpackedLayer.Form.ofRoot(snapshotter, new ArchiveBudget(ArchiveLimits.DEFAULT)),
          List.of(
              new RootlessUnpack.Layer(
                  blob, layer.toString(), staging.directory().toString(), List.of())),
          failed -> {});
    }
  }
}
