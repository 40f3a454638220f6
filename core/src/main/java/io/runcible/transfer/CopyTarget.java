package io.runcible.transfer;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.registry.RegistryClient;
import java.util.Optional;

/** A sink that may be asked what it has. */
final class CopyTarget {
  private final ImageSink sink;

  CopyTarget(ImageSink sink) {
    this.sink = sink;
  }

  /** What a name stands for; empty also when the sink does not tell, as writing will say why. */
  Optional<Descriptor> find(ImageReference name) {
    if (!(sink instanceof ImageSource target)) {
      return Optional.empty();
    }
    try {
      return Optional.of(target.resolve(name));
    } catch (RuncibleException e) {
      return switch (e.kind()) {
        // Many registries say of a repository that is not there that one may not read it.
        case NOT_FOUND, UNAUTHENTICATED, PERMISSION_DENIED, UNSUPPORTED -> Optional.empty();
        default -> throw e;
      };
    }
  }

  /**
   * Whether all that an image names is there. A registry takes no manifest without that; a
   * directory may have lost something, and can be asked for nothing.
   */
  boolean isWhole(ImageReference name, Descriptor root, int parallel) {
    if (sink instanceof RegistryClient || !(sink instanceof ImageSource target)) {
      return true;
    }
    try {
      CopyPlan there = new CopyPlan(target, name, parallel);
      there.add(there.read(root));
      return there.blobs().stream().allMatch(blob -> sink.hasBlob(name, blob));
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.CANCELLED) {
        throw e;
      }
      return false;
    }
  }

  static ImageReference unnamed(ImageReference repository, Digest digest) {
    return ImageReference.parse(repository.name() + "@" + digest);
  }
}
