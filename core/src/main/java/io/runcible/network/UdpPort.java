package io.runcible.network;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A published UDP port. Each client gets a socket in the container, so that answers find their way
 * back, until neither has said anything for a minute; when there are too many, the one that was
 * silent for the longest time loses its own. Datagrams that come while the container does not run,
 * or faster than they can be sent on, are lost, as datagrams may be.
 */
final class UdpPort implements PublishedPort, ForwarderLoop.Handler {
  private static final int MAX_CLIENTS = 1024;
  private static final int READ_AT_ONCE = 64;
  private static final int MAX_OLD = 100_000;
  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(60);
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(15);

  private final ForwarderLoop loop;
  private final PortBinding binding;
  private final DatagramChannel outside;
  private final int maxClients;
  private final long idleNanos;

  /** In the order of their last datagram. */
  private final Map<SocketAddress, Client> clients = new LinkedHashMap<>(16, 0.75f, true);

  private @Nullable SelectionKey key;
  private @Nullable Entrance entrance;
  private boolean looks;

  private UdpPort(
      ForwarderLoop loop,
      PortBinding binding,
      DatagramChannel outside,
      int maxClients,
      long idleNanos) {
    this.loop = loop;
    this.binding = binding;
    this.outside = outside;
    this.maxClients = maxClients;
    this.idleNanos = idleNanos;
  }

  static UdpPort reserve(ForwarderLoop loop, PortBinding wanted) throws IOException {
    return reserve(loop, wanted, MAX_CLIENTS, IDLE_NANOS);
  }

  static UdpPort reserve(ForwarderLoop loop, PortBinding wanted, int maxClients, long idleNanos)
      throws IOException {
    DatagramChannel outside = PortReservation.udp(wanted);
    PortBinding binding = wanted.withHostPort(PortReservation.port(outside));
    return new UdpPort(loop, binding, outside, maxClients, idleNanos);
  }

  /** A client and its socket in the container. */
  private final class Client implements ForwarderLoop.Handler {
    final SocketAddress address;
    final List<Route> routes;
    int next;
    @Nullable DatagramChannel inside;
    long lastHeard = System.nanoTime();

    Client(InetSocketAddress address, List<Route> routes) {
      this.address = address;
      this.routes = routes;
    }

    /**
     * Opens the next way in; after the last one comes the first, where a program may listen now.
     */
    void connect(Entrance way) throws IOException {
      if (routes.isEmpty()) {
        throw new IOException("there is no way into the container");
      }
      Route route = routes.get(next++ % routes.size());
      DatagramChannel opened = way.openUdp(PortReservation.family(route.target()));
      try {
        if (route.source() != null) {
          opened.bind(new InetSocketAddress(route.source(), 0));
        }
        opened.connect(new InetSocketAddress(route.target(), binding.containerPort()));
        loop.register(opened, SelectionKey.OP_READ, this);
      } catch (IOException | RuntimeException e) {
        opened.close();
        throw e;
      }
      PortReservation.close(inside);
      inside = opened;
    }

    void send(ByteBuffer datagram) throws IOException {
      DatagramChannel to = Objects.requireNonNull(inside);
      try {
        if (datagram.hasRemaining()) {
          to.write(datagram);
        } else {
          sendEmpty(to, datagram);
        }
      } catch (PortUnreachableException e) {
        // What the container said of an earlier one; this one may go the next way.
        Entrance way = entrance;
        if (way != null) {
          connect(way);
          Objects.requireNonNull(inside).write(datagram);
        }
      }
    }

    /** A channel of the JDK that is connected sends nothing when there is nothing to send. */
    private void sendEmpty(DatagramChannel to, ByteBuffer empty) throws IOException {
      SocketAddress target = to.getRemoteAddress();
      to.disconnect();
      to.send(empty, target);
      to.connect(target);
    }

