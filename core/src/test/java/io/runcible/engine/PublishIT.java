package io.runcible.engine;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.ffi.NativeAccess;
import io.runcible.network.Network;
import io.runcible.network.PortBinding;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Ports of containers on the host, as root. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PublishIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final int PORT = 7000;

  /** Says hello to each client, then the client's own words. */
  private static ContainerSpec.Builder echo() {
    return ENGINE.sh("exec nc -ll -p 7000 -e sh -c 'echo hello; exec cat'").publish(PORT);
  }

  /** The same with room for many who wait: the one of busybox resets some of them. */
  private static final String PERL_ECHO =
      "use Socket; $SIG{CHLD} = 'IGNORE'; socket(S, PF_INET, SOCK_STREAM, 0);"
          + " bind(S, sockaddr_in(7000, INADDR_ANY)); listen(S, 256);"
          + " while (1) { accept(C, S) or next; if (!fork) { $| = 1; select(C); $| = 1;"
          + " print qq(hello\n); while (sysread(C, $words, 4096)) { syswrite(C, $words) } exit }"
          + " close(C) }";

  private static Socket connect(InetSocketAddress address) throws IOException {
    Socket socket = new Socket(address.getAddress(), address.getPort());
    socket.setSoTimeout(30_000);
    return socket;
  }

  private static String talk(InetSocketAddress address, String words) throws IOException {
    try (Socket socket = connect(address)) {
      socket.getOutputStream().write(words.getBytes(UTF_8));
      socket.shutdownOutput();
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    }
  }

  private static void awaitRefusal(InetSocketAddress address) throws Exception {
    while (true) {
      try {
        connect(address).close();
        Thread.sleep(2);
      } catch (ConnectException e) {
        return;
      } catch (SocketException e) {
        // It was being connected when the server stopped to listen: once more.
      }
    }
  }

  @Test
  void clientOfTheHostReachesTheContainer() throws Exception {
    try (Container container = ENGINE.get().run(echo().build())) {
      container.awaitReady(Ready.onPort(PORT));
      assertThat(container.ports())
          .containsExactly(PortBinding.tcp(PORT).withHostPort(container.hostPort(PORT)));
      InetSocketAddress address = container.hostAddress(PORT);
      assertThat(address.getAddress().getHostAddress()).isEqualTo("127.0.0.1");
      assertThat(talk(address, "you")).isEqualTo("hello\nyou");
      assertThat(talk(address, "again")).isEqualTo("hello\nagain");
      RunIT.assertFails(() -> container.hostPort(7001), ErrorKind.NOT_FOUND, "7001", "7000");
    }
  }

  @Test
  void portIsKnownAndRefusedBeforeTheStartAndGoneAfterTheRemoval() throws Exception {
    // It is one that the kernel may give to anybody as soon as it is gone.
    int tries = 3;
    while (!isGoneAfterTheRemoval()) {
      assertThat(--tries).isPositive();
    }
  }

  private static boolean isGoneAfterTheRemoval() throws Exception {
    InetSocketAddress address;
    try (Container container = ENGINE.get().create(echo().build())) {
      address = container.hostAddress(PORT);
      assertThatThrownBy(() -> connect(address)).isInstanceOf(ConnectException.class);
      container.start();
      container.awaitReady(Ready.onPort(PORT));
      assertThat(talk(address, "x")).isEqualTo("hello\nx");
      container.kill("KILL");
      container.waitFor();
      awaitRefusal(address);
      // Still its own.
      assertTaken(address);
    }
    try (ServerSocket free = new ServerSocket()) {
      free.bind(address);
      return true;
    } catch (BindException e) {
      return false;
    }
  }

  private static void assertTaken(InetSocketAddress address) throws IOException {
    try (ServerSocket other = new ServerSocket()) {
      other.setReuseAddress(true);
      assertThatThrownBy(() -> other.bind(address)).isInstanceOf(BindException.class);
    }
  }

  @Test
  void connectionBeforeTheProgramListensIsReset() throws Exception {
    ContainerSpec spec = ENGINE.sh("sleep 60").publish(PORT).build();
    try (Container container = ENGINE.get().run(spec);
        Socket socket = connect(container.hostAddress(PORT))) {
      assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketException.class);
    }
  }

  @Test
  void twoHundredConnectionsAtOnce() throws Exception {
    ExecutorService clients = Executors.newFixedThreadPool(200);
    ContainerSpec spec = ENGINE.spec("slim").command("perl", "-e", PERL_ECHO).publish(PORT).build();
    try (Container container = ENGINE.get().run(spec)) {
      container.awaitReady(Ready.onPort(PORT));
      InetSocketAddress address = container.hostAddress(PORT);
      List<Callable<String>> calls = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        String words = "client " + i;
        calls.add(() -> talk(address, words));
      }
      List<Future<String>> answers = clients.invokeAll(calls);
      for (int i = 0; i < answers.size(); i++) {
        assertThat(answers.get(i).get()).isEqualTo("hello\nclient " + i);
      }
    } finally {
      clients.shutdown();
    }
  }

  @Test
  void manyContainersShareOneThread() throws Exception {
    List<Container> containers = new ArrayList<>();
    try {
      for (int i = 0; i < 5; i++) {
        containers.add(ENGINE.get().run(echo().build()));
      }
      for (Container container : containers) {
        container.awaitReady(Ready.onPort(PORT));
        assertThat(talk(container.hostAddress(PORT), "x")).isEqualTo("hello\nx");
      }
      // Those of a user are forwarded by programs.
      assertThat(forwarders()).isEqualTo(NativeAccess.isRoot() ? 1 : 0);
    } finally {
      containers.forEach(Container::close);
    }
  }

  /** An engine has others for its own tasks, as for the seccomp profiles of crun. */
  private static long forwarders() {
    String place = Network.class.getPackageName() + ".";
    return Thread.getAllStackTraces().values().stream()
        .filter(
            stack -> Arrays.stream(stack).anyMatch(frame -> frame.getClassName().startsWith(place)))
        .count();
  }

  @Test
  void httpServerAnswers() throws Exception {
    ContainerSpec spec =
        ENGINE
            .sh("echo content >/index.html; exec httpd -f -p 80 -h /")
            .publish(PortBinding.tcp(80).withHostAddress("0.0.0.0"))
            .build();
    try (Container container = ENGINE.get().run(spec)) {
      container.awaitReady(Ready.onPort(80));
      String answer =
          talk(container.hostAddress(80), "GET /index.html HTTP/1.0\r\nHost: x\r\n\r\n");
      assertThat(answer).contains(" 200 OK").endsWith("content\n");
    }
  }

  @Test
  void programOnTheLoopbackDeviceIsReached() throws Exception {
    for (String inside : List.of("127.0.0.1", "[::1]")) {
      ContainerSpec spec =
          ENGINE
              .sh("echo content >/index.html; exec httpd -f -p " + inside + ":80 -h /")
              .publish(80)
              .publish(PortBinding.tcp(80).withHostAddress("::1"))
              .build();
      try (Container container = ENGINE.get().run(spec)) {
        container.awaitReady(Ready.onPort(80));
        for (PortBinding port : container.ports()) {
          InetSocketAddress address = new InetSocketAddress(port.hostAddress(), port.hostPort());
          assertThat(talk(address, "GET /index.html HTTP/1.0\r\n\r\n")).endsWith("content\n");
        }
      }
    }
  }

  /** Many programs trust 127.0.0.1, and a client of the network is not to be taken for it. */
  @Test
  void clientOfTheNetworkIsNotShownAsLocal() throws Exception {
    InetAddress own =
        NetworkInterface.networkInterfaces()
            .flatMap(NetworkInterface::inetAddresses)
            .filter(a -> a instanceof java.net.Inet4Address && !a.isLoopbackAddress())
            .findFirst()
            .orElseThrow();
    ContainerSpec spec =
        ENGINE
            .sh("exec nc -ll -p 7000 -e sh -c 'netstat -tn | grep :7000'")
            .publish(PortBinding.tcp(PORT).withHostAddress("0.0.0.0"))
            .build();
    try (Container container = ENGINE.get().run(spec)) {
      container.awaitReady(Ready.onPort(PORT));
      int port = container.hostPort(PORT);
      assertThat(talk(container.hostAddress(PORT), ""))
          .contains("127.0.0.1:")
          .doesNotContain("127.0.0.2:");
      assertThat(talk(new InetSocketAddress(own, port), "")).contains("127.0.0.2:");
    }
  }

  @Test
  void datagramsAreAnswered() throws Exception {
    String server =
        "use Socket; socket(S, PF_INET, SOCK_DGRAM, 0); bind(S, sockaddr_in(7000, INADDR_ANY));"
            + " while ($from = recv(S, $words, 65535, 0)) { send(S, uc($words), 0, $from) }";
    ContainerSpec spec =
        ENGINE
            .spec("slim")
            .command("perl", "-e", server)
            .publish(PortBinding.udp(PORT))
            .publish(PortBinding.udp(PORT).withHostAddress("::1"))
            .build();
    try (Container container = ENGINE.get().run(spec);
        DatagramSocket six = new DatagramSocket(0, InetAddress.getByName("::1"));
        DatagramSocket client = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        DatagramSocket other = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      for (DatagramSocket socket : List.of(client, other)) {
        socket.connect(container.hostAddress(PORT));
        socket.setSoTimeout(200);
      }
      for (int i = 0; i < 10; i++) {
        assertThat(ask(client, "one " + i)).isEqualTo("ONE " + i);
        assertThat(ask(other, "two " + i)).isEqualTo("TWO " + i);
      }
      PortBinding published = container.ports().get(1);
      six.connect(published.hostAddress(), published.hostPort());
      six.setSoTimeout(200);
      assertThat(ask(six, "six")).isEqualTo("SIX");
      String large = "x".repeat(60_000);
      assertThat(ask(client, large)).isEqualTo(large.toUpperCase(java.util.Locale.ROOT));
    }
  }

  /** Repeats what was lost, or came before the program listened. */
  private static String ask(DatagramSocket socket, String words) throws IOException {
    byte[] question = words.getBytes(US_ASCII);
    byte[] buffer = new byte[1 << 16];
    for (int i = 0; i < 300; i++) {
      socket.send(new DatagramPacket(question, question.length));
      try {
        DatagramPacket answer = new DatagramPacket(buffer, buffer.length);
        socket.receive(answer);
        String said = new String(buffer, 0, answer.getLength(), US_ASCII);
        if (said.equalsIgnoreCase(words)) {
          return said;
        }
      } catch (SocketTimeoutException e) {
        // Lost.
      }
    }
    throw new AssertionError("no answer to " + words);
  }

  @Test
  void postgresShakesHands() throws Exception {
    ContainerSpec spec = ENGINE.spec("postgres").memory("512m").publish(5432).build();
    try (Container container = ENGINE.get().run(spec)) {
      container.awaitReady(Ready.onCommand("psql", "-c", "select 1").within(Rounds.patience(120)));
      try (Socket socket = connect(container.hostAddress(5432))) {
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        byte[] parameters = "user\0postgres\0database\0postgres\0\0".getBytes(US_ASCII);
        out.writeInt(8 + parameters.length);
        out.writeInt(3 << 16);
        out.write(parameters);
        byte[] query = "select 6*7\0".getBytes(US_ASCII);
        out.write('Q');
        out.writeInt(4 + query.length);
        out.write(query);
        // Terminate: the server ends the connection.
        out.write('X');
        out.writeInt(4);
        DataInputStream in = new DataInputStream(socket.getInputStream());
        assertThat(in.readByte()).isEqualTo((byte) 'R');
        assertThat(new String(in.readAllBytes(), US_ASCII)).contains("42", "SELECT 1");
      }
      assertThat(container.stop(Rounds.patience(60)).code()).isZero();
    }
  }

  @Test
  void fixedPortThatIsTakenIsRefusedAndNothingIsLeft() throws Exception {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      PortBinding taken = PortBinding.tcp(PORT).withHostPort(other.getLocalPort());
      RunIT.assertFails(
          () -> ENGINE.get().create(echo().publish(taken).build()),
          ErrorKind.FAILED_PRECONDITION,
          "127.0.0.1:" + other.getLocalPort(),
          "this process");
      assertThat(ENGINE.get().list()).isEmpty();
    }
  }

  @Test
  void portBelongsToTheFirstContainer() throws Exception {
    try (Container first = ENGINE.get().create(echo().build());
        ContainerEngine other = ENGINE.open()) {
      ContainerSpec same = ENGINE.sh("true").publish(first.ports().get(0)).build();
      for (ContainerEngine engine : List.of(ENGINE.get(), other)) {
        RunIT.assertFails(
            () -> engine.create(same), ErrorKind.FAILED_PRECONDITION, "" + first.hostPort(PORT));
      }
      first.start();
      first.awaitReady(Ready.onPort(PORT));
      assertThat(talk(first.hostAddress(PORT), "x")).isEqualTo("hello\nx");
    }
  }

  @Test
  void enginesThatWantTheSamePortsShareThemOut() throws Exception {
    int engines = 20;
    int ports = 5;
    int base;
    try (ServerSocket free = new ServerSocket(0)) {
      base = free.getLocalPort() < 60_000 ? free.getLocalPort() : 50_000;
    }
    List<ContainerEngine> opened = new ArrayList<>();
    ExecutorService racers = Executors.newFixedThreadPool(engines);
    try {
      for (int i = 0; i < engines; i++) {
        opened.add(ENGINE.open());
      }
      List<Callable<Container>> calls = new ArrayList<>();
      for (ContainerEngine engine : opened) {
        calls.add(() -> firstFree(engine, base, ports));
      }
      List<Integer> got = new ArrayList<>();
      for (Future<Container> call : racers.invokeAll(calls)) {
        Container container = call.get();
        if (container != null) {
          got.add(container.hostPort(PORT));
        }
      }
      assertThat(got).doesNotHaveDuplicates().hasSizeBetween(1, ports);
    } finally {
      racers.shutdown();
      opened.forEach(ContainerEngine::close);
    }
  }

  private static Container firstFree(ContainerEngine engine, int base, int ports) {
    for (int i = 0; i < ports; i++) {
      try {
        PortBinding port = PortBinding.tcp(PORT).withHostPort(base + i);
        return engine.create(ENGINE.sh("true").publish(port).build());
      } catch (io.runcible.RuncibleException e) {
        assertThat(e.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION);
      }
    }
    return null;
  }

  @Test
  void connectionsEndWithTheContainer() throws Exception {
    Container container = ENGINE.get().run(echo().build());
    container.awaitReady(Ready.onPort(PORT));
    try (Socket socket = connect(container.hostAddress(PORT))) {
      assertThat(socket.getInputStream().readNBytes(6)).asString(US_ASCII).isEqualTo("hello\n");
      container.close();
      int end;
      try {
        end = socket.getInputStream().read();
      } catch (SocketException e) {
        end = -1;
      }
      assertThat(end).isEqualTo(-1);
    }
  }

  @Test
  void engineThatClosesEndsEverything() throws Exception {
    InetSocketAddress address;
    try (ContainerEngine other = ENGINE.open()) {
      Container container = other.run(echo().build());
      address = container.hostAddress(PORT);
    }
    assertThatThrownBy(() -> connect(address)).isInstanceOf(ConnectException.class);
  }

  @Test
  void whatCannotBePublishedIsSaid() {
    RunIT.assertFails(
        () -> ENGINE.get().create(echo().network(Network.HOST).build()),
        ErrorKind.INVALID_INPUT,
        "network of the host");
    RunIT.assertFails(
        () -> ENGINE.get().create(echo().network(Network.NONE).detached().build()),
        ErrorKind.UNSUPPORTED,
        "detached",
        "bridge network");
    RunIT.assertFails(
        () -> ENGINE.get().create(ENGINE.sh("true").network(Network.USER).build()),
        ErrorKind.UNSUPPORTED,
        "ordinary users");
    ContainerSpec.Builder many = ENGINE.sh("true");
    PortBinding.parse("1-2000").forEach(many::publish);
    RunIT.assertFails(
        () -> ENGINE.get().create(many.build()), ErrorKind.INVALID_INPUT, "2000", "1024");
    assertThat(ENGINE.get().list()).isEmpty();
  }

  @Test
  void recordSaysWhatIsPublished() throws Exception {
    try (Container container = ENGINE.get().create(echo().publish(PortBinding.udp(53)).build())) {
      assertThat(
              java.nio.file.Files.readString(ENGINE.directory(container).resolve("container.json")))
          .contains(
              container.ports().stream()
                  .map(port -> "\"" + port + "\"")
                  .collect(Collectors.joining(",")));
    }
  }
}
