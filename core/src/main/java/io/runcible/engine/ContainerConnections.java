package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.SocketNamespace;
import io.runcible.network.BridgeNetworks;
import io.runcible.network.Network;
import io.runcible.network.PortBinding;
import io.runcible.network.PortForwarder;
import io.runcible.network.PublishedPorts;
import io.runcible.network.UserNetwork;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Decides how a container is connected, and connects it. */
final class ContainerConnections {
  private final EngineParts parts;

  ContainerConnections(EngineParts parts) {
    this.parts = parts;
  }

  /**
   * The spec with the network that this host has for it.
   *
   * @throws RuncibleException UNSUPPORTED or INVALID_INPUT if it cannot publish the ports
   */
  ContainerSpec choose(ContainerSpec spec) {
    if (spec.ports().isEmpty()) {
      return spec;
    }
    String what = "ports " + spec.ports() + " cannot be published";
    if (spec.network().kind() == Network.Kind.HOST) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          what + " on the network of the host, where the program's ports are those of the host");
    }
    if (spec.isDetached() && !parts.host().rootless()) {
      return chooseDetached(spec, what);
    }
    Network.Kind kind = spec.network().kind();
    if (!parts.host().rootless() || kind == Network.Kind.USER || kind == Network.Kind.BRIDGE) {
      return spec;
    }
    if (spec.hasNetwork()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          what
              + " on the network "
              + spec.network()
              + ": an ordinary user's process cannot enter it; choose Network.USER or a bridge"
              + " network");
    }
    return spec.toBuilder().network(Network.USER).build();
  }

  /** The kernel publishes what outlives this process, or plugins do. */
  private static ContainerSpec chooseDetached(ContainerSpec spec, String what) {
    spec.ports().forEach(DetachedConnection::requirePossible);
    if (!spec.hasNetwork()) {
      return spec.toBuilder().network(Network.BRIDGE).build();
    }
    if (spec.network().kind() != Network.Kind.BRIDGE && !BridgeNetworks.publish(spec.networks())) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          what
              + " on the network "
              + spec.network()
              + ": those of a detached container need a bridge network, whose packet filter"
              + " outlives this process");
    }
    return spec;
  }

  /** That of a detached container which another engine made. */
  ContainerConnection adopt(ContainerDirectory directory, ContainerRecord record) {
    if (parts.host().rootless()) {
      Path path = directory.path();
      if (BridgeNetworks.isShared(path)) {
        return SharedConnection.adopt(parts, directory, record.portBindings());
      }
      return BundleConfig.joins(directory, UserNetwork.namespace(path))
          ? user(
              UserNetwork.adopt(parts.host(), parts.watcher(), path, false, record.portBindings()),
              true)
          : ContainerConnection.UNCONNECTED;
    }
    if (record.ports().isEmpty()) {
      return ContainerConnection.UNCONNECTED;
    }
    return parts.networks().hasPlugins(record.token())
        ? plugins(record.portBindings())
        : new DetachedConnection(parts, directory, record.portBindings());
  }

  /**
   * The network of a container, with its ports taken.
   *
   * @param directory of the container, which need not be there yet
   * @throws RuncibleException as {@link PortForwarder#reserve} and {@link UserNetwork#reserve}
   */
  ContainerConnection make(ContainerSpec spec, ContainerDirectory directory) {
    if (spec.network().kind() == Network.Kind.USER) {
      return user(
          UserNetwork.reserve(
              parts.host(),
              parts.watcher(),
              directory.path(),
              spec.isDetached(),
              false,
              spec.ports()),
          spec.isDetached());
    }
    if (spec.network().kind() == Network.Kind.BRIDGE && parts.host().rootless()) {
      return SharedConnection.reserve(parts, spec, directory);
    }
    if (!spec.ports().isEmpty() && BridgeNetworks.publish(spec.networks())) {
      return plugins(spec.ports());
    }
    if (spec.isDetached() && !spec.ports().isEmpty()) {
      return DetachedConnection.reserve(parts, directory, spec.ports());
    }
    return spec.ports().isEmpty()
        ? ContainerConnection.UNCONNECTED
        : forwarded(parts.forwarder().reserve(spec.ports()));
  }

  /** The plugins publish when they connect, and know no free port of the host. */
  private static ContainerConnection plugins(List<PortBinding> ports) {
    ports.stream()
        .filter(port -> port.hostPort() == 0)
        .forEach(
            port -> {
              throw new RuncibleException(
                  ErrorKind.INVALID_INPUT,
                  "port "
                      + port
                      + " is published by the plugins of a CNI network, which choose no port of the"
                      + " host: name one");
            });
    return new ContainerConnection() {
      @Override
      public List<PortBinding> ports() {
        return ports;
      }

      @Override
      public Runnable started(StartedProcess process, Supplier<List<InetAddress>> addresses) {
        return () -> {};
      }

      @Override
      public void close() {}
    };
  }

  private static Runnable open(
      PublishedPorts ports, SocketNamespace namespace, Supplier<List<InetAddress>> addresses) {
    List<InetAddress> inside;
    try {
      inside = addresses.get();
    } catch (RuntimeException e) {
      namespace.close();
      throw e;
    }
    return ports.open(namespace, inside);
  }

  private static ContainerConnection forwarded(PublishedPorts ports) {
    return new ContainerConnection() {
      @Override
      public List<PortBinding> ports() {
        return ports.bindings();
      }

      @Override
      public Runnable started(StartedProcess process, Supplier<List<InetAddress>> addresses) {
        return process
            .networkNamespace()
            .map(namespace -> open(ports, namespace, addresses))
            .orElse(() -> {});
      }

      @Override
      public void close() {
        ports.close();
      }
    };
  }

  /**
   * That of an ordinary user.
   *
   * @param detached whether the program belongs to the monitor of the container
   */
  private static ContainerConnection user(UserNetwork network, boolean detached) {
    return new ContainerConnection() {
      @Override
      public List<PortBinding> ports() {
        return network.bindings();
      }

      @Override
      public Optional<String> resolvConf() {
        return Optional.of(network.resolvConf());
      }

      @Override
      public void prepare() {
        network.start();
      }

      @Override
      public List<FileDescriptor> held() {
        return detached ? List.of(network.lifeline()) : List.of();
      }

      @Override
      public Runnable started(StartedProcess process, Supplier<List<InetAddress>> addresses) {
        if (detached) {
          network.letLive();
          return () -> {};
        }
        return network::end;
      }

      @Override
      public void release() {
        network.letLive();
      }

      @Override
      public void close() {
        network.close();
      }
    };
  }
}
