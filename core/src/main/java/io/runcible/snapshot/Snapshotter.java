package io.runcible.snapshot;

import io.runcible.Digest;
import io.runcible.ffi.OverlayMount;
import io.runcible.ffi.PrivilegedHost;
import java.nio.file.Path;
import java.util.List;

/** Keeps unpacked layers. Thread-safe, also between processes. */
public interface Snapshotter {
  /**
   * Layers as directories that the kernel's overlay file system stacks. Removes what killed
   * processes left half unpacked.
   *
   * @param root the directory of the store
   * @param host where privileged work happens
   */
  @SuppressWarnings("exports")
  static Snapshotter overlay(Path root, PrivilegedHost host) {
    return new OverlaySnapshotter(root, host);
  }

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
   * What to mount for a container: the layers, and a place for its changes that is made here.
   *
   * @param chain the chainIds, the lowest first
   * @param place a directory of the container's own, on the file system of the store
   */
  @SuppressWarnings("exports")
  OverlayMount prepare(List<Digest> chain, Path place);

  /** All committed layers. */
  List<Digest> list();

  /** Removes a layer. The caller holds the store exclusively. */
  void remove(Digest chainId);

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
