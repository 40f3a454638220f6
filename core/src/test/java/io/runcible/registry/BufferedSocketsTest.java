package io.runcible.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class BufferedSocketsTest {
  private static final byte[] TEXT = "what was sent".getBytes(StandardCharsets.US_ASCII);

  private final BufferedSockets sockets = new BufferedSockets();

  private static ServerSocket listen() throws IOException {
    return new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
  }

  private Socket connect(ServerSocket server) throws IOException {
    return sockets.createSocket(server.getInetAddress(), server.getLocalPort());
  }

  @Test
  void bytesReadAheadAreThereForWhoAsksForTheStreamAgain() throws IOException {
    try (ServerSocket server = listen();
        Socket socket = connect(server);
        Socket peer = server.accept()) {
      peer.getOutputStream().write(TEXT);
      peer.shutdownOutput();
      assertThat(socket.getInputStream().read()).isEqualTo(TEXT[0]);
      assertThat(socket.getInputStream()).isInstanceOf(BufferedInputStream.class);
      assertThat(socket.getInputStream().readAllBytes())
          .isEqualTo("hat was sent".getBytes(StandardCharsets.US_ASCII));
    }
  }

  @Test
  void whatIsThereIsHandedOutWithoutWaitingForMore() throws IOException {
    try (ServerSocket server = listen();
        Socket socket = connect(server);
        Socket peer = server.accept()) {
      peer.getOutputStream().write(TEXT);
      assertThat(socket.getInputStream().read(new byte[100_000])).isPositive();
    }
  }

  @Test
  void timeoutLosesNothing() throws IOException {
    try (ServerSocket server = listen();
        Socket socket = connect(server);
        Socket peer = server.accept()) {
      socket.setSoTimeout(1);
      InputStream content = socket.getInputStream();
      assertThatThrownBy(content::read).isInstanceOf(SocketTimeoutException.class);
      socket.setSoTimeout(0);
      peer.getOutputStream().write(TEXT);
      assertThat(content.readNBytes(TEXT.length)).isEqualTo(TEXT);
    }
  }

  @Test
  void closedSocketHasNoStream() throws IOException {
    try (ServerSocket server = listen()) {
      Socket socket = connect(server);
      socket.getInputStream();
      socket.close();
      assertThatThrownBy(socket::getInputStream).isInstanceOf(SocketException.class);
    }
  }
}
