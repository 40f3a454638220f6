package io.runcible.snapshot;

import java.nio.file.Path;
import java.util.List;

/** A file system that a {@link Snapshotter} has prepared. */
public interface Rootfs {
  /**
   * Shows the file system on a directory: by a mount, which the caller undoes through the host, or
   * by putting the files there. Blocks; a copy takes as long as its files.
   *
   * @param target exists and is empty
   */
  void mount(Path target);

  /**
   * The same as data, for who mounts it elsewhere: in another mount namespace, or a virtual
   * machine. It has to be mounted where the privileged work of the snapshotter happens, or by root.
   * Mount one of the two, this or {@link #mount}.
   *
   * <p>Of an overlay, layers with other owners are said by options {@code
   * uidmap=INSIDE:OUTSIDE:COUNT} and {@code gidmap}, as containerd does: they are for the one who
   * mounts, and no kernel knows them. A kernel before Linux 5.10 does not know {@code volatile},
   * and {@code mount(2)} takes no more than a page of options. Where layers are copied, the first
   * call makes the copy, in the place, and blocks for that long.
   *
   * @return in the order in which they are mounted
   * @throws io.runcible.RuncibleException UNAVAILABLE if the copy cannot be written, CANCELLED if
   *     an ordinary user's is interrupted; nothing of it is left then, and another call begins anew
   */
  List<SnapshotMount> mounts();
}
