package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.SocketNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The published ports of one container, which are its own until this is closed. While nothing runs,
 * connections are refused. Thread-safe.
 */
public final class PublishedPorts implements AutoCloseable {
  private final ForwarderLoop loop;
  private final List<PublishedPort> ports;
  private final Consumer<PublishedPorts> onClose;
  private boolean closed;

  /** Of the loop's thread. */
  private @Nullable Entrance entrance;

  PublishedPorts(ForwarderLoop loop, List<PublishedPort> ports, Consumer<PublishedPorts> onClose) {
    this.loop = loop;
    this.ports = List.copyOf(ports);
    this.onClose = onClose;
  }

  /** The ports, each with the port of the host that it got. */
  public List<PortBinding> bindings() {
    return ports.stream().map(PublishedPort::binding).toList();
  }

  /**
   * Serves clients from now on, by connections of their own into a network namespace.
   *
   * @param namespace of a process of the container; owned from now on
   * @param addresses of the container, other than those of its loopback device
   * @return to be run when the process has ended; takes no time. It ends the listening at once, and
   *     after ten seconds the connections that have not come to their end by then
   * @throws RuncibleException FAILED_PRECONDITION if another process took a port in the moment in
   *     which that is possible, or if this is closed
   */
  @SuppressWarnings("exports")
  public Runnable open(SocketNamespace namespace, List<InetAddress> addresses) {
    return open(Entrance.of(namespace, List.copyOf(addresses)));
  }

  synchronized Runnable open(Entrance way) {
    if (closed) {
      way.close();
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "the ports " + this + " are not published any more");
    }
    loop.call(
        () -> {
          end(entrance);
          entrance = way;
        });
    for (PublishedPort port : ports) {
      try {
        port.open(way);
      } catch (IOException e) {
        loop.call(() -> end(way));
        throw PortReservation.failure(port.binding(), e);
      }
    }
    return () -> loop.execute(() -> end(way));
  }

  /** Ends what was begun with this way; nothing if it is not the one in use any more. */
  private void end(@Nullable Entrance way) {
    if (way != null && way == entrance) {
      entrance = null;
      ports.forEach(PublishedPort::end);
      way.close();
    }
  }

  /** Ends all connections and lets go of the ports. Blocks until that is done. Idempotent. */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    loop.call(
        () -> {
          end(entrance);
          ports.forEach(PublishedPort::close);
        });
    onClose.accept(this);
  }

  @Override
  public String toString() {
    return bindings().toString();
  }
}