    @Override
    public void ready(SelectionKey answering) throws IOException {
      DatagramChannel from = inside;
      ByteBuffer buffer = loop.take();
      try {
        for (int i = 0; i < READ_AT_ONCE && from != null; i++) {
          buffer.clear();
          if (from.receive(buffer) == null) {
            return;
          }
          buffer.flip();
          outside.send(buffer, address);
          heard();
        }
      } catch (PortUnreachableException e) {
        Entrance way = entrance;
        if (way != null) {
          connect(way);
        }
      } finally {
        loop.give(buffer);
      }
    }

    void heard() {
      lastHeard = System.nanoTime();
      clients.get(address);
    }

    @Override
    public void failed(Exception reason) {
      log().debug("A client of port {} is dropped", UdpPort.this, reason);
      clients.remove(address);
      close();
    }

    void close() {
      PortReservation.close(inside);
    }
  }

  @Override
  public PortBinding binding() {
    return binding;
  }

  @Override
  public void open(Entrance way) {
    loop.call(
        () -> {
          try {
            SelectionKey known = key == null ? loop.register(outside, 0, this) : key;
            key = known;
            dropOld();
            entrance = way;
            known.interestOps(SelectionKey.OP_READ);
          } catch (IOException e) {
            failed(e);
          }
        });
  }

  /** What came while nothing ran is not for the one that runs now. */
  private void dropOld() throws IOException {
    ByteBuffer buffer = loop.take();
    for (int i = 0; i < MAX_OLD && outside.receive(buffer) != null; i++) {
      buffer.clear();
    }
    loop.give(buffer);
  }

  @Override
  public void ready(SelectionKey receiving) throws IOException {
    ByteBuffer buffer = loop.take();
    try {
      for (int i = 0; i < READ_AT_ONCE; i++) {
        buffer.clear();
        SocketAddress from = outside.receive(buffer);
        if (from == null) {
          return;
        }
        buffer.flip();
        Entrance way = entrance;
        if (way != null) {
          forward((InetSocketAddress) from, buffer, way);
        }
      }
    } finally {
      loop.give(buffer);
    }
  }

  private void forward(InetSocketAddress from, ByteBuffer datagram, Entrance way) {
    Client client = clients.get(from);
    try {
      if (client == null) {
        client = admit(from, way);
      }
      client.heard();
      client.send(datagram);
    } catch (IOException | RuntimeException e) {
      if (client != null) {
        client.failed(e);
      } else {
        log().debug("A datagram of {} is lost", from, e);
      }
    }
  }

  private Client admit(InetSocketAddress from, Entrance way) throws IOException {
    Client client = new Client(from, way.routes(from.getAddress()));
    client.connect(way);
    if (clients.size() >= maxClients) {
      Iterator<Client> eldest = clients.values().iterator();
      eldest.next().close();
      eldest.remove();
    }
    clients.put(from, client);
    if (!looks) {
      looks = true;
      loop.later(Math.min(idleNanos, LOOK_NANOS), this::dropIdle);
    }
    return client;
  }

  private void dropIdle() {
    long now = System.nanoTime();
    Iterator<Client> eldest = clients.values().iterator();
    boolean old = true;
    while (old && eldest.hasNext()) {
      Client client = eldest.next();
      old = now - client.lastHeard > idleNanos;
      if (old) {
        client.close();
        eldest.remove();
      }
    }
    looks = !clients.isEmpty();
    if (looks) {
      loop.later(Math.min(idleNanos, LOOK_NANOS), this::dropIdle);
    }
  }

  /** What the network said of an answer to somebody; the others have nothing to do with it. */
  @Override
  public void failed(Exception reason) {
    log().debug("A datagram of port {} is lost", this, reason);
  }

  int clientCount() {
    return clients.size();
  }

  @Override
  public void end() {
    entrance = null;
    SelectionKey known = key;
    if (known != null && known.isValid()) {
      known.interestOps(0);
    }
    clients.values().forEach(Client::close);
    clients.clear();
  }

  @Override
  public void close() {
    end();
    PortReservation.close(outside);
  }

  @Override
  public String toString() {
    return binding.toString();
  }

  private static Logger log() {
    return LoggerFactory.getLogger(UdpPort.class);
  }
}
