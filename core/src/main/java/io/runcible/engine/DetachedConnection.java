package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.PidFd;
import io.runcible.network.BridgeNetworks;
import io.runcible.network.KernelPorts;
import io.runcible.network.PortBinding;
import io.runcible.state.LockFile;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The published ports of a detached container. They are kept by this process until the container
 * runs, and then by its monitor, which also ends the publishing.
 */
final class DetachedConnection implements ContainerConnection {
  private final EngineParts parts;
  private final ContainerDirectory directory;
  private final List<PortBinding> bindings;
  private @Nullable KernelPorts ports;

  DetachedConnection(EngineParts parts, ContainerDirectory directory, List<PortBinding> bindings) {
    this.parts = parts;
    this.directory = directory;
    this.bindings = bindings;
  }

  static DetachedConnection reserve(
      EngineParts parts, ContainerDirectory directory, List<PortBinding> wanted) {
    KernelPorts taken = KernelPorts.reserve(wanted);
    DetachedConnection connection = new DetachedConnection(parts, directory, taken.bindings());
    connection.ports = taken;
    return connection;
  }

  /**
   * Ends the publishing of what a killed engine was about to start, and nobody has started. What
   * fails, as another engine removes the container meanwhile, keeps no engine from opening.
   */
  static void reclaim(BridgeNetworks networks, Path containers) {
    networks
        .publishing()
        .forEach(
            (token, id) -> {
              ContainerDirectory directory = ContainerDirectory.of(containers, id);
              try {
                if (ContainerRecord.isOf(directory, token) && isNotStarted(directory)) {
                  reclaim(networks, directory, token);
                }
              } catch (RuncibleException e) {
                log().warn("cannot end the publishing of '{}'; a later start tries again", id, e);
              }
            });
  }

  private static void reclaim(BridgeNetworks networks, ContainerDirectory directory, String token) {
    // Whoever starts it now has the lock.
    Optional<LockFile> lock = LockFile.tryAcquire(directory.startLock(), true);
    if (lock.isPresent()) {
      try {
        if (isNotStarted(directory)) {
          networks.unpublish(token);
        }
      } finally {
        lock.get().close();
      }
    }
  }

  private static boolean isNotStarted(ContainerDirectory directory) {
    Optional<PidFd> monitor = DetachedMonitor.find(directory);
    monitor.ifPresent(PidFd::close);
    return monitor.isEmpty()
        && Stream.of(directory.pidFile(), directory.exitFile(), directory.unfinishedExitFile())
            .noneMatch(Files::exists);
  }

  static void requirePossible(PortBinding binding) {
    KernelPorts.requirePossible(binding);
  }

  @Override
  public List<PortBinding> ports() {
    return bindings;
  }

  /** Packets that come before the program listens are refused by the container's own kernel. */
  @Override
  public synchronized void prepare() {
    if (ports == null) {
      ports = KernelPorts.reserve(bindings);
    }
    ContainerRecord record = ContainerRecord.read(directory).orElseThrow();
    try {
      String end = parts.networks().publish(record.token(), bindings);
      Files.writeString(directory.unpublishFile(), end);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot write '" + directory.unpublishFile() + "'", e);
    }
  }

  @Override
  public synchronized List<FileDescriptor> held() {
    KernelPorts taken = ports;
    return taken == null ? List.of() : taken.handOver();
  }

  @Override
  public Runnable started(StartedProcess process, Supplier<List<InetAddress>> addresses) {
    close();
    return () -> {};
  }

  @Override
  public synchronized void close() {
    KernelPorts taken = ports;
    ports = null;
    if (taken != null) {
      taken.close();
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(DetachedConnection.class);
  }
}
