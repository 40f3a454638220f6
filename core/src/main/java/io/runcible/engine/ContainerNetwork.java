package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.network.Network;
import io.runcible.network.NetworkClient;
import io.runcible.network.UserNetwork;
import io.runcible.runtime.OciRuntime;
import io.runcible.runtime.RuntimeSpec;
import io.runcible.runtime.RuntimeSpec.NamespaceType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;

/** The network namespace of a container that is being made, and whose names it knows. */
final class ContainerNetwork {
  /** The runtime is at work then, and most of the time waits. */
  private static final Duration NEXT = Duration.ofMillis(20);

  /** The file of the network that the runtime of a container has to be in. */
  private static final String ENTERED = "io.runcible.network";

  private final EngineParts parts;
  private final ContainerDirectory directory;
  private final ContainerSpec spec;

  ContainerNetwork(EngineParts parts, ContainerDirectory directory, ContainerSpec spec) {
    this.parts = parts;
    this.directory = directory;
    this.spec = spec;
  }

  /** Before anything is made: what this engine or this combination cannot do. */
  static void check(EngineParts parts, ContainerSpec spec) {
    Network.Kind kind = spec.network().kind();
    if (parts.host().rootless() && kind == Network.Kind.CNI) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "the network '"
              + spec.network()
              + "' needs root: an ordinary user's plugins can change neither devices nor packet"
              + " filters of the host; choose a bridge network");
    }
    if (kind != Network.Kind.BRIDGE
        && kind != Network.Kind.HOST
        && !spec.nameResolution().gatewayNames().isEmpty()) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "there is no "
              + NameResolution.HOST_GATEWAY
              + " on the network '"
              + spec.network()
              + "'; choose a bridge network, or the host's");
    }
  }

  /** Makes the namespace where the network needs one before the start. */
  void attach(ContainerRecord record) {
    if (spec.network().kind() == Network.Kind.BRIDGE) {
      parts
          .networks()
          .attach(
              parts.journal(),
              client(parts, directory, record, spec.nameResolution().gatewayNames()),
              spec.networks());
      Future<?> unused = parts.tasks().after(NEXT, parts.networks()::prepare);
    }
    if (spec.network().kind() == Network.Kind.CNI) {
      parts
          .networks()
          .attach(
              client(parts, directory, record, List.of()),
              spec.networks(),
              record.portBindings(),
              !spec.nameResolution().changesResolver());
    }
  }

  static NetworkClient client(
      EngineParts parts,
      ContainerDirectory directory,
      ContainerRecord record,
      List<String> gatewayNames) {
    List<String> names = new ArrayList<>(List.of(record.id()));
    if (!record.hostname().equals(record.id())) {
      names.add(record.hostname());
    }
    boolean ownWayOut =
        parts.host().rootless()
            && !record.ports().isEmpty()
            && UserNetwork.isWayOut(record.portBindings());
    return new NetworkClient(
        record.id(), record.token(), directory.path(), names, gatewayNames, ownWayOut);
  }

  /** Says in the configuration which namespace it is, and mounts the files with the names. */
  void configure(RuntimeSpec.Builder builder, IdMaps ids) {
    ContainerDirectory names = directory;
    switch (spec.network().kind()) {
      case NONE -> {}
      case HOST -> share(builder);
      case USER -> join(builder, ids, UserNetwork.namespace(directory.path()));
      case BRIDGE, CNI -> join(builder, ids, directory.networkNamespace());
      case CONTAINER -> {
        names =
            ContainerDirectory.of(
                parts.containers(),
                new ContainerNames(parts.containers()).idOf(spec.network().name()));
        // Otherwise it is that of the other's process, as of its other namespaces.
        if (Files.exists(names.networkNamespace())) {
          join(builder, ids, names.networkNamespace());
        }
      }
    }
    for (RuntimeSpec.Mount mount : HostFiles.mounts(directory, names)) {
      builder.mount(mount);
    }
  }

  private static void join(RuntimeSpec.Builder builder, IdMaps ids, Path namespace) {
    if (ids.nested()) {
      share(builder);
      builder.annotation(ENTERED, namespace.toString());
    } else {
      builder.namespace(RuntimeSpec.Namespace.join(NamespaceType.NETWORK, namespace));
    }
  }

  private static void share(RuntimeSpec.Builder builder) {
    builder.shareWithHost(NamespaceType.NETWORK).withoutSysctl("net.ipv4.ping_group_range");
  }

  /** The runtime of a container, which has to be in its network where that belongs to another. */
  static OciRuntime runtime(
      EngineParts parts, ContainerDirectory directory, ContainerRecord record) {
    String network = BundleConfig.read(directory).annotations().getOrDefault(ENTERED, "");
    if (network.isEmpty()) {
      return parts.runtime();
    }
    if (!Files.exists(Path.of(network))) {
      // Otherwise it would be in the network of the runtime.
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "the network of container " + directory.id() + " is gone: there is no '" + network + "'");
    }
    return parts.runtime().within(Path.of(network));
  }
}
