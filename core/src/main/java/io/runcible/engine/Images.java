package io.runcible.engine;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import io.runcible.image.ImageVerifier;
import io.runcible.image.Platform;
import io.runcible.registry.RegistryClient;
import io.runcible.snapshot.ChainId;
import io.runcible.snapshot.Snapshotter;
import io.runcible.snapshot.Unpacker;
import io.runcible.store.ImageRecord;
import io.runcible.store.LocalStore;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** The images of an engine. Thread-safe. */
public final class Images {
  private final LocalStore store;
  private final Snapshotter snapshotter;
  private final Unpacker unpacker;
  private final ImageSource registry;
  private final List<ImageVerifier> verifiers;
  private final HostPolicy policy;
  private final Platform platform;
  private final Supplier<List<ContainerRecord>> containers;

  Images(
      LocalStore store,
      Snapshotter snapshotter,
      Unpacker unpacker,
      ImageSource registry,
      List<ImageVerifier> verifiers,
      HostPolicy policy,
      Platform platform,
      Supplier<List<ContainerRecord>> containers) {
    this.store = store;
    this.snapshotter = snapshotter;
    this.unpacker = unpacker;
    this.registry = registry;
    this.verifiers = List.copyOf(verifiers);
    this.policy = policy;
    this.platform = platform;
    this.containers = containers;
  }

  /** As {@link #pull(String, ProgressListener)} without a listener. */
  public Image pull(String reference) {
    return pull(reference, ProgressListener.NONE);
  }

  /**
   * Fetches an image from its registry and unpacks it, as far as it is not in the store yet. All of
   * it is verified, and durable before the name is recorded. Blocks.
   *
   * @param reference the image; short names expand as everywhere
   * @param listener hears of each layer
   * @return the image, lying in the store
   * @throws RuncibleException NOT_FOUND if the registry has no such image or none for the engine's
   *     platform; UNAUTHENTICATED or PERMISSION_DENIED if it refuses; CORRUPT_DATA if anything is
   *     not what its digest says; UNSUPPORTED if the host's policy asks for what cannot be checked;
   *     UNAVAILABLE if the registry or the disk cannot serve; CANCELLED on interrupt. The store is
   *     then as it was
   */
  public Image pull(String reference, ProgressListener listener) {
    return pull(ImageReference.parse(reference), listener);
  }

  Image pull(ImageReference reference, ProgressListener listener) {
    LocalStore.Lease lease = store.lease();
    try {
      Image remote = Image.resolve(store.before(registry), reference, platform);
      verify(reference, remote.descriptor());
      unpacker.unpack(remote, listener);
      store.images().put(reference, remote.descriptor());
      // Not by its name, which another process may have taken away again.
      return store.image(reference, remote.descriptor(), platform);
    } finally {
      lease.close();
    }
  }

  private void verify(ImageReference reference, Descriptor manifest) {
    if (verifiers.isEmpty()) {
      policy.requireAccepted(reference, effective(reference));
    }
    for (ImageVerifier verifier : verifiers) {
      verifier.verify(reference, manifest, registry);
    }
  }

  /** The names under which the registries are really asked, as far as the source has others. */
  private List<ImageReference> effective(ImageReference reference) {
    return registry instanceof RegistryClient client ? client.names(reference) : List.of();
  }

  /** An image in the store, by the name that it was pulled by. */
  public Optional<Image> find(String reference) {
    return find(ImageReference.parse(reference));
  }

  Optional<Image> find(ImageReference reference) {
    return store.image(reference, platform);
  }

  /** The image, unpacked, with its layers; pulled if it is missing. The caller holds a lease. */
  Image require(ImageReference reference) {
    Optional<Image> known = find(reference).filter(image -> isUnpacked(chain(image)));
    return known.orElseGet(() -> pull(reference, ProgressListener.NONE));
  }

  private boolean isUnpacked(List<Digest> chain) {
    return chain.stream().allMatch(snapshotter::contains);
  }

  static List<Digest> chain(Image image) {
    return ChainId.of(image.config().diffIds());
  }

  LocalStore.Lease lease() {
    return store.lease();
  }

  /** All names in the store. */
  public List<ImageReference> list() {
    return store.images().list().stream().map(ImageRecord::reference).toList();
  }

  /**
   * Forgets a name. The content stays until {@link #prune()}; containers are not disturbed.
   *
   * @return whether the name was known
   */
  public boolean remove(String reference) {
    return store.images().remove(ImageReference.parse(reference));
  }

  /**
   * Removes the content that no name and no container uses.
   *
   * @return how many blobs and layers were removed
   * @throws RuncibleException UNAVAILABLE while a pull or the start of a container is under way, in
   *     any process; nothing was removed then
   */
  public int prune() {
    LocalStore.Lease lease = store.tryExclusive().orElseThrow(Images::busy);
    try {
      Set<Digest> blobs = new HashSet<>();
      Set<Digest> layers = new HashSet<>();
      for (ImageRecord record : store.images().list()) {
        Image image = store.image(record.reference(), record.manifest(), platform);
        blobs.add(image.descriptor().digest());
        blobs.add(image.manifest().config().digest());
        image.manifest().layers().forEach(layer -> blobs.add(layer.digest()));
        layers.addAll(chain(image));
      }
      containers.get().forEach(c -> c.chain().forEach(id -> layers.add(Digest.parse(id))));
      List<Digest> unusedBlobs =
          store.content().list().stream().filter(digest -> !blobs.contains(digest)).toList();
      List<Digest> unusedLayers =
          snapshotter.list().stream().filter(id -> !layers.contains(id)).toList();
      unusedBlobs.forEach(store.content()::remove);
      unusedLayers.forEach(snapshotter::remove);
      return unusedBlobs.size() + unusedLayers.size();
    } finally {
      lease.close();
    }
  }

  private static RuncibleException busy() {
    return new RuncibleException(
        ErrorKind.UNAVAILABLE,
        "the store is in use by a pull or by a container that is being made; try again later");
  }
}
