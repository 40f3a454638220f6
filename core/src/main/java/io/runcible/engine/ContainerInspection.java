package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.network.PortBinding;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

/** What is known of a container beside its processes: its networks, its ports, its mounts. */
final class ContainerInspection {
  private final EngineParts parts;
  private final ContainerDirectory directory;
  private final ContainerRecord record;

  ContainerInspection(EngineParts parts, ContainerDirectory directory, ContainerRecord record) {
    this.parts = parts;
    this.directory = directory;
    this.record = record;
  }

  ContainerDetails details(Container container, Lifecycle lifecycle) {
    BundleConfig config = BundleConfig.read(directory);
    return new ContainerDetails(
        container.id(),
        container.name(),
        record.image(),
        container.created(),
        container.state(),
        container.pid(),
        lifecycle.runs(),
        lifecycle.restarts(),
        lifecycle.health(),
        config.command(),
        config.mountPoints(),
        config.limits(),
        container.labels(),
        config.annotations(),
        record.detached(),
        record.options().autoRemove(),
        StoredRestart.of(directory, record),
        endpoints(),
        container.ports(),
        config.setup(record));
  }

  /** Its places on bridge networks. */
  List<NetworkEndpoint> endpoints() {
    return parts.networks().list().stream()
        .flatMap(
            network ->
                network.members().stream()
                    .filter(member -> member.containerId().equals(record.id()))
                    .map(
                        member ->
                            new NetworkEndpoint(
                                network.name(),
                                member.device(),
                                member.addresses(),
                                member.names())))
        .toList();
  }

  /** Whether it has a volume, by its name, or something mounted at a path. */
  boolean hasMounted(String nameOrPath) {
    return nameOrPath.startsWith("/")
        ? BundleConfig.read(directory).mountPoints().contains(nameOrPath)
        : parts
            .volumes()
            .find(nameOrPath)
            .map(volume -> volume.users().contains(record.id()))
            .orElse(false);
  }

  InetSocketAddress hostAddress(int containerPort) {
    PortBinding binding = published(containerPort);
    InetAddress address = binding.hostAddress();
    return new InetSocketAddress(
        address.isAnyLocalAddress() ? PortBinding.tcp(containerPort).hostAddress() : address,
        binding.hostPort());
  }

  PortBinding published(int containerPort) {
    PortBinding found = null;
    for (PortBinding binding : record.portBindings()) {
      if (binding.containerPort() == containerPort
          && (found == null || binding.protocol().compareTo(found.protocol()) < 0)) {
        found = binding;
      }
    }
    if (found == null) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND,
          "container "
              + record.id()
              + " does not publish port "
              + containerPort
              + ", but "
              + record.portBindings());
    }
    return found;
  }
}
