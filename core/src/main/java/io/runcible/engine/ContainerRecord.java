package io.runcible.engine;

import io.runcible.network.PortBinding;
import io.runcible.state.JsonRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a later process must know of a container.
 *
 * @param id its id
 * @param token a random word that tells it from another container of its id, before or after
 * @param hostname its host name
 * @param image the reference it was made from
 * @param chain the chainIds of its layers, the lowest first
 * @param cgroupsPath its cgroup as the runtime was told, empty for none
 * @param stopSignal what asks it to end
 * @param detached whether it outlives its engine
 * @param createdMillis when it was made
 * @param ports what it publishes, as {@link PortBinding#parse} reads it
 * @param options what its engine does with it
 * @param storage what else of the store it has mounted
 * @param ids of its own user namespace
 */
record ContainerRecord(
    String id,
    String token,
    String hostname,
    String image,
    List<String> chain,
    String cgroupsPath,
    int stopSignal,
    boolean detached,
    long createdMillis,
    List<String> ports,
    ContainerOptions options,
    ContainerStorage storage,
    IdMaps ids) {
  /** Earlier releases wrote neither ports nor options nor storage nor ids. */
  ContainerRecord {
    Objects.requireNonNull(id);
    Objects.requireNonNull(token);
    chain = List.copyOf(chain);
    ports = ports == null ? List.of() : List.copyOf(ports);
    options = Objects.requireNonNullElse(options, ContainerOptions.NONE);
    storage = Objects.requireNonNullElse(storage, ContainerStorage.NONE);
    ids = Objects.requireNonNullElse(ids, IdMaps.HOST);
  }

  /** The chainIds of all layers that it uses. */
  List<String> layers() {
    return Stream.concat(chain.stream(), storage.layers().stream()).toList();
  }

  List<PortBinding> portBindings() {
    List<PortBinding> bindings = new ArrayList<>();
    for (String port : ports) {
      bindings.addAll(PortBinding.parse(port));
    }
    return Collections.unmodifiableList(bindings);
  }

  void write(ContainerDirectory directory) {
    JsonRecord.write(directory.record(), this, false);
  }

  /**
   * Whether a directory has the record of this token, as far as that is seen without reading it.
   */
  static boolean isOf(ContainerDirectory directory, String token) {
    try {
      // As it is written: a quotation mark in a text would have a backslash before it.
      return Files.readString(directory.record()).contains("\"token\":\"" + token + "\"");
    } catch (IOException e) {
      return false;
    }
  }

  static Optional<ContainerRecord> read(ContainerDirectory directory) {
    return JsonRecord.read(directory.record(), ContainerRecord.class);
  }
}
