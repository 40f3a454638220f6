package io.runcible.engine;

import io.runcible.network.PortBinding;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * What there is to know of a container at one time.
 *
 * @param id its id
 * @param name its name
 * @param image the reference of its image
 * @param created when it was made
 * @param state what it does
 * @param pid the number of its first process on the host, while it runs
 * @param runs its runs that this engine knows of, at most the last 16, the oldest first
 * @param restarts how often it was started after the first time, as far as this engine knows
 * @param health what its health checks said
 * @param command the words of its first process
 * @param mounts where something is mounted in it
 * @param limits its limits, of its next start if it does not run
 * @param labels its labels
 * @param annotations the annotations that its runtime got
 * @param detached whether it outlives its engine
 * @param autoRemove whether it is then removed by itself once it has ended
 * @param restartPolicy whether it is started again by itself
 * @param networks the bridge networks that it is on, by name
 * @param ports what it publishes, with the ports of the host
 * @param setup how it was set up
 */
public record ContainerDetails(
    String id,
    String name,
    String image,
    Instant created,
    ContainerState state,
    OptionalInt pid,
    List<ContainerRun> runs,
    int restarts,
    Health health,
    List<String> command,
    List<String> mounts,
    Limits limits,
    Map<String, String> labels,
    Map<String, String> annotations,
    boolean detached,
    boolean autoRemove,
    RestartPolicy restartPolicy,
    List<NetworkEndpoint> networks,
    List<PortBinding> ports,
    ContainerSetup setup) {
  /** Copies the collections. */
  public ContainerDetails {
    runs = List.copyOf(runs);
    command = List.copyOf(command);
    mounts = List.copyOf(mounts);
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
    networks = List.copyOf(networks);
    ports = List.copyOf(ports);
  }
}
