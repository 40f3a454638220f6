package io.runcible.network;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of a client, and the one that it gets in the container. What one side cannot take
 * is kept, at most one buffer for each way, and nothing is read before it is gone: so a slow reader
 * slows the writer down. The end of either way is passed on alone; a reset resets both.
 *
 * <p>A connection that has nothing to move holds no buffer.
 */
final class TcpRelay implements ForwarderLoop.Handler {
  /** Buffers that are moved before other connections have their turn. */
  private static final int TURN = 8;

  private final ForwarderLoop loop;
  private final TcpPort port;
  private final Iterator<Route> routes;
  private final Side client;
  private @Nullable Side container;
  private boolean closed;

  /** A connection, and what was received for it that it could not take yet. */
  private static final class Side {
    final SocketChannel channel;
    final SelectionKey key;
    @Nullable ByteBuffer pending;
    boolean ended;
    boolean toldEnd;

    Side(SocketChannel channel, SelectionKey key) {
      this.channel = channel;
      this.key = key;
    }

    /** To be read while it has not ended and the other side takes what it says. */
    void interest(Side other) {
      int read = ended || other.pending != null ? 0 : SelectionKey.OP_READ;
      int wanted = read | (pending == null ? 0 : SelectionKey.OP_WRITE);
      if (key.interestOps() != wanted) {
        key.interestOps(wanted);
      }
    }
  }

  TcpRelay(ForwarderLoop loop, TcpPort port, SocketChannel client) throws IOException {
    this.loop = loop;
    this.port = port;
    InetAddress from = ((InetSocketAddress) client.getRemoteAddress()).getAddress();
    this.routes = port.routes(from).iterator();
    this.client = side(client, 0);
  }

  private Side side(SocketChannel channel, int interest) throws IOException {
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
    return new Side(channel, loop.register(channel, interest, this));
  }

  /** Tries the next way into the container, and those after it while they are refused. */
  void connect() {
    IOException refused = null;
    while (routes.hasNext()) {
      SocketChannel channel = null;
      try {
        Route route = routes.next();
        channel = port.open(route);
        Side opened = side(channel, SelectionKey.OP_CONNECT);
        container = opened;
        if (channel.connect(new InetSocketAddress(route.target(), port.containerPort()))) {
          connected(opened);
        }
        return;
      } catch (IOException | RuntimeException e) {
        PortReservation.close(channel);
        refused = e instanceof IOException io ? io : new IOException(e);
      }
    }
    failed(refused == null ? new IOException("there is no way into the container") : refused);
  }

  private void connected(Side opened) {
    client.interest(opened);
    opened.interest(client);
  }

  @Override
  public void ready(SelectionKey key) throws IOException {
    Side inside = container;
    if (inside == null) {
      return;
    }
    if (key.isConnectable()) {
      finishConnect(inside);
      return;
    }
    Side here = key == client.key ? client : inside;
    Side there = key == client.key ? inside : client;
    if (key.isWritable()) {
      move(there, here);
    }
    if (key.isReadable()) {
      move(here, there);
    }
    if (client.toldEnd && inside.toldEnd) {
      close();
    } else {
      client.interest(inside);
      inside.interest(client);
    }
  }

  private void finishConnect(Side inside) {
    try {
      if (inside.channel.finishConnect()) {
        connected(inside);
      }
    } catch (IOException e) {
      log().debug("A way into the container is refused", e);
      PortReservation.close(inside.channel);
      connect();
    }
  }

  private void move(Side from, Side to) throws IOException {
    for (int i = 0; i < TURN && drain(to); i++) {
      if (from.ended) {
        if (!to.toldEnd) {
          to.toldEnd = true;
          to.channel.shutdownOutput();
        }
        return;
      }
      ByteBuffer buffer = loop.take();
      to.pending = buffer;
      int count = from.channel.read(buffer);
      boolean more = !buffer.hasRemaining();
      buffer.flip();
      from.ended = count < 0;
      if (!more && count >= 0) {
        drain(to);
        return;
      }
    }
  }

  /** Whether all that waited for this side was written. */
  private boolean drain(Side to) throws IOException {
    ByteBuffer buffer = to.pending;
    if (buffer != null) {
      if (buffer.hasRemaining()) {
        to.channel.write(buffer);
      }
      if (buffer.hasRemaining()) {
        return false;
      }
      to.pending = null;
      loop.give(buffer);
    }
    return true;
  }

  /** Resets both sides: neither may take what it got for all there was. */
  @Override
  public void failed(Exception reason) {
    log().debug("A connection to port {} is reset", port, reason);
    reset();
  }

  void reset() {
    resetOnClose(client.channel);
    Side inside = container;
    if (inside != null) {
      resetOnClose(inside.channel);
    }
    close();
  }

  private static void resetOnClose(SocketChannel channel) {
    try {
      if (channel.isOpen()) {
        channel.setOption(StandardSocketOptions.SO_LINGER, 0);
      }
    } catch (IOException e) {
      log().debug("A connection cannot be reset, and is closed", e);
    }
  }

  private void close() {
    if (closed) {
      return;
    }
    closed = true;
    PortReservation.close(client.channel);
    giveBack(client);
    Side inside = container;
    if (inside != null) {
      PortReservation.close(inside.channel);
      giveBack(inside);
    }
    port.ended(this);
  }

  private void giveBack(Side side) {
    ByteBuffer buffer = side.pending;
    if (buffer != null) {
      side.pending = null;
      loop.give(buffer);
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(TcpRelay.class);
  }
}
