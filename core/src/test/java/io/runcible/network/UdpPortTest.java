package io.runcible.network;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Published UDP ports, with this process in the place of a container. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UdpPortTest {
  private static final InetAddress LOCAL = InetAddress.getLoopbackAddress();

  private final ForwarderLoop loop = ForwarderLoop.start(Thread::new);
  private final Set<Integer> seen = ConcurrentHashMap.newKeySet();
  private DatagramSocket server;
  private Thread echo;

  @BeforeEach
  void serve() throws IOException {
    server = new DatagramSocket(0, LOCAL);
    echo = new Thread(this::echo);
    echo.start();
  }

  @AfterEach
  void end() throws Exception {
    server.close();
    echo.join();
    loop.close();
  }

  private void echo() {
    byte[] buffer = new byte[1 << 16];
    try {
      while (true) {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        server.receive(packet);
        seen.add(packet.getPort());
        server.send(packet);
      }
    } catch (IOException e) {
      // The end of the test.
    }
  }

  private UdpPort publish(int clients, long idleNanos) throws IOException {
    UdpPort port =
        UdpPort.reserve(loop, PortBinding.udp(server.getLocalPort()), clients, idleNanos);
    port.open(new LocalEntrance());
    return port;
  }

  private int clients(UdpPort port) {
    AtomicInteger count = new AtomicInteger();
    loop.call(() -> count.set(port.clientCount()));
    return count.get();
  }

  private static DatagramSocket client() throws IOException {
    DatagramSocket socket = new DatagramSocket(0, LOCAL);
    socket.setSoTimeout(200);
    return socket;
  }

  /** Asks again until there is an answer, as clients of UDP do. */
  private static void ask(UdpPort port, DatagramSocket socket, byte[] question) throws IOException {
    byte[] buffer = new byte[1 << 16];
    for (int i = 0; i < 300; i++) {
      socket.send(datagram(port, question));
      try {
        DatagramPacket answer = new DatagramPacket(buffer, buffer.length);
        socket.receive(answer);
        if (Arrays.equals(question, Arrays.copyOf(buffer, answer.getLength()))) {
          return;
        }
      } catch (SocketTimeoutException e) {
        // Lost.
      }
    }
    throw new AssertionError("no answer to " + question.length + " bytes");
  }

  /** Those to what was asked again, as the answer was slow. */
  private static void forgetLateAnswers(DatagramSocket socket) throws IOException {
    try {
      while (true) {
        socket.receive(new DatagramPacket(new byte[9], 9));
      }
    } catch (SocketTimeoutException e) {
      // There is none left.
    }
  }

  private static DatagramPacket datagram(UdpPort port, byte... bytes) {
    return new DatagramPacket(bytes, bytes.length, LOCAL, port.binding().hostPort());
  }

  @Test
  void datagramsKeepTheirBounds() throws Exception {
    UdpPort port = publish(10, TimeUnit.SECONDS.toNanos(60));
    try (DatagramSocket client = client()) {
      for (int length : new int[] {1, 0, 1400, 65507, 3}) {
        ask(port, client, "x".repeat(length).getBytes(UTF_8));
      }
      assertThat(seen).hasSize(1);
    } finally {
      loop.call(port::close);
    }
  }

  @Test
  void clientsAreToldApartAndBounded() throws Exception {
    UdpPort port = publish(4, TimeUnit.SECONDS.toNanos(60));
    List<DatagramSocket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < 20; i++) {
        sockets.add(client());
      }
      for (int round = 0; round < 2; round++) {
        for (int i = 0; i < sockets.size(); i++) {
          ask(port, sockets.get(i), ("client " + i).getBytes(UTF_8));
        }
        assertThat(clients(port)).isEqualTo(4);
      }
      assertThat(new HashSet<>(seen)).hasSizeGreaterThan(4);
    } finally {
      sockets.forEach(DatagramSocket::close);
      loop.call(port::close);
    }
  }

  @Test
  void silentClientIsForgotten() throws Exception {
    UdpPort port = publish(10, TimeUnit.MILLISECONDS.toNanos(50));
    try (DatagramSocket client = client()) {
      ask(port, client, new byte[] {1});
      while (clients(port) > 0) {
        Thread.sleep(5);
      }
      ask(port, client, new byte[] {2});
    } finally {
      loop.call(port::close);
    }
  }

  @Test
  void serverThatIsNotThereYetIsFoundLater() throws Exception {
    while (!isFoundLater()) {
      serve();
    }
  }

  /** Not if another program has been given its port meanwhile. */
  private boolean isFoundLater() throws Exception {
    UdpPort port = publish(10, TimeUnit.SECONDS.toNanos(60));
    int number = server.getLocalPort();
    server.close();
    echo.join();
    try (DatagramSocket client = client()) {
      for (int i = 0; i < 3; i++) {
        client.send(datagram(port, (byte) 1));
      }
      server = new DatagramSocket(number, LOCAL);
      echo = new Thread(this::echo);
      echo.start();
      ask(port, client, new byte[] {2});
      return true;
    } catch (BindException e) {
      return false;
    } finally {
      loop.call(port::close);
    }
  }

  @Test
  void portStaysTakenBetweenRuns() throws Exception {
    UdpPort port = publish(10, TimeUnit.SECONDS.toNanos(60));
    try (DatagramSocket client = client()) {
      for (int i = 0; i < 3; i++) {
        ask(port, client, new byte[] {2});
        loop.call(port::end);
        assertThat(clients(port)).isZero();
        forgetLateAnswers(client);
        client.send(datagram(port, (byte) 9));
        assertThatThrownBy(() -> client.receive(new DatagramPacket(new byte[9], 9)))
            .isInstanceOf(SocketTimeoutException.class);
        try (PortForwarder other = PortForwarder.open(Thread::new)) {
          assertThatThrownBy(() -> other.reserve(List.of(port.binding())))
              .isInstanceOfSatisfying(
                  RuncibleException.class,
                  e -> assertThat(e.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION))
              .hasMessageContaining("this process");
        }
        port.open(new LocalEntrance());
      }
    } finally {
      loop.call(port::close);
    }
  }
}
