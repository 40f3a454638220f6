package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.HostSocket;
import io.runcible.ffi.NativeException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * Ports of the host that the kernel's packet filter publishes, by {@link BridgeNetworks#publish}:
 * no packet comes to the sockets here, which keep others from the ports. Not thread-safe.
 */
public final class KernelPorts implements AutoCloseable {
  private static final int MAX_PORTS = 1024;

  private final List<HostPort> ports = new ArrayList<>();
  private final List<FileDescriptor> handedOver = new ArrayList<>();

  private KernelPorts() {}

  /**
   * Takes ports, all or none.
   *
   * @return the ports, which the caller closes
   * @throws RuncibleException as {@link PortForwarder#reserve}
   */
  public static KernelPorts reserve(List<PortBinding> wanted) {
    if (wanted.size() > MAX_PORTS) {
      throw PortBinding.invalid(
          wanted.size() + " ports are too many for a container, which can publish " + MAX_PORTS);
    }
    KernelPorts all = new KernelPorts();
    try {
      wanted.forEach(one -> all.ports.add(HostPort.reserve(one, false)));
      return all;
    } catch (RuntimeException e) {
      all.close();
      throw e;
    }
  }

  /**
   * Makes sure that the kernel can publish a port.
   *
   * @throws RuncibleException UNSUPPORTED for ::1 where bridged packets are filtered
   */
  public static void requirePossible(PortBinding binding) {
    PortRules.requirePossible(binding);
  }

  /** The ports, each with the port of the host that it got. */
  public List<PortBinding> bindings() {
    return ports.stream().map(HostPort::binding).toList();
  }

  /**
   * Sockets that have the ports, too, for a child process that is to keep them. They are closed
   * with this.
   */
  @SuppressWarnings("exports") // For the engine.
  public List<FileDescriptor> handOver() {
    // A call before may have failed in the middle.
    for (HostPort port : ports.subList(handedOver.size(), ports.size())) {
      handedOver.add(beside(port));
    }
    return List.copyOf(handedOver);
  }

  private static FileDescriptor beside(HostPort port) {
    PortBinding binding = port.binding();
    port.share();
    try {
      return HostSocket.bindBeside(
          new InetSocketAddress(binding.hostAddress(), binding.hostPort()),
          binding.protocol() == PortBinding.Protocol.TCP);
    } catch (NativeException e) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "port " + binding + " was taken by another process; start the container again",
          e);
    } finally {
      port.unshare();
    }
  }

  /** Lets go of the ports; those that were handed over stay with the child. Idempotent. */
  @Override
  public void close() {
    handedOver.forEach(FileDescriptor::close);
    ports.forEach(HostPort::close);
  }
}
