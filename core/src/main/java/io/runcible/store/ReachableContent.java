package io.runcible.store;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ChainId;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageIndex;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import java.util.HashSet;
import java.util.Set;

/** The blobs that a manifest or an index leads to, and the layers that they become. */
final class ReachableContent {
  private static final int MAX_DEPTH = 4;

  private final ContentStore content;
  private final Set<Digest> blobs = new HashSet<>();
  private final Set<Digest> layers = new HashSet<>();

  private ReachableContent(ContentStore content) {
    this.content = content;
  }

  static ReachableContent of(ContentStore content, Descriptor root) {
    ReachableContent reachable = new ReachableContent(content);
    reachable.require(root);
    reachable.document(root, 0);
    return reachable;
  }

  Set<Digest> blobs() {
    return blobs;
  }

  Set<Digest> layers() {
    return layers;
  }

  private void document(Descriptor descriptor, int depth) {
    if (depth > MAX_DEPTH) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          descriptor.digest() + " lies in indexes more than " + MAX_DEPTH + " deep");
    }
    byte[] raw = content.read(descriptor, Manifest.MAX_SIZE);
    if (!MediaType.isIndex(descriptor.mediaType())) {
      manifest(Manifest.parse(raw, descriptor.mediaType()));
      return;
    }
    // An index may be here for some of its platforms only.
    for (Descriptor child : ImageIndex.parse(raw, descriptor.mediaType()).manifests()) {
      if (content.contains(child.digest()) && blobs.add(child.digest())) {
        document(child, depth + 1);
      }
    }
  }

  private void manifest(Manifest manifest) {
    require(manifest.config());
    manifest.layers().forEach(this::require);
    if (MediaType.isConfig(manifest.config().mediaType())) {
      byte[] raw = content.read(manifest.config(), ImageConfig.MAX_SIZE);
      layers.addAll(ChainId.of(ImageConfig.parse(raw).diffIds()));
    }
  }

  private void require(Descriptor blob) {
    if (!content.contains(blob.digest())) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "the blob " + blob.digest() + " is not in the store: it comes before its manifest");
    }
    blobs.add(blob.digest());
  }
}
