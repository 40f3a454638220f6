package io.runcible.snapshot;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.ProgressEvent;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveBudget;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.ProgressInputStream;
import io.runcible.archive.SkippedEntry;
import io.runcible.archive.VerifiedInputStream;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.image.ChainId;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.Layer;
import io.runcible.store.Ingest;
import io.runcible.store.LocalStore;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One image on its way into the store. Holds the locks of all that is missing, taken in the order
 * of the digests, so that two processes never wait for each other; fetches and unpacks; makes it
 * durable with one sync; and only then gives it its names.
 */
final class ImageTransaction implements AutoCloseable {
  /** How many layers are under way; each takes a connection, four threads and a few megabytes. */
  private static final int AT_ONCE = Math.max(4, Runtime.getRuntime().availableProcessors());

  private final Image image;
  private final List<Layer> layers;
  private final List<Digest> chain;
  private final LocalStore store;
  private final Snapshotter snapshotter;
  private final PrivilegedHost host;
  private final UnpackedLayer.Form form;
  private final ExecutorService stages;
  private final ExecutorService writers;
  private final ProgressListener listener;
  private final Map<String, Ingest> ingests = new TreeMap<>();
  private final Map<Digest, Snapshotter.Staging> stagings = new LinkedHashMap<>();
  private final Map<Integer, UnpackedLayer> unpacked = new TreeMap<>();
  private final Set<Digest> read = ConcurrentHashMap.newKeySet();
  private final Map<RuncibleException, Descriptor> failedLayers = new ConcurrentHashMap<>();

  /** Those whose source failed. */
  private final Set<Digest> brokenOff = ConcurrentHashMap.newKeySet();

  private final ReentrantLock completing = new ReentrantLock();

  /** So many layers, from the lowest, are complete; guarded by the lock. */
  private int completed;

  /** The first of what cannot be made here of the layers; guarded by the same lock. */
  private final List<ProgressEvent> leftOut = new ArrayList<>();

  /** Where the layers are, once they are locked. */
  private List<Path> lowestFirst = List.of();

  ImageTransaction(
      Image image,
      LocalStore store,
      Snapshotter snapshotter,
      PrivilegedHost host,
      ArchiveLimits limits,
      ExecutorService stages,
      ExecutorService writers,
      ProgressListener listener) {
    this.image = image;
    this.layers = image.layers();
    this.chain = ChainId.of(layers.stream().map(Layer::diffId).toList());
    this.store = store;
    this.snapshotter = snapshotter;
    this.host = host;
    this.form = UnpackedLayer.Form.ofRoot(snapshotter, new ArchiveBudget(limits));
    this.stages = stages;
    this.writers = writers;
    this.listener = listener;
  }

  /**
   * Brings all of it.
   *
   * @param damaged the digests of blobs that are fetched although the store has them
   */
  List<Digest> run(Set<Digest> damaged) {
    lockWhatIsMissing(damaged);
    receive(image.descriptor(), image.manifest().raw());
    receive(image.manifest().config(), image.config().raw());
    try {
      fetchLayers();
    } catch (RuncibleException e) {
      if (isCut(e)) {
        ingests.values().forEach(Ingest::keep);
      }
      throw e;
    }
    if (host.rootless()) {
      unpackRootless();
    } else {
      completeWhatCanBe();
    }
    if (!ingests.isEmpty() || !stagings.isEmpty()) {
      store.sync();
      ingests.values().forEach(Ingest::commit);
      stagings.values().forEach(Snapshotter.Staging::commit);
    }
    leftOut.forEach(event -> ProgressInputStream.tell(listener, event));
    return chain;
  }

