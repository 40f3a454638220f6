package io.runcible.engine;

import io.runcible.runtime.Capability;
import io.runcible.runtime.RuntimeSpec;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How a container was set up: what its spec, its image and the defaults came to.
 *
 * @param environment the variables of its first process
 * @param uid the user of its first process
 * @param gid the group of its first process
 * @param groups the further groups of its first process
 * @param workingDirectory where its first process begins
 * @param terminal whether it has a terminal
 * @param hostname its host name
 * @param stopSignal the number of the signal that asks it to end
 * @param stopTimeout how long {@link Container#stop()} waits
 * @param mounts what is mounted in it, in that order, those of the system included
 * @param readOnlyRoot whether its root file system is read-only
 * @param capabilities what its first process may have
 * @param noNewPrivileges whether its programs gain nothing from set-id bits
 * @param seccomp whether its system calls are filtered
 * @param apparmorProfile the AppArmor profile that was asked for
 */
public record ContainerSetup(
    Map<String, String> environment,
    int uid,
    int gid,
    List<Integer> groups,
    String workingDirectory,
    boolean terminal,
    String hostname,
    int stopSignal,
    Duration stopTimeout,
    List<RuntimeSpec.Mount> mounts,
    boolean readOnlyRoot,
    Set<Capability> capabilities,
    boolean noNewPrivileges,
    boolean seccomp,
    Optional<String> apparmorProfile) {
  /** Copies the collections. */
  public ContainerSetup {
    environment = Map.copyOf(environment);
    groups = List.copyOf(groups);
    mounts = List.copyOf(mounts);
    capabilities = Set.copyOf(capabilities);
  }

  /** Without the environment, which may have secrets. */
  @Override
  public String toString() {
    return "ContainerSetup[" + uid + ":" + gid + " in " + workingDirectory + "]";
  }
}
