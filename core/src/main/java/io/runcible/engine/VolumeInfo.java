package io.runcible.engine;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What there is to know of a volume.
 *
 * @param name its name
 * @param path the directory with its files, on the host
 * @param created when it was made
 * @param labels its labels
 * @param maxBytes the most that it holds; empty for no limit of its own
 * @param anonymous whether it was made for one container, and goes with it unless another one has
 *     it, too
 * @param users the ids of the containers that have it mounted, running or not
 */
public record VolumeInfo(
    String name,
    Path path,
    Instant created,
    Map<String, String> labels,
    OptionalLong maxBytes,
    boolean anonymous,
    List<String> users) {
  /** Copies the collections. */
  public VolumeInfo {
    labels = Map.copyOf(labels);
    users = List.copyOf(users);
  }
}
