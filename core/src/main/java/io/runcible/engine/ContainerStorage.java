package io.runcible.engine;

import io.runcible.Digest;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

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
    Set<String> volumes = new LinkedHashSet<>();
    for (Mount mount : spec.mounts()) {
      if (mount.kind() == Mount.Kind.VOLUME && mount.name().isPresent()) {
        volumes.add(mount.name().get());
      }
    }
    Set<String> layers = new LinkedHashSet<>();
    for (List<Digest> image : images) {
      for (Digest layer : image) {
        layers.add(layer.toString());
      }
    }
    return new ContainerStorage(List.copyOf(volumes), List.copyOf(layers));
  }
}
