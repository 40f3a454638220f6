package io.runcible.engine;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import io.runcible.snapshot.Snapshotter;
import io.runcible.store.ImageRecord;
import io.runcible.store.LocalStore;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a store takes on disk, by the lengths of files. Additional stores are not counted.
 *
 * @param images the names, sorted
 * @param blobBytes all blobs
 * @param layerBytes all unpacked layers
 * @param ingestBytes what is on its way into the store, or left of downloads that broke off
 * @param unusedBytes blobs and layers that no name keeps; containers may use them
 */
public record StoreUsage(
    List<ImageUsage> images, long blobBytes, long layerBytes, long ingestBytes, long unusedBytes) {
  /** Copies the list. */
  public StoreUsage {
    images = List.copyOf(images);
  }

  /**
   * What a name takes.
   *
   * @param reference the name
   * @param uniqueBytes blobs and layers that only this image has, by whatever names
   * @param sharedBytes those that other images have, too
   */
  public record ImageUsage(ImageReference reference, long uniqueBytes, long sharedBytes) {}

  static StoreUsage of(LocalStore store, Snapshotter snapshotter) {
    Map<Digest, Long> blobs = sizes(store.content().list(), store.content()::size);
    Map<Digest, Long> layers = sizes(snapshotter.list(), id -> snapshotter.usage(id).bytes());
    List<ImageRecord> names = store.images().list();
    Map<Digest, Set<Digest>> users = new HashMap<>();
    for (ImageRecord name : names) {
      for (Set<Digest> content : List.of(name.blobs(), name.layers())) {
        content.forEach(
            digest ->
                users.computeIfAbsent(digest, d -> new HashSet<>()).add(name.manifest().digest()));
      }
    }
    List<ImageUsage> images =
        names.stream()
            .map(name -> usage(name, blobs, layers, users))
            .sorted((a, b) -> a.reference().toString().compareTo(b.reference().toString()))
            .toList();
    return new StoreUsage(
        images,
        sum(blobs),
        sum(layers),
        store.content().ingestBytes(),
        unused(blobs, users) + unused(layers, users));
  }

  private interface Size {
    long of(Digest digest);
  }

  private static Map<Digest, Long> sizes(List<Digest> all, Size size) {
    Map<Digest, Long> sizes = new HashMap<>();
    for (Digest digest : all) {
      try {
        sizes.put(digest, size.of(digest));
      } catch (RuncibleException e) {
        if (e.kind() != ErrorKind.NOT_FOUND) { // Removed meanwhile.
          throw e;
        }
      }
    }
    return sizes;
  }

  private static ImageUsage usage(
      ImageRecord name,
      Map<Digest, Long> blobs,
      Map<Digest, Long> layers,
      Map<Digest, Set<Digest>> users) {
    long unique = 0;
    long shared = 0;
    for (boolean blob : new boolean[] {true, false}) {
      for (Digest digest : blob ? name.blobs() : name.layers()) {
        long size = (blob ? blobs : layers).getOrDefault(digest, 0L);
        if (users.getOrDefault(digest, Set.of()).size() > 1) {
          shared += size;
        } else {
          unique += size;
        }
      }
    }
    return new ImageUsage(name.reference(), unique, shared);
  }

  private static long sum(Map<Digest, Long> sizes) {
    return sizes.values().stream().mapToLong(Long::longValue).sum();
  }

  private static long unused(Map<Digest, Long> sizes, Map<Digest, Set<Digest>> users) {
    return sizes.entrySet().stream()
        .filter(entry -> !users.containsKey(entry.getKey()))
        .mapToLong(Map.Entry::getValue)
        .sum();
  }
}
