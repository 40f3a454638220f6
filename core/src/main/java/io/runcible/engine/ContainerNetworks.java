package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.network.Network;
import io.runcible.network.PortBinding;
import io.runcible.network.PortForwarder;
import io.runcible.network.PublishedPorts;
import java.util.List;

/** Decides how a container is connected, and connects it. */
final class ContainerNetworks {
  private final PortForwarder forwarder;

  ContainerNetworks(EngineParts parts) {
    this.forwarder = parts.forwarder();
  }

  /**
   * The network of a container, with its ports taken.
   *
   * @throws RuncibleException UNSUPPORTED or INVALID_INPUT if it cannot publish ports, otherwise as
   *     {@link PortForwarder#reserve}
   */
  ContainerNetwork make(ContainerSpec spec) {
    if (spec.ports().isEmpty()) {
      return ContainerNetwork.UNCONNECTED;
    }
    if (spec.network() == Network.HOST) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "ports "
              + spec.ports()
              + " cannot be published on the network of the host, where the program's ports are"
              + " those of the host");
    }
    if (spec.isDetached()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "ports "
              + spec.ports()
              + " of a detached container cannot be published: this process carries the bytes, and"
              + " the container is to outlive it; use the network of the host, or do not detach");
    }
    return forwarded(forwarder.reserve(spec.ports()));
  }

  private static ContainerNetwork forwarded(PublishedPorts ports) {
    return new ContainerNetwork() {
      @Override
      public List<PortBinding> ports() {
        return ports.bindings();
      }

      @Override
      public Runnable started(StartedProcess process) {
        return process
            .networkNamespace()
            .map(namespace -> ports.open(namespace, List.of()))
            .orElse(() -> {});
      }

      @Override
      public void close() {
        ports.close();
      }
    };
  }
}
