package io.runcible.engine;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.runcible.RuncibleException;
import io.runcible.network.Network;
import io.runcible.network.NetworkInfo;
import io.runcible.network.NetworkSpec;
import io.runcible.network.PortBinding;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** What an ordinary user does with bridge networks: the main class of JVMs, one after the other. */
final class RootlessBridgeProgram {
  private static final int PORT = 7000;

  private final ContainerEngine engine;
  private final String registry;

  private RootlessBridgeProgram(ContainerEngine engine, String registry) {
    this.engine = engine;
    this.registry = registry;
  }

  public static void main(String[] args) throws Exception {
    HostPolicy policy = new HostPolicy(List.of());
    try (ContainerEngine engine = TestRoot.builder().policy(policy).build()) {
      RootlessBridgeProgram program = new RootlessBridgeProgram(engine, args[0]);
      switch (args[1]) {
        case "all" -> program.all();
        case "usual" -> program.usual(UserNamespace.host());
        case "kept" -> program.usual(UserNamespace.keepId());
        case "make" -> program.makeDetached();
        default -> program.adopt(Integer.parseInt(args[2]));
      }
    }
  }

  private ContainerSpec.Builder sleeping(String name) {
    return ContainerSpec.builder(registry + "/test:busybox").command("sleep", "600").name(name);
  }

  /** Says what it is called, and sends back what it gets. */
  private ContainerSpec.Builder server(String name) {
    return ContainerSpec.builder(registry + "/test:busybox")
        .command("nc", "-ll", "-p", "7000", "-e", "sh", "-c", "hostname; cat")
        .name(name);
  }

  private static String exec(Container container, String script) throws IOException {
    try (ContainerProcess process = container.exec("sh", "-c", script)) {
      return said(process);
    }
  }

  private static String said(ContainerProcess process) throws IOException {
    return new String(process.stdout().readAllBytes(), US_ASCII).strip().replace('\n', ' ');
  }

  private static String failure(Runnable work) {
    try {
      work.run();
      return "done";
    } catch (RuncibleException e) {
      return e.kind() + " " + e.getMessage();
    }
  }

  private void all() throws Exception {
    NetworkInfo web = engine.networks().create(NetworkSpec.builder("web").label("a", "b").build());
    say("labels", web.labels());
    engine.networks().create(NetworkSpec.builder("apart").build());
    engine.networks().create(NetworkSpec.builder("inner").internal().build());
    NameResolution host = NameResolution.DEFAULT.withHost("thehost", NameResolution.HOST_GATEWAY);
    try (Container db =
            engine.run(
                server("db")
                    .network(Network.named("web").withAlias("data"))
                    .publish(PORT)
                    .build());
        Container app =
            engine.run(sleeping("app").network(Network.named("web")).nameResolution(host).build());
        Container other = engine.run(sleeping("other").network(Network.named("apart")).build())) {
      db.awaitReady(Ready.onPort(PORT));
      say("alias", exec(app, "echo hello | nc -w 20 data 7000"));
      say("names", exec(other, "grep -c data /etc/hosts"));
      apart(db, other);
      say("published", talk(db.hostAddress(PORT)));
      say("used", failure(() -> engine.networks().remove("web")));
      say("outbound", outbound(app));
      connected(other);
      killed(host, app);
    }
    elsewhere();
    onTwo();
    engine.networks().prune();
    say("left", engine.networks().list().size());
  }

  /** What everybody wants of them, by IPv6, too. */
  private void usual(UserNamespace ids) throws Exception {
    engine.networks().create(NetworkSpec.builder("web").build());
    Network web = Network.named("web");
    NameResolution host = NameResolution.DEFAULT.withHost("thehost", NameResolution.HOST_GATEWAY);
    ContainerSpec.Builder db = server("db").network(web.withAlias("data")).publish(PORT);
    ContainerSpec.Builder app = sleeping("app").network(web).nameResolution(host);
    try (Container server = engine.run(db.userNamespace(ids).build());
        Container client = engine.run(app.userNamespace(ids).build())) {
      server.awaitReady(Ready.onPort(PORT));
      say("alias", exec(client, "echo hello | nc -w 20 data 7000"));
      say("ipv6", exec(client, "echo hello | nc -w 20 " + ipv6(server) + " 7000"));
      say("published", talk(server.hostAddress(PORT)));
      say("outbound", outbound(client));
      server.restart(Duration.ZERO);
      server.awaitReady(Ready.onPort(PORT));
      say("again", talk(server.hostAddress(PORT)));
      say("named again", exec(client, "echo hello | nc -w 20 data 7000"));
    }
    say("removed", engine.networks().remove("web"));
  }

  private static String ipv6(Container container) {
    return container.addresses().stream()
        .filter(Inet6Address.class::isInstance)
        .map(InetAddress::getHostAddress)
        .findFirst()
        .orElseThrow();
  }

  /** What the other network has no way to. */
  private void apart(Container db, Container other) throws IOException {
    String address = db.addresses().get(0).getHostAddress();
    say("apart", exec(other, "echo hello | nc -w 1 " + address + " 7000 2>&1"));
    say("apart ipv6", exec(other, "echo hello | nc -w 1 " + ipv6(db) + " 7000 2>&1"));
  }

  /**
   * A service of the host, by the name that the container has for that. A client that has nothing
   * to say would close its side at once, of which the pasta of Debian 12 makes an end of all.
   */
  private static String outbound(Container app) throws Exception {
    try (ServerSocket service = new ServerSocket(0, 10)) {
      Thread server =
          new Thread(
              () -> {
                try (Socket client = service.accept()) {
                  client.getOutputStream().write("from the host".getBytes(US_ASCII));
                } catch (IOException e) {
                  say("service", e);
                }
              });
      server.start();
      String talk =
          "[ -p /tmp/f ] || mkfifo /tmp/f; nc -w 20 thehost "
              + service.getLocalPort()
              + " <>/tmp/f";
      String heard = exec(app, talk);
      server.join(20_000);
      return heard;
    }
  }

