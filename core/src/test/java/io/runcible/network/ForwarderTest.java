package io.runcible.network;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Published TCP ports, with this process in the place of a container. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ForwarderTest {
  /** As many as the largest test has at once. */
  private static final int MAX_CONNECTIONS = 200;

  private static final InetAddress LOCAL = InetAddress.getLoopbackAddress();

  private final List<Thread> threads = new ArrayList<>();
  private final ExecutorService servers = Executors.newCachedThreadPool();
  private final PortForwarder forwarder =
      PortForwarder.open(
          task -> {
            Thread thread = new Thread(task, "forwarder-test");
            threads.add(thread);
            return thread;
          },
          MAX_CONNECTIONS);
  private ServerSocket server;

  @BeforeEach
  void listen() throws IOException {
    server = new ServerSocket(0, 1024, LOCAL);
  }

  @AfterEach
  void endsWithoutThreads() throws Exception {
    server.close();
    forwarder.close();
    servers.shutdownNow();
    assertThat(servers.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    assertThat(threads).hasSizeLessThanOrEqualTo(1).noneMatch(Thread::isAlive);
  }

  private interface Talk {
    void with(Socket socket) throws IOException;
  }

  /** Serves each connection on a thread of its own. */
  private void serve(Talk talk) {
    // Not the one that may take its place.
    ServerSocket serving = server;
    servers.execute(
        () -> {
          while (!serving.isClosed()) {
            try {
              Socket client = serving.accept();
              servers.execute(
                  () -> {
                    try (client) {
                      talk.with(client);
                    } catch (IOException e) {
                      // The client has gone.
                    }
                  });
            } catch (IOException e) {
              return;
            }
          }
        });
  }

  private static void echo(Socket socket) throws IOException {
    socket.getInputStream().transferTo(socket.getOutputStream());
  }

  private PublishedPorts publish() {
    PublishedPorts ports = forwarder.reserve(List.of(PortBinding.tcp(server.getLocalPort())));
    ports.open(new LocalEntrance());
    return ports;
  }

  private static Socket connect(PublishedPorts ports) throws IOException {
    PortBinding binding = ports.bindings().get(0);
    Socket socket = new Socket(binding.hostAddress(), binding.hostPort());
    socket.setSoTimeout(30_000);
    return socket;
  }

  private static byte[] bytes(long seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  @Test
  void bytesGoBothWays() throws Exception {
    serve(ForwarderTest::echo);
    try (Socket socket = connect(publish())) {
      byte[] sent = bytes(1, 3 << 20);
      Future<?> writer =
          servers.submit(
              () -> {
                socket.getOutputStream().write(sent);
                socket.shutdownOutput();
                return null;
              });
      assertThat(Arrays.equals(socket.getInputStream().readAllBytes(), sent)).isTrue();
      writer.get();
    }
  }

  @Test
  void endOfOneWayLeavesTheOther() throws Exception {
    serve(
        socket -> {
          // Ends its own way first, and reads on.
          socket.getOutputStream().write("hello".getBytes(UTF_8));
          socket.shutdownOutput();
          byte[] all = socket.getInputStream().readAllBytes();
          assertThat(all).hasSize(5000);
        });
    try (Socket socket = connect(publish())) {
      assertThat(socket.getInputStream().readAllBytes()).asString(UTF_8).isEqualTo("hello");
      for (int i = 0; i < 50; i++) {
        socket.getOutputStream().write(bytes(i, 100));
      }
      socket.shutdownOutput();
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void clientThatEndsItsWayStillGetsTheAnswer() throws Exception {
    serve(
        socket -> {
          int length = socket.getInputStream().readAllBytes().length;
          socket.getOutputStream().write(("got " + length).getBytes(UTF_8));
        });
    try (Socket socket = connect(publish())) {
      socket.getOutputStream().write(bytes(2, 200_000));
      socket.shutdownOutput();
      assertThat(socket.getInputStream().readAllBytes()).asString(UTF_8).isEqualTo("got 200000");
    }
  }

  @Test
  void refusedConnectionIsReset() throws Exception {
    PublishedPorts ports = publish();
    server.close();
    try (Socket socket = connect(ports)) {
      assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketException.class);
    }
  }

  @Test
  void resetIsPassedOnBothWays() throws Exception {
    serve(
        socket -> {
          socket.getInputStream().read();
          socket.setSoLinger(true, 0);
        });
    PublishedPorts ports = publish();
    try (Socket socket = connect(ports)) {
      socket.getOutputStream().write(1);
      assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketException.class);
    }
    server.close();
    server = new ServerSocket(0, 10, LOCAL);
    PublishedPorts again = publish();
    Socket socket = connect(again);
    try (Socket inside = server.accept()) {
      inside.setSoTimeout(30_000);
      socket.setSoLinger(true, 0);
      socket.close();
      assertThatThrownBy(() -> inside.getInputStream().read()).isInstanceOf(SocketException.class);
    }
  }

  @Test
  void readerThatNeverReadsHoldsTheWriterAndNobodyElse() throws Exception {
    PublishedPorts ports = publish();
    Socket inside;
    try (Socket silent = connect(ports)) {
      inside = server.accept();
      inside.setSoTimeout(30_000);
      Future<Long> flood = servers.submit(() -> writeUntilClosed(inside));
      serve(ForwarderTest::echo);
      for (int i = 0; i < 50; i++) {
        try (Socket other = connect(ports)) {
          other.getOutputStream().write(i);
          assertThat(other.getInputStream().read()).isEqualTo(i);
        }
      }
      // What the kernel and one buffer hold: far from all that the writer has.
      assertThat(flood).isNotDone();
      assertThat(silent.getInputStream().read()).isZero();
      inside.close();
      assertThat(flood.get()).isLessThan(FLOOD);
    }
  }

  private static final long FLOOD = 1L << 30;

  private static long writeUntilClosed(Socket socket) {
    byte[] chunk = new byte[64 << 10];
    long written = 0;
    try {
      OutputStream out = socket.getOutputStream();
      for (; written < FLOOD; written += chunk.length) {
        out.write(chunk);
      }
    } catch (IOException e) {
      // As it should be.
    }
    return written;
  }

  @Test
  void manyConnectionsAtOnce() throws Exception {
    serve(ForwarderTest::echo);
    PublishedPorts ports = publish();
    ExecutorService clients = Executors.newFixedThreadPool(50);
    try {
      List<Callable<Boolean>> calls = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        byte[] sent = bytes(i, 10_000 + i);
        calls.add(
            () -> {
              try (Socket socket = connect(ports)) {
                socket.getOutputStream().write(sent);
                socket.shutdownOutput();
                return Arrays.equals(socket.getInputStream().readAllBytes(), sent);
              }
            });
      }
      for (Future<Boolean> call : clients.invokeAll(calls)) {
        assertThat(call.get()).isTrue();
      }
    } finally {
      clients.shutdown();
    }
    assertThat(threads).hasSize(1);
  }

  @Test
  void moreConnectionsThanAllowedWaitForTheirTurn() throws Exception {
    serve(ForwarderTest::echo);
    PublishedPorts ports = publish();
    List<Socket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < MAX_CONNECTIONS; i++) {
        sockets.add(connect(ports));
        sockets.get(i).getOutputStream().write(1);
        assertThat(sockets.get(i).getInputStream().read()).isEqualTo(1);
      }
      try (Socket one = connect(ports)) {
        one.getOutputStream().write(7);
        one.setSoTimeout(200);
        assertThatThrownBy(() -> one.getInputStream().read())
            .isInstanceOf(java.net.SocketTimeoutException.class);
        sockets.remove(0).close();
        one.setSoTimeout(30_000);
        assertThat(one.getInputStream().read()).isEqualTo(7);
      }
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  @Test
  void portIsTakenAndSilentUntilItIsOpened() throws Exception {
    serve(ForwarderTest::echo);
    PublishedPorts ports = forwarder.reserve(List.of(PortBinding.tcp(server.getLocalPort())));
    PortBinding binding = ports.bindings().get(0);
    assertThat(binding.hostPort()).isPositive();
    assertThatThrownBy(() -> connect(ports)).isInstanceOf(ConnectException.class);
    assertTaken(binding);
    Runnable end = ports.open(new LocalEntrance());
    connect(ports).close();
    assertTaken(binding);
    for (int i = 0; i < 3; i++) {
      // As when the container is started again.
      end.run();
      awaitRefusal(ports);
      assertTaken(binding);
      end = ports.open(new LocalEntrance());
      try (Socket socket = connect(ports)) {
        socket.getOutputStream().write(5);
        assertThat(socket.getInputStream().read()).isEqualTo(5);
      }
    }
    ports.close();
    ports.close();
    assertThatThrownBy(() -> connect(ports)).isInstanceOf(ConnectException.class);
    forwarder.reserve(List.of(binding)).close();
    assertThatThrownBy(() -> ports.open(new LocalEntrance())).isInstanceOf(RuncibleException.class);
  }

  private static void awaitRefusal(PublishedPorts ports) throws Exception {
    while (true) {
      try {
        connect(ports).close();
        Thread.sleep(1);
      } catch (ConnectException e) {
        return;
      } catch (SocketException e) {
        // It was being connected when the server stopped to listen: once more.
      }
    }
  }

  /** By a server that allows others to be bound to its port, as all do, and by one of ours. */
  private void assertTaken(PortBinding binding) throws IOException {
    try (ServerSocket other = new ServerSocket()) {
      other.setReuseAddress(true);
      assertThatThrownBy(
              () -> other.bind(new InetSocketAddress(binding.hostAddress(), binding.hostPort())))
          .isInstanceOf(java.net.BindException.class);
    }
    assertThatThrownBy(() -> forwarder.reserve(List.of(binding)))
        .isInstanceOfSatisfying(
            RuncibleException.class,
            e -> assertThat(e.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION));
  }

  @Test
  void endOfAnEarlierRunDoesNotEndTheNext() throws Exception {
    serve(ForwarderTest::echo);
    PublishedPorts ports = forwarder.reserve(List.of(PortBinding.tcp(server.getLocalPort())));
    Runnable first = ports.open(new LocalEntrance());
    first.run();
    ports.open(new LocalEntrance());
    first.run();
    try (Socket socket = connect(ports)) {
      socket.getOutputStream().write(5);
      assertThat(socket.getInputStream().read()).isEqualTo(5);
    }
  }

  @Test
  void portThatIsTakenNamesAddressAndHolder() {
    PortBinding taken = PortBinding.tcp(80).withHostPort(server.getLocalPort());
    PortBinding free = PortBinding.tcp(81);
    assertThatThrownBy(() -> forwarder.reserve(List.of(free, taken)))
        .isInstanceOfSatisfying(
            RuncibleException.class,
            e -> assertThat(e.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION))
        .hasMessageContaining("port 80 on 127.0.0.1:" + server.getLocalPort() + "/tcp")
        .hasMessageContaining("taken by this process");
  }

  @Test
  void addressOfAnotherHostIsRefused() {
    assertThatThrownBy(
            () -> forwarder.reserve(List.of(PortBinding.tcp(80).withHostAddress("192.0.2.200"))))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
        .hasMessageContaining("192.0.2.200");
  }

  @Test
  void fixedPortCanBeTakenAgainWhileOldConnectionsFade() throws Exception {
    serve(socket -> {});
    PublishedPorts ports = publish();
    PortBinding binding = ports.bindings().get(0);
    // The server ends first, so the old connection stays in the kernel on its side.
    try (Socket socket = connect(ports);
        InputStream in = socket.getInputStream()) {
      assertThat(in.read()).isEqualTo(-1);
    }
    ports.close();
    PublishedPorts again = forwarder.reserve(List.of(binding));
    again.open(new LocalEntrance());
    connect(again).close();
    again.close();
  }

  @Test
  void ofManyWhoWantAPortOneGetsIt() throws Exception {
    serve(socket -> {});
    PublishedPorts first = publish();
    connect(first).close();
    PortBinding binding = first.bindings().get(0);
    first.close();
    ExecutorService racers = Executors.newFixedThreadPool(4);
    int all = 0;
    try {
      for (int round = 0; round < 5; round++) {
        List<Callable<PublishedPorts>> calls = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          calls.add(() -> forwarder.reserve(List.of(binding)));
        }
        int winners = 0;
        for (Future<PublishedPorts> call : racers.invokeAll(calls)) {
          try {
            call.get().close();
            winners++;
          } catch (java.util.concurrent.ExecutionException e) {
            assertThat(e).hasMessageContaining("cannot publish port");
          }
        }
        assertThat(winners).isLessThanOrEqualTo(1);
        all += winners;
      }
      assertThat(all).isPositive();
    } finally {
      racers.shutdown();
    }
  }

  @Test
  void closedForwarderPublishesNothing() throws Exception {
    serve(ForwarderTest::echo);
    PublishedPorts ports = publish();
    Socket socket = connect(ports);
    socket.getOutputStream().write(1);
    assertThat(socket.getInputStream().read()).isEqualTo(1);
    forwarder.close();
    assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketException.class);
    assertThatThrownBy(() -> connect(ports)).isInstanceOf(ConnectException.class);
    assertThatThrownBy(() -> forwarder.reserve(List.of(PortBinding.tcp(1))))
        .isInstanceOf(RuncibleException.class);
    socket.close();
  }
}
