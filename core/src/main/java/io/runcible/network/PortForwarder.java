package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * Publishes ports of containers by carrying the bytes itself, with one thread for all of them. It
 * needs no packet filter, works on the loopback device as on others, and nothing of it is left when
 * this process ends, in whatever way. Thread-safe.
 */
public final class PortForwarder implements AutoCloseable {
  private static final int MAX_PORTS = 1024;
  private static final int MAX_CONNECTIONS = 1024;

  private final ThreadFactory threads;
  private final int maxConnections;
  private final Set<PublishedPorts> published = ConcurrentHashMap.newKeySet();
  private @Nullable ForwarderLoop loop;
  private boolean closed;

  private PortForwarder(ThreadFactory threads, int maxConnections) {
    this.threads = threads;
    this.maxConnections = maxConnections;
  }

  /** Opens one, which its owner closes; the thread is started when the first port is published. */
  public static PortForwarder open(ThreadFactory threads) {
    return open(threads, MAX_CONNECTIONS);
  }

  /** With another limit for the connections of a port. */
  static PortForwarder open(ThreadFactory threads, int maxConnections) {
    return new PortForwarder(threads, maxConnections);
  }

  /**
   * Takes ports of the host, all or none. Nobody listens there yet.
   *
   * @return the ports, which the caller closes
   * @throws RuncibleException FAILED_PRECONDITION if one is taken, with the process that has it
   *     where that can be seen; INVALID_INPUT if this host does not have an address;
   *     PERMISSION_DENIED for a low port without the right to it
   */
  public PublishedPorts reserve(List<PortBinding> wanted) {
    if (wanted.size() > MAX_PORTS) {
      throw PortBinding.invalid(
          wanted.size() + " ports are too many for a container, which can publish " + MAX_PORTS);
    }
    ForwarderLoop running = loop();
    List<PublishedPort> ports = new ArrayList<>();
    try {
      for (PortBinding one : wanted) {
        ports.add(reserve(running, one));
      }
    } catch (RuntimeException e) {
      ports.forEach(PublishedPort::close);
      throw e;
    }
    PublishedPorts all = new PublishedPorts(running, ports, published::remove);
    synchronized (this) {
      if (!closed) {
        published.add(all);
        return all;
      }
    }
    all.close();
    throw closed();
  }

  private PublishedPort reserve(ForwarderLoop loop, PortBinding wanted) {
    try {
      return switch (wanted.protocol()) {
        case TCP -> TcpPort.reserve(loop, wanted, maxConnections);
        case UDP -> UdpPort.reserve(loop, wanted);
      };
    } catch (IOException | UnsupportedOperationException e) {
      throw PortReservation.failure(wanted, e);
    }
  }

  private synchronized ForwarderLoop loop() {
    if (closed) {
      throw closed();
    }
    ForwarderLoop running = loop;
    if (running == null) {
      running = ForwarderLoop.start(threads);
      loop = running;
    }
    return running;
  }

  private static RuncibleException closed() {
    return new RuncibleException(ErrorKind.FAILED_PRECONDITION, "no more ports are published");
  }

  /** Ends all that is still published, and the thread. Idempotent. */
  @Override
  public void close() {
    ForwarderLoop running;
    synchronized (this) {
      closed = true;
      running = loop;
      loop = null;
    }
    published.forEach(PublishedPorts::close);
    if (running != null) {
      running.close();
    }
  }
}