  /** Whoever comes next to a network that is up has its way out back. */
  private void killed(NameResolution host, Container app) throws Exception {
    Path state;
    Path all = Path.of(System.getenv("XDG_RUNTIME_DIR"), "runcible");
    try (DirectoryStream<Path> found = Files.newDirectoryStream(all, "network-*")) {
      state = found.iterator().next();
    }
    for (List<String> victims : List.of(List.of("program"), List.of("shell", "program"))) {
      for (String victim : victims) {
        kill(Files.readString(state.resolve(victim)).strip());
      }
      while (isConnected(state)) {
        LeakCheck.pause();
      }
      try (Container late =
          engine.run(sleeping("late").network(Network.named("web")).nameResolution(host).build())) {
        say("outbound without " + victims, outbound(late));
      }
    }
    say("outbound after all", outbound(app));
    kill(Files.readString(state.resolve("shell")).strip());
    // One that has another shell started, and no way out itself.
    try (ContainerEngine another = TestRoot.builder().policy(new HostPolicy(List.of())).build();
        Container inner = another.run(sleeping("in").network(Network.named("inner")).build())) {
      Path ready = state.resolve("network.pid");
      while (!Files.exists(ready) || Files.size(ready) == 0) {
        LeakCheck.pause();
      }
      say("outbound without [shell]", inner.isRunning() + " " + outbound(app));
    }
  }

  private static void kill(String pid) throws IOException {
    ProcessHandle.of(Long.parseLong(pid)).orElseThrow().destroyForcibly();
    Path line = Path.of("/proc", pid, "cmdline");
    // Empty while it is not reaped.
    while (Files.exists(line) && !HostResources.commandLine(Long.parseLong(pid)).isEmpty()) {
      LeakCheck.pause();
    }
  }

  private static boolean isConnected(Path state) throws IOException {
    try (DirectoryStream<Path> marks = Files.newDirectoryStream(state, "connected.*")) {
      return marks.iterator().hasNext();
    }
  }

  private void connected(Container other) throws IOException {
    engine.networks().connect(other, Network.named("web"));
    say("connected", exec(other, "echo hello | nc -w 20 data 7000"));
    engine.networks().disconnect(other, "web");
    say("disconnected", exec(other, "grep -c data /etc/hosts; ls /sys/class/net"));
  }

  /** An address of the host that is not its loopback device's; and no way out at all. */
  private void elsewhere() throws Exception {
    InetAddress address =
        NetworkInterface.networkInterfaces()
            .flatMap(NetworkInterface::inetAddresses)
            .filter(a -> a instanceof Inet4Address && !a.isLoopbackAddress())
            .findFirst()
            .orElseThrow();
    PortBinding anywhere = PortBinding.tcp(PORT).withHostAddress("0.0.0.0");
    try (Container container =
        engine.run(server("anywhere").network(Network.named("web")).publish(anywhere).build())) {
      container.awaitReady(Ready.onPort(PORT));
      say("anywhere", talk(new InetSocketAddress(address, container.hostPort(PORT))));
    }
    Network inner = Network.named("inner");
    say(
        "inner",
        failure(() -> engine.create(server("x").network(inner).publish(anywhere).build())));
    try (Container container = engine.run(server("inside").network(inner).publish(PORT).build())) {
      container.awaitReady(Ready.onPort(PORT));
      say("inside", talk(container.hostAddress(PORT)));
      say("routes", exec(container, "ip route | grep -c default"));
    }
  }

  private void onTwo() throws IOException {
    ContainerSpec.Builder spec = sleeping("both");
    spec.network(Network.named("web"), Network.named("apart"));
    try (Container both = engine.run(spec.build())) {
      say("devices", exec(both, "ls /sys/class/net"));
    }
  }

  /** Waits to be killed. */
  private void makeDetached() throws Exception {
    engine.networks().create(NetworkSpec.builder("kept").build());
    Network kept = Network.named("kept");
    Container one =
        engine.run(server("one").network(kept.withAlias("first")).publish(PORT).detached().build());
    one.awaitReady(Ready.onPort(PORT));
    engine.run(sleeping("two").network(kept).detached().build());
    engine.run(sleeping("own").network(kept).build());
    say("port", one.hostPort(PORT));
    System.out.flush();
    Thread.sleep(600_000);
  }

  /** Removes what was kept, makes something else, and waits to be killed. */
  private void adopt(int port) throws Exception {
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    say("still", talk(address));
    Container one = engine.find("one").orElseThrow();
    Container two = engine.find("two").orElseThrow();
    say("between", exec(two, "echo hello | nc -w 20 first 7000"));
    one.restart(Duration.ZERO);
    one.awaitReady(Ready.onPort(PORT));
    say("again", talk(address) + ", " + exec(two, "echo hello | nc -w 20 first 7000"));
    one.close();
    two.close();
    engine.run(sleeping("three").network(Network.named("kept")).build());
    say("up", engine.list().size());
    System.out.flush();
    Thread.sleep(600_000);
  }

  private static String talk(InetSocketAddress address) {
    try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write("you".getBytes(US_ASCII));
      socket.shutdownOutput();
      return new String(socket.getInputStream().readAllBytes(), US_ASCII).replace('\n', ' ');
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static void say(String what, Object value) {
    System.out.println(what + "=" + value);
  }
}