  /** Whether the source or the caller broke off, and neither content nor disk was at fault. */
  private boolean isCut(RuncibleException failure) {
    if (ingests.values().stream().anyMatch(Ingest::isRefused)) {
      return false;
    }
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof NativeException) {
        return false;
      }
    }
    return switch (failure.kind()) {
      case UNAVAILABLE, TIMEOUT, CANCELLED -> true;
      default -> false;
    };
  }

  private Map<String, Descriptor> blobs() {
    Map<String, Descriptor> blobs = new TreeMap<>();
    blobs.put(image.descriptor().digest().toString(), image.descriptor());
    blobs.put(image.manifest().config().digest().toString(), image.manifest().config());
    layers.forEach(layer -> blobs.put(layer.descriptor().digest().toString(), layer.descriptor()));
    return blobs;
  }

  private void lockWhatIsMissing(Set<Digest> damaged) {
    blobs()
        .forEach(
            (key, descriptor) -> {
              boolean suspect = damaged.contains(descriptor.digest());
              if (suspect || !store.content().contains(descriptor)) {
                Ingest ingest = store.content().ingest(descriptor);
                ingests.put(key, ingest);
                if (suspect) {
                  ingest.verifyPresent();
                }
              }
            });
    chain.stream()
        .distinct()
        .filter(id -> !snapshotter.contains(id))
        .sorted((a, b) -> a.hex().compareTo(b.hex()))
        .forEach(id -> stagings.put(id, snapshotter.stage(id)));
    lowestFirst = directories();
  }

  /**
   * Which of the blobs that the store had are damaged, if the one that a failure is of is. If there
   * are any, what came of the others is kept for the next transaction.
   *
   * @throws RuncibleException CANCELLED if the thread is interrupted
   */
  Set<Digest> damaged(RuncibleException failure) {
    // What else fails has read whole blobs.
    Descriptor failed = failedLayers.get(failure);
    if (failed == null || !isDamaged(failed)) {
      return Set.of();
    }
    Set<Digest> damaged = new LinkedHashSet<>();
    blobs().values().stream().filter(this::isDamaged).map(Descriptor::digest).forEach(damaged::add);
    ingests.values().forEach(Ingest::keep);
    return damaged;
  }

  private boolean isDamaged(Descriptor blob) {
    return !ingests.containsKey(blob.digest().toString()) && store.content().isDamaged(blob);
  }

  /**
   * Whether a failure is of a layer of these, which has not come as a whole: by its source, or
   * since what came makes no sense, and is not what it should be. It may also be too large, or the
   * disk full. Fetches the rest of one that makes no sense.
   */
  boolean isOfFetching(RuncibleException failure, Set<Digest> layers) {
    Descriptor failed = failedLayers.get(failure);
    return failed != null
        && layers.contains(failed.digest())
        && isMissing(failed)
        && (brokenOff.contains(failed.digest())
            || failure.kind() == ErrorKind.CORRUPT_DATA && !comesAsAWhole(failed));
  }

  private boolean comesAsAWhole(Descriptor failed) {
    Layer layer =
        layers.stream().filter(one -> one.descriptor().equals(failed)).findFirst().orElseThrow();
    try (InputStream rest = open(layer)) {
      rest.transferTo(OutputStream.nullOutputStream());
      return true;
    } catch (IOException | RuncibleException e) {
      log().debug("what came of {} makes no sense, and its rest does not come", layer, e);
      return false;
    }
  }

  private void receive(Descriptor descriptor, byte[] raw) {
    Ingest ingest = ingests.get(descriptor.digest().toString());
    if (ingest != null && !ingest.isPresent()) {
      ingest.receive(raw);
    }
  }

  /** Of each blob: fetches it if it is missing, and unpacks every layer that it is. */
  private void fetchLayers() {
    Map<Digest, List<Integer>> byBlob = new LinkedHashMap<>();
    for (int i = 0; i < layers.size(); i++) {
      byBlob
          .computeIfAbsent(layers.get(i).descriptor().digest(), digest -> new ArrayList<>())
          .add(i);
    }
    Queue<List<Integer>> waiting = new ConcurrentLinkedQueue<>(byBlob.values());
    TaskGroup tasks = new TaskGroup(writers);
    for (int i = Math.min(AT_ONCE, waiting.size()); i > 0; i--) {
      tasks.start(() -> workThrough(waiting, tasks));
    }
    tasks.await("fetching " + image.reference());
  }

  private void workThrough(Queue<List<Integer>> waiting, TaskGroup tasks) {
    List<Integer> indexes = waiting.poll();
    while (indexes != null && !tasks.hasFailed()) {
      work(indexes);
      if (!host.rootless()) {
        completeWhatCanBe();
      }
      indexes = waiting.poll();
    }
  }

  private void work(List<Integer> indexes) {
    Layer layer = layers.get(indexes.get(0));
    boolean skipped = true;
    for (int index : indexes) {
      boolean wanted = isWanted(index) && unpacked(index) == null;
      boolean missing = isMissing(layer.descriptor());
      if (wanted || missing) {
        skipped = false;
        fetchAndUnpack(layer, index, wanted && !host.rootless());
      }
    }
    if (skipped) {
      ProgressInputStream.tell(
          listener,
          new ProgressEvent.Skipped(layer.descriptor().digest(), layer.descriptor().size()));
    }
  }

  /** Completes the layers below which all are complete, while others are being fetched. */
  private void completeWhatCanBe() {
    // Whoever is at it, or the one who waits for all in the end, sees to what is ready by then.
    if (!completing.tryLock()) {
      return;
    }
    try {
      UnpackedLayer layer = unpacked(completed);
      while (completed < chain.size() && (layer != null || !isWanted(completed))) {
        if (layer != null) {
          for (SkippedEntry entry : layer.complete(below(completed)).skipped()) {
            leftOut(completed, entry.printableName(), entry.what());
          }
        }
        completed++;
        layer = unpacked(completed);
      }
    } finally {
      completing.unlock();
    }
  }

  private void leftOut(int index, String name, String what) {
    if (leftOut.size() < RootlessUnpack.MAX_LEFT_OUT) {
      leftOut.add(new ProgressEvent.LeftOut(layers.get(index).descriptor().digest(), name, what));
    }
  }

  private boolean isWanted(int index) {
    Snapshotter.Staging staging = stagings.get(chain.get(index));
    return staging != null && !staging.isPresent();
  }

  private @Nullable UnpackedLayer unpacked(int index) {
    synchronized (unpacked) {
      return unpacked.get(index);
    }
  }

  private boolean isMissing(Descriptor descriptor) {
    Ingest ingest = ingests.get(descriptor.digest().toString());
    return ingest != null && !ingest.isComplete();
  }

  private void fetchAndUnpack(Layer layer, int index, boolean unpack) {
    try {
      try {
        read(layer, index, unpack);
      } catch (RuncibleException e) {
        if (!isOfContent(e) || !restart(layer)) {
          throw e;
        }
        log().debug("What was left of {} is no part of it; it is fetched anew", layer, e);
        if (unpack) {
          UnpackedLayer.discard(staged(index), form);
        }
        read(layer, index, unpack);
      }
    } catch (IOException e) {
      throw failed(layer, ErrorKind.UNAVAILABLE, e);
    } catch (RuncibleException e) {
      throw failed(layer, e.kind(), e);
    }
  }

  private RuncibleException failed(Layer layer, ErrorKind kind, Exception cause) {
    RuncibleException failure =
        new RuncibleException(kind, "cannot unpack " + layer + ": " + cause.getMessage(), cause);
    failedLayers.put(failure, layer.descriptor());
    return failure;
  }

  /** Whether bytes that are not the right ones can be the reason. */
  static boolean isOfContent(RuncibleException failure) {
    return switch (failure.kind()) {
      case CORRUPT_DATA, INVALID_INPUT, UNSUPPORTED -> true;
      default -> false;
    };
  }

  /** Whether the layer went on from what was left of it, which may be the damaged part. */
  private boolean restart(Layer layer) {
    Ingest ingest = ingests.get(layer.descriptor().digest().toString());
    if (ingest == null || !ingest.restart()) {
      return false;
    }
    brokenOff.remove(layer.descriptor().digest());
    return true;
  }

  private void read(Layer layer, int index, boolean unpack) throws IOException {
    try (InputStream compressed = open(layer)) {
      if (!unpack) {
        compressed.transferTo(OutputStream.nullOutputStream());
        return;
      }
      UnpackedLayer done = unpack(compressed, layer, staged(index));
      synchronized (unpacked) {
        unpacked.put(index, done);
      }
    }
  }

  private UnpackedLayer unpack(InputStream compressed, Layer layer, Path directory)
      throws IOException {
    Digest blob = layer.descriptor().digest();
    boolean first = read.add(blob);
    UnpackedLayer.Form once = first ? form.part() : form.again();
    try {
      // Others have other layers. The stream ends at the size that is stated.
      return UnpackedLayer.isSmall(layer)
          ? UnpackedLayer.unpackSmall(compressed, layer, directory, once)
          : UnpackedLayer.unpack(compressed, layer.diffId(), directory, once, stages);
    } catch (IOException | RuntimeException e) {
      // Another attempt, if there is one, counts as the first.
      once.budget().giveBack();
      if (first) {
        read.remove(blob);
      }
      throw e;
    }
  }

  private Path staged(int index) {
    return Objects.requireNonNull(stagings.get(chain.get(index))).directory();
  }

  /** The blob from the store or, while it is kept there, from the source. */
  private InputStream open(Layer layer) throws IOException {
    Descriptor descriptor = layer.descriptor();
    Ingest ingest = ingests.get(descriptor.digest().toString());
    if (ingest == null || ingest.isPresent()) {
      return new VerifiedInputStream(
          store.content().open(descriptor.digest()), descriptor.digest(), descriptor.size());
    }
    if (ingest.isComplete()) {
      return Files.newInputStream(ingest.path());
    }
    try {
      return new ProgressInputStream(
          new SourceStream(
              ingest.resume(layer::compressed), () -> brokenOff.add(descriptor.digest())),
          descriptor.digest(),
          descriptor.size(),
          listener);
    } catch (RuntimeException e) {
      brokenOff.add(descriptor.digest());
      throw e;
    }
  }

  private List<Path> directories() {
    List<Path> directories = new ArrayList<>();
    for (Digest id : chain) {
      Snapshotter.Staging staging = stagings.get(id);
      directories.add(staging != null ? staging.directory() : snapshotter.directory(id));
    }
    return directories;
  }

  /** Those below one, the topmost first. */
  private List<Path> below(int index) {
    List<Path> below = new ArrayList<>(lowestFirst.subList(0, index));
    Collections.reverse(below);
    return below;
  }

  private void unpackRootless() {
    Map<Integer, RootlessUnpack.Layer> request = rootlessRequest();
    List<Integer> indexes = List.copyOf(request.keySet());
    AtomicInteger failed = new AtomicInteger(-1);
    try {
      RootlessUnpack.run(host, form, List.copyOf(request.values()), failed::set)
          .forEach(entry -> leftOut(indexes.get(entry.layer()), entry.name(), entry.what()));
    } catch (RuncibleException e) {
      int number = failed.get();
      if (e.kind() == ErrorKind.CANCELLED) {
        ingests.values().forEach(Ingest::keep);
      }
      boolean known = number >= 0 && number < indexes.size();
      throw known ? failed(layers.get(indexes.get(number)), e.kind(), e) : e;
    }
  }

  /** By their place in the chain, the lowest first. */
  private Map<Integer, RootlessUnpack.Layer> rootlessRequest() {
    Map<Integer, RootlessUnpack.Layer> request = new TreeMap<>();
    for (int i = 0; i < layers.size(); i++) {
      Snapshotter.Staging staging = stagings.get(chain.get(i));
      if (staging != null && !staging.isPresent()) {
        Digest blob = layers.get(i).descriptor().digest();
        Ingest ingest = ingests.get(blob.toString());
        Path file = ingest != null ? ingest.path() : store.content().path(blob);
        request.put(
            i,
            new RootlessUnpack.Layer(
                file.toString(),
                layers.get(i).diffId().toString(),
                staging.directory().toString(),
                below(i).stream().map(Path::toString).toList()));
      }
    }
    return request;
  }

  @Override
  public void close() {
    List<AutoCloseable> held = new ArrayList<>();
    held.addAll(unpacked.values());
    held.addAll(stagings.values());
    held.addAll(ingests.values());
    closeAll(held);
  }

  private static void closeAll(Collection<AutoCloseable> held) {
    RuncibleException failure = null;
    for (AutoCloseable one : held) {
      try {
        one.close();
      } catch (Exception e) {
        if (failure == null) {
          failure =
              new RuncibleException(
                  e instanceof RuncibleException known ? known.kind() : ErrorKind.INTERNAL,
                  "cannot clean up after an image: " + e.getMessage(),
                  e);
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(ImageTransaction.class);
  }
}
