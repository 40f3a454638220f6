package io.runcible.engine;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import io.runcible.image.ChainId;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.ImageVerifier;
import io.runcible.image.Platform;
import io.runcible.registry.RegistryClient;
import io.runcible.snapshot.Snapshotter;
import io.runcible.snapshot.Unpacker;
import io.runcible.store.ImageRecord;
import io.runcible.store.Lease;
import io.runcible.store.LocalStore;
import io.runcible.transfer.ImageCopy;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** The images of an engine. Thread-safe. */
public final class Images {
  private final LocalStore store;
  private final KnownImages known;
  private final Snapshotter snapshotter;
  private final Unpacker unpacker;
  private final PullSource registry;
  private final List<ImageVerifier> verifiers;
  private final HostPolicy policy;
  private final Platform platform;
  private final Supplier<List<ContainerRecord>> containers;
  private final Operations operations;
  private final Consumer<EngineEvent> events;

  Images(
      LocalStore store,
      Snapshotter snapshotter,
      Unpacker unpacker,
      PullSource registry,
      List<ImageVerifier> verifiers,
      HostPolicy policy,
      Platform platform,
      Supplier<List<ContainerRecord>> containers,
      Operations operations,
      Consumer<EngineEvent> events) {
    this.store = store;
    this.known = new KnownImages(store.content());
    this.snapshotter = snapshotter;
    this.unpacker = unpacker;
    this.registry = registry;
    this.verifiers = List.copyOf(verifiers);
    this.policy = policy;
    this.platform = platform;
    this.containers = containers;
    this.operations = operations;
    this.events = events;
  }

  /** As {@link #pull(String, ProgressListener)} without a listener. */
  public Image pull(String reference) {
    return pull(reference, ProgressListener.NONE);
  }

  /**
   * Fetches an image from its registry and unpacks it, as far as it is not in the store yet. All of
   * it is verified, and durable before the name is recorded. What the store has, and what turns out
   * damaged when it is used, is replaced. Blocks.
   *
   * <p>When the registry breaks off, the thread is interrupted or the JVM killed, nothing of the
   * image is visible, but what came of large layers stays in the store for a day, and until a
   * {@link #prune()}: the next pull goes on from there.
   *
   * @param reference the image; short names expand as everywhere
   * @param listener hears of each layer, and of what of it cannot be made here, such as devices by
   *     an ordinary user
   * @return the image, lying in the store
   * @throws RuncibleException NOT_FOUND if the registry has no such image or none for the engine's
   *     platform; UNAUTHENTICATED or PERMISSION_DENIED if it refuses; CORRUPT_DATA if anything is
   *     not what its digest says; UNSUPPORTED if the host's policy asks for what cannot be checked;
   *     UNAVAILABLE if the registry or the disk cannot serve; CANCELLED on interrupt. No name is
   *     then other than it was
   */
  public Image pull(String reference, ProgressListener listener) {
    return pull(ImageReference.parse(reference), listener);
  }

  Image pull(ImageReference reference, ProgressListener listener) {
    try (Lease lease = store.lease()) {
      return fetch(registry.get(), reference, reference, listener, lease);
    }
  }

  private Image fetch(
      ImageSource source,
      ImageReference from,
      ImageReference name,
      ProgressListener listener,
      Lease lease) {
    return operations.run(
        EngineOperation.PULL,
        from.toString(),
        () -> {
          Image remote = fetchAndUnpack(source, from, operations.counting(listener), lease);
          return record(source, name, remote.descriptor());
        });
  }

  private static RuncibleException changed(ImageReference from, RuncibleException cause) {
    return new RuncibleException(
        ErrorKind.CORRUPT_DATA,
        from
            + " is not what it says it is, and is not used: "
            + cause.getMessage()
            + "; it was damaged where it is kept or on the way: try again, and if it stays so, push"
            + " it anew or take it from elsewhere",
        cause);
  }

