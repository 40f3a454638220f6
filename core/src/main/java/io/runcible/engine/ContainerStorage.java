package io.runcible.engine;

import io.runcible.Digest;
import java.util.Collection;
import java.util.List;

/**
 * What of the store a container has mounted, besides its own image.
 *
 * @param volumes the names of its volumes that are not its own
 * @param layers the chainIds of the images that are mounted
 */
record ContainerStorage(List<String> volumes, List<String> layers) {
  /** What a record of an earlier release means. */
  static final ContainerStorage NONE = new ContainerStorage(List.of(), List.of());

  static ContainerStorage of(ContainerSpec spec, Collection<List<Digest>> images) {
    return new ContainerStorage(
        spec.mounts().stream()
            .filter(mount -> mount.kind() == Mount.Kind.VOLUME)
            .flatMap(mount -> mount.name().stream())
            .distinct()
            .toList(),
        images.stream().flatMap(List::stream).map(Digest::toString).distinct().toList());
  }
}
