package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileDescriptor;
import io.runcible.network.Network;
import io.runcible.network.NetworkInfo;
import io.runcible.network.PortBinding;
import io.runcible.network.UserNetwork;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * That of an ordinary user's container on bridge networks. A program beside it publishes its ports,
 * if it has any; a detached one keeps the networks of the user.
 */
final class SharedConnection implements ContainerConnection {
  private final EngineParts parts;
  private final boolean detached;
  private final Optional<UserNetwork> publishing;

  private SharedConnection(EngineParts parts, boolean detached, Optional<UserNetwork> publishing) {
    this.parts = parts;
    this.detached = detached;
    this.publishing = publishing;
  }

  static SharedConnection reserve(
      EngineParts parts, ContainerSpec spec, ContainerDirectory directory) {
    List<PortBinding> ports = spec.ports();
    if (!ports.isEmpty() && UserNetwork.isWayOut(ports) && allInternal(parts, spec)) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "ports "
              + ports
              + " cannot be published of a container of an ordinary user whose networks have no way"
              + " out: the program that does it would be one; with pasta, those on 127.0.0.1 can");
    }
    return new SharedConnection(
        parts,
        spec.isDetached(),
        ports.isEmpty()
            ? Optional.empty()
            : Optional.of(
                UserNetwork.reserve(
                    parts.host(),
                    parts.watcher(),
                    directory.path(),
                    spec.isDetached(),
                    true,
                    ports)));
  }

  private static boolean allInternal(EngineParts parts, ContainerSpec spec) {
    return spec.networks().stream()
        .map(Network::name)
        .allMatch(name -> parts.networks().find(name).filter(NetworkInfo::internal).isPresent());
  }

  /** That of a detached container which another engine made. */
  static SharedConnection adopt(
      EngineParts parts, ContainerDirectory directory, List<PortBinding> ports) {
    return new SharedConnection(
        parts,
        true,
        ports.isEmpty()
            ? Optional.empty()
            : Optional.of(
                UserNetwork.adopt(parts.host(), parts.watcher(), directory.path(), true, ports)));
  }

  @Override
  public List<PortBinding> ports() {
    return publishing.map(UserNetwork::bindings).orElse(List.of());
  }

  @Override
  public Optional<String> resolvConf() {
    return UserNetwork.resolverOfThisHost();
  }

  @Override
  public void prepare() {
    publishing.ifPresent(UserNetwork::start);
  }

  @Override
  public List<FileDescriptor> held() {
    if (!detached) {
      return List.of();
    }
    List<FileDescriptor> held = new ArrayList<>(List.of(parts.networks().lifeline()));
    publishing.ifPresent(network -> held.add(network.lifeline()));
    return held;
  }

  @Override
  public Runnable started(StartedProcess process, Supplier<List<InetAddress>> addresses) {
    if (detached) {
      publishing.ifPresent(UserNetwork::letLive);
      return () -> {};
    }
    return () -> publishing.ifPresent(UserNetwork::end);
  }

  @Override
  public void release() {
    publishing.ifPresent(UserNetwork::letLive);
  }

  @Override
  public void close() {
    publishing.ifPresent(UserNetwork::close);
  }
}