  private Image fetchAndUnpack(
      ImageSource source, ImageReference from, ProgressListener listener, Lease lease) {
    try {
      Image remote = Image.resolve(store.before(source), from, platform);
      verify(source, from, remote.descriptor());
      lease.keep(content(remote));
      unpacker.unpack(remote, listener);
      return remote;
    } catch (RuncibleException e) {
      throw e.kind() == ErrorKind.CORRUPT_DATA ? changed(from, e) : e;
    }
  }

  private Image record(ImageSource source, ImageReference name, Descriptor manifest) {
    store.record(name, manifest, true);
    Digest digest = manifest.digest();
    events.accept(
        registry.is(source)
            ? new EngineEvent.ImagePulled(Instant.now(), name.toString(), digest)
            : new EngineEvent.ImageLoaded(Instant.now(), name.toString(), digest));
    // Not by its name, which another process may have taken away again.
    return store.image(name, manifest, platform);
  }

  private static Set<Digest> content(Image image) {
    Set<Digest> content = new HashSet<>(chain(image));
    content.add(image.descriptor().digest());
    content.add(image.manifest().config().digest());
    for (Descriptor layer : image.manifest().layers()) {
      content.add(layer.digest());
    }
    return content;
  }

  private void verify(ImageSource source, ImageReference reference, Descriptor manifest) {
    verify(verifiers, policy, source, reference, manifest);
  }

  /** Asks whether an image may be used here. */
  static void verify(
      List<ImageVerifier> verifiers,
      HostPolicy policy,
      ImageSource source,
      ImageReference reference,
      Descriptor manifest) {
    if (verifiers.isEmpty()) {
      policy.requireAccepted(reference, effective(source, reference));
    }
    for (ImageVerifier verifier : verifiers) {
      verifier.verify(reference, manifest, source);
    }
  }

  /** The names under which registries are really asked, as far as the source has others. */
  private static List<ImageReference> effective(ImageSource source, ImageReference reference) {
    return source instanceof RegistryClient client ? client.names(reference) : List.of();
  }

  /**
   * As {@link #pull(String, ProgressListener)}, but from another source than a registry, such as a
   * layout or an archive, and under the name that the image has there.
   *
   * @param source not closed
   */
  public Image load(ImageSource source, String reference, ProgressListener listener) {
    ImageReference name = ImageReference.parse(reference);
    try (Lease lease = store.lease()) {
      return fetch(source, name, name, listener, lease);
    }
  }

