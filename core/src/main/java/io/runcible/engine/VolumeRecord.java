package io.runcible.engine;

import java.util.Map;
import java.util.Objects;

/**
 * What there is to know of a volume besides its files.
 *
 * @param createdMillis when it was made
 * @param labels its labels
 * @param filled whether it is filled at its first use
 * @param used whether a container has used it; its files are not touched any more then
 * @param maxBytes the most that it holds; 0 for no limit
 * @param container the id of the container that it goes with; empty for none
 * @param token the token of that container
 */
record VolumeRecord(
    long createdMillis,
    Map<String, String> labels,
    boolean filled,
    boolean used,
    long maxBytes,
    String container,
    String token) {
  VolumeRecord {
    labels = labels == null ? Map.of() : Map.copyOf(labels);
    container = Objects.requireNonNullElse(container, "");
    token = Objects.requireNonNullElse(token, "");
  }

  static VolumeRecord of(VolumeSpec spec) {
    return new VolumeRecord(
        System.currentTimeMillis(),
        spec.labels(),
        spec.isFilled(),
        false,
        spec.maxBytes().orElse(0),
        "",
        "");
  }

  /** One that goes with a container. */
  static VolumeRecord anonymous(ContainerRecord container) {
    return new VolumeRecord(
        System.currentTimeMillis(), Map.of(), true, false, 0, container.id(), container.token());
  }

  boolean isAnonymous() {
    return !token.isEmpty();
  }

  VolumeRecord asUsed() {
    return new VolumeRecord(createdMillis, labels, filled, true, maxBytes, container, token);
  }
}
