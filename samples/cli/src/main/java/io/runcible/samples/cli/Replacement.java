package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Mount;
import io.runcible.network.Network;
import io.runcible.network.PortBinding;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A new container in the place of another one. The old one has to go first, as the new one has its
 * id, and may have its ports and addresses: so what the new one needs is looked for before that.
 */
final class Replacement {
  private final ContainerEngine engine;
  private final ContainerSpec spec;

  private Replacement(ContainerEngine engine, ContainerSpec spec) {
    this.engine = engine;
    this.spec = spec;
  }

  /** Removes the container that has the name of this one, if there is one. */
  static void prepare(ContainerEngine engine, ContainerSpec spec) {
    Optional<Container> old = spec.name().flatMap(engine::find);
    if (old.isPresent()) {
      new Replacement(engine, spec).check(old.get());
      old.get().close();
    }
  }

  private void check(Container old) {
    spec.networks().forEach(network -> check(network, old));
    Stream.of(spec.ipc(), spec.pid(), spec.uts())
        .flatMap(mode -> mode.container().stream())
        .forEach(other -> checkOther(other, old));
    spec.mounts().forEach(this::check);
    spec.ports().forEach(port -> check(port, old));
    bring(spec.image().toString());
  }

  private void check(Network network, Container old) {
    if (network.kind() == Network.Kind.CONTAINER) {
      checkOther(network.name(), old);
    } else if (network.kind() == Network.Kind.BRIDGE
        && !network.name().equals(Network.BRIDGE.name())
        && engine.networks().find(network.name()).isEmpty()) {
      throw missing("there is no network '" + network.name() + "'");
    }
  }

  private void checkOther(String other, Container old) {
    refuse(Containers.require(engine, other), old.name());
  }

  private void check(Mount mount) {
    Optional<Path> source = mount.source();
    if (source.isPresent() && Files.notExists(source.get())) {
      throw missing("there is no '" + source.get() + "' to mount");
    }
    if (mount.kind() == Mount.Kind.IMAGE) {
      bring(mount.name().orElseThrow());
    }
  }

  /** A port that the old one serves is free when that has gone. */
  private static void check(PortBinding port, Container old) {
    InetAddress address = port.hostAddress();
    boolean both = address instanceof Inet6Address && address.isAnyLocalAddress();
    if (port.hostPort() == 0 || both || (old.isRunning() && serves(old, port))) {
      return;
    }
    StandardProtocolFamily family =
        address instanceof Inet4Address
            ? StandardProtocolFamily.INET
            : StandardProtocolFamily.INET6;
    try (NetworkChannel channel =
        port.protocol() == PortBinding.Protocol.TCP
            ? ServerSocketChannel.open(family)
            : DatagramChannel.open(family)) {
      channel.bind(new InetSocketAddress(address, port.hostPort()));
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "port " + port + " cannot be had: " + e.getMessage(), e);
    } catch (UnsupportedOperationException e) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED, "port " + port + " cannot be had without IPv6", e);
    }
  }

  private static boolean serves(Container container, PortBinding port) {
    return container.ports().stream()
        .anyMatch(own -> own.hostPort() == port.hostPort() && own.protocol() == port.protocol());
  }

  private void bring(String image) {
    if (engine.images().find(image).isEmpty()) {
      engine.images().pull(image);
    }
  }

  /** What is taken from a container that is replaced would be gone before it is used. */
  static void refuse(Container from, String replaced) {
    if (from.name().equals(replaced) || from.id().equals(replaced)) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "--replace removes container '" + replaced + "', so that nothing can be shared with it");
    }
  }

  private static RuncibleException missing(String message) {
    return new RuncibleException(ErrorKind.NOT_FOUND, message);
  }
}