  /**
   * The same under another name than the image has in the source. The host's policy has to accept
   * both; verifiers are asked about the one in the source.
   *
   * @param source not closed
   * @param from the image in the source
   * @param name what it is called in the store; a tag without a digest
   * @throws RuncibleException also INVALID_INPUT if {@code name} has a digest
   */
  public Image load(
      ImageSource source, ImageReference from, ImageReference name, ProgressListener listener) {
    if (name.digest().isPresent()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "an image is loaded under a tag, without a digest: " + name);
    }
    if (verifiers.isEmpty()) {
      policy.requireAccepted(name);
    }
    try (Lease lease = store.lease()) {
      return fetch(source, from, name, listener, lease);
    }
  }

  /**
   * Writes an image of the store to another place, such as a layout or an archive, as it came:
   * manifest, configuration and layers have their digests. A sink that is one file is the caller's
   * to {@linkplain ImageSink#commit complete}. Blocks.
   *
   * @param reference a name in the store, which is the name there, too
   * @param sink not closed
   * @throws RuncibleException NOT_FOUND if the store has no such image or it is not complete,
   *     CORRUPT_DATA if a blob is damaged, and what the sink answers
   */
  public void save(String reference, ImageSink sink) {
    ImageReference name = ImageReference.parse(reference);
    try (Lease lease = store.lease()) {
      Image image = find(name).orElseThrow(() -> unknown(name));
      lease.keep(content(image));
      ImageCopy.between(store, sink).copy(name, name);
    }
    events.accept(new EngineEvent.ImageSaved(Instant.now(), name.toString()));
  }

  private static RuncibleException unknown(ImageReference reference) {
    return new RuncibleException(
        ErrorKind.NOT_FOUND, reference + " is not in the store; pull or load it first");
  }

  /** An image in the store, by its name; empty also if its manifest or configuration is lost. */
  public Optional<Image> find(String reference) {
    return find(ImageReference.parse(reference));
  }

  Optional<Image> find(ImageReference reference) {
    try {
      return store.image(reference, platform);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /**
   * The image, unpacked, with its layers. One that is in the store but not unpacked, since it was
   * copied there, is unpacked from there; one that is missing, or not whole any more, is pulled.
   *
   * @param lease keeps it all in place
   */
  Image require(ImageReference reference, Lease lease) {
    try {
      Optional<Image> found = whole(reference, lease);
      return found.isPresent() ? found.get() : fetch(reference, lease);
    } catch (Broken broken) {
      try {
        return fetch(reference, lease);
      } catch (RuncibleException e) {
        throw new RuncibleException(
            e.kind(),
            reference
                + " is not whole in the store, and cannot be pulled again: "
                + e.getMessage()
                + "; in the store: "
                + broken.getMessage(),
            e);
      }
    }
  }

  private Image fetch(ImageReference reference, Lease lease) {
    return fetch(registry.get(), reference, reference, ProgressListener.NONE, lease);
  }

  /** The store has not all of an image that it knows, or not as it was. */
  private static final class Broken extends Exception {
    private static final long serialVersionUID = 1L;

    Broken(RuncibleException cause) {
      super(cause.getMessage(), cause);
    }
  }

  /** The same for one that no registry has. */
  Image requirePrimed(ImageReference reference, Lease lease) {
    return findWhole(reference, lease)
        .orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.NOT_FOUND,
                    "the primed image "
                        + reference
                        + " was removed or is damaged; prime it again"));
  }

  /** The same if the store has all of it. */
  Optional<Image> findWhole(ImageReference reference, Lease lease) {
    try {
      return whole(reference, lease);
    } catch (Broken e) {
      return Optional.empty();
    }
  }

  private Optional<Image> whole(ImageReference reference, Lease lease) throws Broken {
    try {
      Optional<Image> found = store.images().find(reference).map(this::known);
      if (found.isPresent()) {
        lease.keep(content(found.get()));
        if (!chain(found.get()).stream().allMatch(snapshotter::contains)) {
          operations.run(
              EngineOperation.UNPACK,
              reference.toString(),
              () -> unpacker.unpack(found.get(), ProgressListener.NONE));
        }
      }
      return found;
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.NOT_FOUND || e.kind() == ErrorKind.CORRUPT_DATA) {
        throw new Broken(e);
      }
      throw e;
    }
  }

  private Image known(ImageRecord record) {
    return known.get(
        record.reference(),
        record.manifest(),
        () -> store.image(record.reference(), record.manifest(), platform));
  }

  static List<Digest> chain(Image image) {
    return ChainId.of(image.config().diffIds());
  }

  Lease lease() {
    return store.lease();
  }

  /** All names in the store. */
  public List<ImageReference> list() {
    return store.images().list().stream().map(ImageRecord::reference).toList();
  }

  /**
   * A place to copy images to; they are unpacked when they are run. The caller closes it.
   *
   * <p>The host's policy has to accept an image by its name here, before anything of it is taken;
   * it cannot know where the image comes from. Verifiers are asked before a manifest is recorded,
   * of an index about each manifest and the index itself, with the store as its source: one that
   * needs signatures finds those that were copied before. What is put here fails with what these
   * say, as in {@link #pull(String, ProgressListener)}.
   */
  public ImageSink sink() {
    return new AcceptedSink(
        store.sink(),
        name -> {
          if (verifiers.isEmpty()) {
            policy.requireAccepted(name);
          }
        },
        (name, manifest) -> {
          try (ImageSource here = store.source()) {
            verifiers.forEach(verifier -> verifier.verify(name, manifest, here));
          }
        });
  }

  /** The same for images that are made here, of such as were accepted. */
  ImageSink ownSink() {
    return store.sink();
  }

  /**
   * Gives an image another name. The old one stays; {@link #remove} takes either away.
   *
   * @throws RuncibleException NOT_FOUND if the store does not have it
   */
  public void tag(String source, String target) {
    ImageReference from = ImageReference.parse(source);
    ImageReference to = ImageReference.parse(target);
    store.tag(from, to);
    events.accept(new EngineEvent.ImageTagged(Instant.now(), to.toString(), from.toString()));
  }

  /**
   * Says whether the rules of a {@link #prune(PruneRules)} spare a name; also after it is pulled
   * again, and until it is removed.
   *
   * @throws RuncibleException NOT_FOUND if the store does not have it
   */
  public void pin(String reference, boolean pinned) {
    store.images().pin(ImageReference.parse(reference), pinned);
  }

  /**
   * Forgets a name. The content stays until {@link #prune()}; containers are not disturbed.
   *
   * @return whether the name was known
   */
  public boolean remove(String reference) {
    ImageReference name = ImageReference.parse(reference);
    boolean known = store.images().remove(name);
    if (known) {
      untagged(name);
    }
    return known;
  }

  private void untagged(ImageReference name) {
    events.accept(new EngineEvent.ImageUntagged(Instant.now(), name.toString()));
  }

  /**
   * Removes the content that no name and no container uses, what is left of pulls that broke off,
   * and the programs of {@linkplain EngineBuilder#runtimeImage runtime images} that no engine and
   * no detached container uses. Pulls and containers that are being made, in any process, go on
   * meanwhile, and lose nothing.
   *
   * @throws RuncibleException CORRUPT_DATA if the record of a name is damaged, see {@link #repair}
   */
  public Pruned prune() {
    return prune(PruneRules.NO_NAMES);
  }

  /**
   * Forgets the names that meet the rules, and removes the content that no name and no container
   * uses then.
   *
   * @throws RuncibleException as {@link #prune()}
   */
  public Pruned prune(PruneRules rules) {
    Pruned pruned = new Pruning(store, snapshotter, containers, rules).run();
    pruned.names().forEach(this::untagged);
    RuntimePrograms.prune(store.root(), containers.get());
    return pruned;
  }

  /** Forgets names with what only they keep. */
  void forget(List<ImageReference> names) {
    new Pruning(store, snapshotter, containers, PruneRules.NO_NAMES).forget(names);
  }

  /**
   * Looks whether the store is whole: every record and blob, with those of additional stores that a
   * name needs, and that every layer is unpacked or can be. Reads all these blobs. Others go on
   * meanwhile.
   *
   * @param files whether also to compare the files of unpacked layers with their blobs, which takes
   *     as long as to unpack them
   */
  public StoreReport check(boolean files) {
    return storeCheck().check(files);
  }

  /**
   * Repairs what {@link #check} finds: removes damaged blobs and records, so that the next pull
   * fetches them, and unpacks damaged and missing layers again from the blobs that are sound. A
   * layer that a container uses stays as it is, and so does what an additional store has.
   *
   * @return what could not be repaired by itself: what has to be pulled again, or waits for a
   *     container to be removed
   */
  public StoreReport repair(boolean files) {
    return storeCheck().repair(files);
  }

  private StoreCheck storeCheck() {
    return new StoreCheck(store, snapshotter, unpacker, platform, containers);
  }

  /** What the store takes on disk. Looks at every file of every unpacked layer. */
  public StoreUsage usage() {
    return StoreUsage.of(store, snapshotter);
  }
}
