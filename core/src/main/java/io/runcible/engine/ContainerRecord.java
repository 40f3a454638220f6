package io.runcible.engine;

import io.runcible.state.JsonRecord;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What a later process must know of a container.
 *
 * @param id its id
 * @param token a random word that tells it from another container of its id, before or after
 * @param image the reference it was made from
 * @param chain the chainIds of its layers, the lowest first
 * @param cgroupsPath its cgroup as the runtime was told, empty for none
 * @param stopSignal what asks it to end
 * @param detached whether it outlives its engine
 * @param createdMillis when it was made
 * @param options what its engine does with it
 */
record ContainerRecord(
    String id,
    String token,
    String image,
    List<String> chain,
    String cgroupsPath,
    int stopSignal,
    boolean detached,
    long createdMillis,
    ContainerOptions options) {

  /** A record of an earlier release has no options. */
  ContainerRecord {
    options = Objects.requireNonNullElse(options, ContainerOptions.NONE);
  }

  void write(ContainerDirectory directory) {
    JsonRecord.write(directory.record(), this, false);
  }

  static Optional<ContainerRecord> read(ContainerDirectory directory) {
    return JsonRecord.read(directory.record(), ContainerRecord.class);
  }
}
