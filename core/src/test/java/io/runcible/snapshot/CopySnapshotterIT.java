package io.runcible.snapshot;

import io.runcible.store.LocalStore;

class CopySnapshotterIT extends RootSnapshotters {
  @Override
  public Snapshotter snapshotter(LocalStore store) {
    return Snapshotter.copy(store, host());
  }
}
