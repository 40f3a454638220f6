package io.runcible.snapshot;

import java.nio.file.Path;

/** A file system that a {@link Snapshotter} has prepared. */
public interface Rootfs {
  /**
   * Shows the file system on a directory: by a mount, which the caller undoes through the host, or
   * by putting the files there. Blocks; a copy takes as long as its files.
   *
   * @param target exists and is empty
   */
  void mount(Path target);
}
