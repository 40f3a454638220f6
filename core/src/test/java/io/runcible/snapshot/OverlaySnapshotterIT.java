package io.runcible.snapshot;

import io.runcible.store.LocalStore;

class OverlaySnapshotterIT extends RootSnapshotters {
  @Override
  public Snapshotter snapshotter(LocalStore store) {
    return Snapshotter.overlay(store, host());
  }
}
