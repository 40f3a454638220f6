package io.runcible.snapshot;

import io.runcible.Digest;
import io.runcible.archive.LayerFormat;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.store.LocalStore;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Keeps unpacked layers, and makes the file systems of containers from them. A layer is prepared by
 * {@link #stage}, committed by its {@link Staging}, and found by its chainId from then on, also in
 * additional stores. Thread-safe, also between processes.
 *
 * <p>For those who know the snapshotters of containerd:
 *
 * <table>
 * <caption>What is what</caption>
 * <tr><th>There</th><th>Here</th></tr>
 * <tr><td>Prepare for a layer, Commit</td><td>{@link #stage}, {@link Staging#commit}</td></tr>
 * <tr><td>Prepare for a container</td><td>{@link #prepare}; {@link #release} before its end</td></tr>
 * <tr><td>View</td><td>{@link #view(List, Path)}</td></tr>
 * <tr><td>Mounts</td><td>{@link Rootfs#mounts}, or {@link Rootfs#mount} for the mount itself</td></tr>
 * <tr><td>Commit of a container</td><td>a layer, made of {@link #changes} by {@link
 *     io.runcible.archive.LayerDiff}, since it has to have a digest</td></tr>
 * <tr><td>Stat, Walk</td><td>{@link #contains}, {@link #list}</td></tr>
 * <tr><td>Usage</td><td>{@link #usage(Digest)}, {@link #usage(Path)}</td></tr>
 * <tr><td>Remove, Cleanup</td><td>{@link #remove}, {@link #clean}</td></tr>
 * </table>
 */
public interface Snapshotter {
  /**
   * Layers that the kernel's overlay file system stacks. For an ordinary user the mounts are made
   * in the namespaces of the host that is given. Removes what killed processes left half done.
   *
   * @param host where privileged work happens
   */
  @SuppressWarnings("exports")
  static Snapshotter overlay(LocalStore store, PrivilegedHost host) {
    return new OverlaySnapshotter(store, host);
  }

  /**
   * Layers that are copied together for each container: for file systems that an overlay cannot lie
   * on, such as an overlay. Files share their blocks with the layer where the file system can
   * (Btrfs, XFS); making a container takes as long as the copy of all its files. Layers of an
   * overlay are used, too; those made here are not used by {@link #overlay}, which has them
   * unpacked again beside these.
   *
   * @param host where privileged work happens
   */
  @SuppressWarnings("exports")
  static Snapshotter copy(LocalStore store, PrivilegedHost host) {
    return new CopySnapshotter(store, host);
  }

  /**
   * The overlay, or the copy if no overlay can be mounted in the store. On a file system other than
   * the usual ones of local disks a trial tells, which takes some milliseconds.
   *
   * @param host where privileged work happens
   */
  @SuppressWarnings("exports")
  static Snapshotter open(LocalStore store, PrivilegedHost host) {
    OverlaySnapshotter overlay = new OverlaySnapshotter(store, host);
    return overlay.works() ? overlay : new CopySnapshotter(store, host);
  }

  /** The form in which layers are staged. */
  LayerFormat format();

  /** Whether a layer is unpacked and committed. */
  boolean contains(Digest chainId);

  /**
   * Begins a layer, alone among all processes: blocks while another one unpacks the same, and then
   * usually finds it committed.
   */
  Staging stage(Digest chainId);

  /** The directory of a committed layer. */
  Path directory(Digest chainId);

  /**
   * The directories of layers that show, the topmost first: none below one that hides all of them.
   *
   * @param chain the chainIds, the lowest first; all committed
   */
  List<Path> visible(List<Digest> chain);

  /**
   * What was written to a prepared place. Empty where layers are copied: then a {@link #view} of
   * the same layers tells, by a comparison with what there is by now, see {@link
   * io.runcible.archive.LayerDiff#ofCopy}.
   *
   * @param place as given to {@link #prepare}
   */
  Optional<Path> changes(Path place);

  /**
   * A writable file system on top of layers. Nothing is mounted yet.
   *
   * @param chain the chainIds, the lowest first; all committed
   * @param place a directory of the caller's own, on the file system of the store, for the changes
   * @throws io.runcible.RuncibleException UNSUPPORTED if there is to be a size limit and the file
   *     system has no project quotas; nothing is left in the place then
   * @see Changes#owners()
   */
  Rootfs prepare(List<Digest> chain, Path place, Changes changes);

  /**
   * A file system of layers that takes no changes. Nothing is mounted yet.
   *
   * @param chain the chainIds, the lowest first; all committed
   * @param place a directory of the caller's own, on the file system of the store
   */
  default Rootfs view(List<Digest> chain, Path place) {
    return view(chain, place, Optional.empty());
  }

  /**
   * The same with other owners. Mounting it fails with UNSUPPORTED where layers cannot be shown
   * with other owners: for an overlay before Linux 5.19, and for one of an ordinary user.
   */
  Rootfs view(List<Digest> chain, Path place, Optional<LayerOwners> owners);

  /**
   * Gives back what a prepared place holds beyond its files: a size limit. For a place that is
   * going to be removed; no error if it is gone.
   */
  void release(Path place);

  /** All committed layers of the store itself. */
  List<Digest> list();

  /**
   * What a layer takes on disk, in all forms that it is there in, without the layers below it.
   * Files that this user may not look at are not counted.
   *
   * @throws io.runcible.RuncibleException NOT_FOUND if there is no such layer
   */
  SnapshotUsage usage(Digest chainId);

  /**
   * What the changes of a prepared place take on disk. Where layers are copied they are not told
   * from the copy, if that is in the place: then all of it counts. What is removed meanwhile does
   * not count, nor what is in directories of other ids, for an ordinary user who may not open them,
   * nor what lies deeper than a path can name.
   *
   * @param place as given to {@link #prepare}
   * @throws io.runcible.RuncibleException NOT_FOUND if there is no such place, UNAVAILABLE if it
   *     cannot be read
   */
  SnapshotUsage usage(Path place);

  /**
   * Takes a layer out of sight, at once. Its files go with {@link #clean}. Nobody uses it, and the
   * caller holds the store for a {@link io.runcible.store.Sweep}.
   */
  void remove(Digest chainId);

  /** Removes the files of removed layers, and what killed processes left half unpacked. */
  void clean();

  /** A layer on its way. Closing it without a commit removes what was unpacked. */
  interface Staging extends AutoCloseable {
    /** Whether the layer is there already. */
    boolean isPresent();

    /** Where to unpack; exists and is empty, unless the layer is present: then the layer. */
    Path directory();

    /** Makes the layer visible; the caller has made it durable. */
    void commit();

    @Override
    void close();
  }
}
