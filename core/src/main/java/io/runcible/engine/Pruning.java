package io.runcible.engine;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.snapshot.Snapshotter;
import io.runcible.store.ImageRecord;
import io.runcible.store.LocalStore;
import io.runcible.store.Sweep;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** One clean-up of a store. */
final class Pruning {
  private static final Duration LIMIT = Duration.ofMinutes(1);

  private final LocalStore store;
  private final Snapshotter snapshotter;
  private final Supplier<List<ContainerRecord>> containers;
  private final PruneRules rules;

  Pruning(
      LocalStore store,
      Snapshotter snapshotter,
      Supplier<List<ContainerRecord>> containers,
      PruneRules rules) {
    this.store = store;
    this.snapshotter = snapshotter;
    this.containers = containers;
    this.rules = rules;
  }

  Pruned run() {
    Pruned pruned;
    try (Sweep sweep = store.sweep(LIMIT)) {
      Set<String> images = new HashSet<>();
      Set<Digest> contained = contained(images);
      List<ImageReference> names = forget(sweep, contained, images);
      Set<Digest> used = sweep.used();
      used.addAll(contained);
      List<Digest> blobs = unused(store.content().list(), used);
      List<Digest> layers = unused(snapshotter.list(), used);
      layers.forEach(snapshotter::remove);
      pruned = new Pruned(names, blobs.size(), layers.size(), sweep.removeBlobs(blobs));
    }
    if (pruned.layers() > 0) {
      snapshotter.clean();
    }
    return pruned;
  }

  /** After the leases were looked at: who makes a container holds one until it has its record. */
  private Set<Digest> contained(Set<String> images) {
    Set<Digest> contained = new HashSet<>();
    for (ContainerRecord container : containers.get()) {
      container.layers().forEach(id -> contained.add(Digest.parse(id)));
      images.add(container.image());
    }
    return contained;
  }

  /** Of these names, and of nothing else, removes the content that nobody uses besides. */
  void forget(List<ImageReference> names) {
    if (names.isEmpty()) {
      return;
    }
    try (Sweep sweep = store.sweep(LIMIT)) {
      Set<Digest> content = new HashSet<>();
      for (ImageRecord name : sweep.names()) {
        if (names.contains(name.reference())) {
          content.addAll(name.blobs());
          content.addAll(name.layers());
          sweep.remove(name);
        }
      }
      content.removeAll(sweep.used());
      content.removeAll(contained(new HashSet<>()));
      content.stream().filter(snapshotter::contains).forEach(snapshotter::remove);
      content.stream().filter(store.content()::contains).forEach(store.content()::remove);
    }
    snapshotter.clean();
  }

  private static List<Digest> unused(List<Digest> all, Set<Digest> used) {
    return all.stream().filter(digest -> !used.contains(digest)).toList();
  }

  private List<ImageReference> forget(Sweep sweep, Set<Digest> contained, Set<String> images) {
    if (!rules.forgetsNames()) {
      return List.of();
    }
    List<ImageReference> forgotten = new ArrayList<>();
    Instant latest = Instant.now().minus(rules.age());
    for (ImageRecord name : sweep.names()) {
      boolean inUse =
          images.contains(name.reference().toString())
              || !name.layers().isEmpty() && contained.containsAll(name.layers());
      if (!name.pinned() && !inUse && !name.created().isAfter(latest) && hasLabels(name)) {
        sweep.remove(name);
        forgotten.add(name.reference());
      }
    }
    return forgotten;
  }

  private boolean hasLabels(ImageRecord name) {
    if (!rules.hasLabels()) {
      return true;
    }
    return rules.accepts(labels(name));
  }

  /** None of what is not one image, or is not whole: the rules do not fit it then. */
  private Map<String, String> labels(ImageRecord name) {
    if (!MediaType.isManifest(name.manifest().mediaType())) {
      return Map.of();
    }
    try {
      byte[] raw = store.content().read(name.manifest(), Manifest.MAX_SIZE);
      Manifest manifest = Manifest.parse(raw, name.manifest().mediaType());
      return ImageConfig.parse(store.content().read(manifest.config(), ImageConfig.MAX_SIZE))
          .labels();
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.UNAVAILABLE) {
        throw e;
      }
      return Map.of();
    }
  }
}
