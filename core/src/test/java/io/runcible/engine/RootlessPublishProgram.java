package io.runcible.engine;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.runcible.RuncibleException;
import io.runcible.network.Network;
import io.runcible.network.PortBinding;
import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What an ordinary user does with ports: the main class of a second JVM. */
final class RootlessPublishProgram {
  private static final int TCP = 7000;
  private static final int UDP = 7053;
  private static final String UDP_SERVER =
      "use Socket qw(:all); socket(S, PF_INET6, SOCK_DGRAM, 0);"
          + " bind(S, pack_sockaddr_in6(7053, IN6ADDR_ANY));"
          + " while ($from = recv(S, $words, 65535, 0)) { send(S, uc($words), 0, $from) }";

  private final ContainerEngine engine;
  private final String registry;

  private RootlessPublishProgram(ContainerEngine engine, String registry) {
    this.engine = engine;
    this.registry = registry;
  }

  public static void main(String[] args) throws Exception {
    EngineBuilder builder = TestRoot.builder().policy(new HostPolicy(List.of()));
    try (ContainerEngine engine = builder.build()) {
      RootlessPublishProgram program = new RootlessPublishProgram(engine, args[0]);
      switch (args[1]) {
        case "all" -> program.all();
        case "tcp" -> program.tcp();
        case "wait" -> program.waitToBeKilled();
        default -> say("create", program.failure(program.tcpServer().publish(TCP)));
      }
    }
  }

  /** Greets, and sends back what it gets. */
  private ContainerSpec.Builder tcpServer() {
    return ContainerSpec.builder(registry + "/test:busybox")
        .command("nc", "-ll", "-p", "7000", "-e", "sh", "-c", "echo hello; cat");
  }

  private ContainerSpec.Builder sh(String script) {
    return ContainerSpec.builder(registry + "/test:busybox").command("sh", "-c", script);
  }

  private void all() throws Exception {
    tcp();
    say("udp", udp(Network.USER, "127.0.0.1"));
    say("udp6", udp(Network.USER, "::1"));
    say("bridged", udp(Network.BRIDGE, "127.0.0.1"));
    say("bridged6", udp(Network.BRIDGE, "::1"));
    say("tcp6", tcp6());
    keptId();
    loopback();
    say("explicit", failure(sh("true").network(Network.NONE).publish(TCP)));
    say("host", failure(sh("true").network(Network.HOST).publish(TCP)));
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      PortBinding taken = PortBinding.tcp(TCP).withHostPort(other.getLocalPort());
      say("taken", failure(sh("true").publish(taken)).contains("taken by this process"));
    }
    say("low", failure(sh("true").publish(PortBinding.tcp(TCP).withHostPort(99))));
  }

  private String failure(ContainerSpec.Builder spec) {
    try {
      engine.create(spec.build()).close();
      return "made";
    } catch (RuncibleException e) {
      return e.kind() + " " + e.getMessage();
    }
  }

  private void tcp() throws Exception {
    ContainerSpec spec = tcpServer().publish(TCP).build();
    InetSocketAddress address;
    try (Container container = engine.create(spec)) {
      address = container.hostAddress(TCP);
      say("before", talk(address, "x"));
      container.start();
      container.awaitReady(Ready.onPort(TCP));
      say("tcp", talk(address, "you"));
      int good = 0;
      for (int i = 0; i < 50; i++) {
        good += talk(address, "client " + i).equals("hello client " + i) ? 1 : 0;
      }
      say("many", good);
      try (ServerSocket other = new ServerSocket()) {
        other.setReuseAddress(true);
        other.bind(address);
        say("stolen", true);
      } catch (IOException e) {
        say("stolen", false);
      }
      container.kill("KILL");
      container.waitFor();
      String ended = talk(address, "x");
      for (int i = 0; i < 1000 && !ended.startsWith("ConnectException"); i++) {
        Thread.sleep(10);
        ended = talk(address, "x");
      }
      say("ended", ended);
    }
    say("removed", talk(address, "x"));
  }

  private String tcp6() {
    PortBinding binding = PortBinding.tcp(TCP).withHostAddress("::1");
    try (Container container = engine.run(tcpServer().publish(binding).build())) {
      container.awaitReady(Ready.onPort(TCP));
      return talk(container.hostAddress(TCP), "you");
    }
  }

  private String udp(Network network, String host) throws Exception {
    ContainerSpec spec =
        ContainerSpec.builder(registry + "/test:slim")
            .command("perl", "-e", UDP_SERVER)
            .network(network)
            .publish(PortBinding.udp(UDP).withHostAddress(host))
            .build();
    try (Container container = engine.run(spec);
        DatagramSocket socket = new DatagramSocket(0, InetAddress.getByName(host))) {
      socket.setSoTimeout(200);
      InetSocketAddress address = container.hostAddress(UDP);
      byte[] question = "abc".getBytes(US_ASCII);
      String answer = "none";
      for (int i = 0; i < 100 && answer.equals("none"); i++) {
        socket.send(new DatagramPacket(question, 3, address));
        try {
          byte[] buffer = new byte[10];
          DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
          socket.receive(packet);
          answer = new String(buffer, 0, packet.getLength(), US_ASCII);
        } catch (SocketTimeoutException e) {
          // Lost, or it does not listen yet.
        }
      }
      return answer;
    }
  }

  /** Whose network is not that of its user namespace. */
  private void keptId() {
    ContainerSpec spec = tcpServer().userNamespace(UserNamespace.keepId(1, 1)).publish(TCP).build();
    try (Container container = engine.run(spec)) {
      container.awaitReady(Ready.onPort(TCP));
      say("kept", talk(container.hostAddress(TCP), "you"));
    }
  }

  /** What listens on the host's loopback device is out of reach. */
  private void loopback() throws Exception {
    try (ServerSocket secret = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      String port = String.valueOf(secret.getLocalPort());
      String script =
          "for i in 127.0.0.1 $(ip route | sed -n 's/^default via \\([^ ]*\\).*/\\1/p') 10.0.2.2;"
              + " do echo | nc -w 2 $i "
              + port
              + " 2>/dev/null && echo reached $i; done; ls /sys/class/net | wc -l";
      try (Container container = engine.run(sh(script).network(Network.USER).build())) {
        container.waitFor();
        say("loopback", container.logs().text().strip().replaceAll(".*\n", ""));
        say("reached", container.logs().text().contains("reached"));
      }
      try (Container container =
          engine.run(sh("cat /etc/resolv.conf").network(Network.USER).build())) {
        container.waitFor();
        String host = Files.readString(Path.of("/etc/resolv.conf"));
        say(
            "resolver",
            container.logs().text().contains("nameserver") == host.contains("nameserver"));
      }
    }
  }

  private void waitToBeKilled() throws Exception {
    Container container = engine.run(tcpServer().publish(TCP).build());
    container.awaitReady(Ready.onPort(TCP));
    say("tcp", talk(container.hostAddress(TCP), "you"));
    say("port", container.hostPort(TCP));
    System.out.flush();
    Thread.sleep(600_000);
  }

  private static String talk(InetSocketAddress address, String words) {
    try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(words.getBytes(US_ASCII));
      socket.shutdownOutput();
      InputStream in = socket.getInputStream();
      return new String(in.readAllBytes(), US_ASCII).replace('\n', ' ');
    } catch (IOException e) {
      return e.getClass().getSimpleName();
    }
  }

  private static void say(String what, Object value) {
    System.out.println(what + "=" + value);
  }
}
