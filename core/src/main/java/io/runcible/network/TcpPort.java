package io.runcible.network;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A published TCP port. It belongs to its container from the making of that to its removal, by a
 * socket that is bound and does not listen; while the container runs, another one listens. In
 * between, connections are refused by the kernel, and nobody else gets the port.
 */
final class TcpPort implements PublishedPort, ForwarderLoop.Handler {
  private static final int BACKLOG = 1024;
  private static final int ACCEPTED_AT_ONCE = 64;
  private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final ForwarderLoop loop;
  private final PortBinding binding;
  private final SocketChannel reservation;
  private final int maxConnections;
  private final Set<TcpRelay> relays = new LinkedHashSet<>();
  private @Nullable ServerSocketChannel listener;
  private @Nullable SelectionKey key;
  private @Nullable Entrance entrance;

  private TcpPort(
      ForwarderLoop loop, PortBinding binding, SocketChannel reservation, int maxConnections) {
    this.loop = loop;
    this.binding = binding;
    this.reservation = reservation;
    this.maxConnections = maxConnections;
  }

  static TcpPort reserve(ForwarderLoop loop, PortBinding wanted, int maxConnections)
      throws IOException {
    SocketChannel reservation = PortReservation.tcp(wanted);
    PortBinding binding = wanted.withHostPort(PortReservation.port(reservation));
    return new TcpPort(loop, binding, reservation, maxConnections);
  }

  @Override
  public PortBinding binding() {
    return binding;
  }

  @Override
  public void open(Entrance way) throws IOException {
    ServerSocketChannel opened = PortReservation.listen(reservation, BACKLOG);
    loop.call(() -> register(opened, way));
  }

  private void register(ServerSocketChannel opened, Entrance way) {
    try {
      listener = opened;
      entrance = way;
      key = loop.register(opened, SelectionKey.OP_ACCEPT, this);
    } catch (IOException e) {
      failed(e);
    }
  }

  @Override
  public void ready(SelectionKey accepting) throws IOException {
    ServerSocketChannel listening = listener;
    for (int i = 0; i < ACCEPTED_AT_ONCE && listening != null; i++) {
      if (relays.size() >= maxConnections) {
        // The next ones wait in the kernel until one of these has ended.
        accepting.interestOps(0);
        return;
      }
      SocketChannel client = listening.accept();
      if (client == null) {
        return;
      }
      begin(client);
    }
  }

  private void begin(SocketChannel client) {
    TcpRelay relay;
    try {
      relay = new TcpRelay(loop, this, client);
    } catch (IOException | RuntimeException e) {
      log().debug("A client of port {} is gone already", this, e);
      PortReservation.close(client);
      return;
    }
    relays.add(relay);
    relay.connect();
  }

  /** There are no descriptors left, most likely: some may be in a moment. */
  @Override
  public void failed(Exception reason) {
    log().debug("No connections of port {} for a moment", this, reason);
    SelectionKey paused = key;
    if (paused != null && paused.isValid()) {
      paused.interestOps(0);
      loop.later(PAUSE_NANOS, this::acceptAgain);
    }
  }

  private void acceptAgain() {
    SelectionKey paused = key;
    if (paused != null && paused.isValid()) {
      paused.interestOps(SelectionKey.OP_ACCEPT);
    }
  }

  List<Route> routes(InetAddress client) {
    Entrance way = entrance;
    return way == null ? List.of() : way.routes(client);
  }

  /** A socket in the container, not connected. */
  SocketChannel open(Route route) throws IOException {
    Entrance way = entrance;
    if (way == null) {
      throw new IOException("the container has ended");
    }
    SocketChannel channel = way.openTcp(PortReservation.family(route.target()));
    try {
      if (route.source() != null) {
        channel.bind(new InetSocketAddress(route.source(), 0));
      }
      return channel;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  int containerPort() {
    return binding.containerPort();
  }

  void ended(TcpRelay relay) {
    if (relays.remove(relay) && relays.size() == maxConnections - 1) {
      acceptAgain();
    }
  }

  @Override
  public void end() {
    PortReservation.close(listener);
    listener = null;
    key = null;
    entrance = null;
    List<TcpRelay> left = List.copyOf(relays);
    if (!left.isEmpty()) {
      // What the program wrote last is still on its way to its clients.
      loop.later(DRAIN_NANOS, () -> left.forEach(TcpRelay::reset));
    }
  }

  @Override
  public void close() {
    end();
    List.copyOf(relays).forEach(TcpRelay::reset);
    PortReservation.close(reservation);
  }

  @Override
  public String toString() {
    return binding.toString();
  }

  private static Logger log() {
    return LoggerFactory.getLogger(TcpPort.class);
  }
}
