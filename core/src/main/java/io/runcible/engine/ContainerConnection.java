package io.runcible.engine;

import io.runcible.ffi.FileDescriptor;
import io.runcible.network.PortBinding;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** What connects one container with the world around it, from its making to its removal. */
interface ContainerConnection extends AutoCloseable {
  /** Nothing: there is no network, or it is that of the host. */
  ContainerConnection UNCONNECTED =
      new ContainerConnection() {
        @Override
        public List<PortBinding> ports() {
          return List.of();
        }

        @Override
        public Runnable started(StartedProcess process, Supplier<List<InetAddress>> addresses) {
          return () -> {};
        }

        @Override
        public void close() {}
      };

  /** What is published, with the ports of the host. */
  List<PortBinding> ports();

  /** The {@code /etc/resolv.conf} that it asks for; empty for none of its own. */
  default Optional<String> resolvConf() {
    return Optional.empty();
  }

  /** Makes what must be there before the runtime starts. */
  default void prepare() {}

  /** What the monitor of a detached container is to keep open. */
  default List<FileDescriptor> held() {
    return List.of();
  }

  /**
   * Connects the container, whose first process runs.
   *
   * @param addresses tells those of the container on its networks
   * @return to be run when that has ended; takes no time
   */
  Runnable started(StartedProcess process, Supplier<List<InetAddress>> addresses);

  /** Lets go of what this process has of a detached container; waits for nothing. Idempotent. */
  default void release() {
    close();
  }

  /** Lets go of all; blocks until it is done. Idempotent. */
  @Override
  void close();
}
