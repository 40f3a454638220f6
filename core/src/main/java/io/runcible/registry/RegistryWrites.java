package io.runcible.registry;

import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import java.io.InputStream;
import java.util.Optional;
import java.util.function.LongFunction;

/**
 * What a client sends, to the location of an image, which is no mirror. The effects are those of
 * the methods of {@link RegistryClient}.
 */
final class RegistryWrites {
  private final Routes routes;
  private final ManifestRequests manifests;
  private final BlobRequests blobs;
  private final ReferrerRequests referrers;

  RegistryWrites(Routes routes, RegistryRequests requests) {
    this.routes = routes;
    this.manifests = requests.manifests();
    this.blobs = requests.blobs();
    this.referrers = requests.referrers();
  }

  boolean mountBlob(ImageReference reference, Descriptor descriptor, ImageReference from) {
    String what =
        "mount blob " + descriptor.digest() + " of " + from.name() + " in " + reference.name();
    Operation target = push(what, reference);
    Operation source = routes.location(what, from, Access.PULL);
    if (!source.endpoint().base().equals(target.endpoint().base())) {
      return false;
    }
    return blobs.mount(target.readingFrom(source.repository()), reference, descriptor);
  }

  void putBlob(ImageReference reference, Descriptor descriptor, InputStream content) {
    blobs.put(pushBlob(reference, descriptor), reference, descriptor, content);
  }

  void putBlob(ImageReference reference, Descriptor descriptor, LongFunction<InputStream> content) {
    blobs.put(pushBlob(reference, descriptor), reference, descriptor, content);
  }

  void putManifest(ImageReference reference, Descriptor descriptor, byte[] raw) {
    Optional<Referrer> referrer = Referrer.of(descriptor, raw);
    Operation operation = push("push manifest " + reference, reference);
    boolean listed = manifests.put(operation, reference, descriptor, raw);
    if (referrer.isPresent() && !listed) {
      referrers.add(operation, reference, referrer.get());
    }
  }

  private Operation pushBlob(ImageReference reference, Descriptor descriptor) {
    return push("push blob " + descriptor.digest() + " to " + reference.name(), reference);
  }

  private Operation push(String what, ImageReference reference) {
    return routes.location(what, reference, Access.PUSH);
  }
}
