package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.ffi.InNamespace;
import io.runcible.ffi.NetworkNamespace;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Rtnetlink;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/**
 * A network namespace that stands for the host's, so that the real one stays as it is, and one that
 * stands for the world: they are joined by the host's device {@code uplink}, over which its default
 * routes lead. What runs in the host's starts its engines and their programs there.
 */
final class TestHost implements AutoCloseable {
  static final String OUTSIDE = "203.0.113.1";
  static final String OUTSIDE_IPV6 = "2001:db8::1";
  static final String UPLINK = "203.0.113.2";
  static final String UPLINK_IPV6 = "2001:db8::2";
  static final int MTU = 1400;

  private final PrivilegedHost host = PrivilegedHost.open();
  private final Path directory;
  private final List<AutoCloseable> opened = new ArrayList<>();
  private List<String> before;

  private TestHost(Path directory) {
    this.directory = directory;
    try (NetworkNamespace inside = host.createNetworkNamespace(pin("host"));
        NetworkNamespace outside = host.createNetworkNamespace(pin("outside"))) {
      Rtnetlink.Link world =
          inside
              .netlink()
              .addVeth("uplink", 0, MTU, outside, "world", new byte[] {2, 0, 0, 0, 0, 9});
      Rtnetlink.Link uplink = inside.netlink().link("uplink").orElseThrow();
      inside.netlink().addAddress(uplink, address(UPLINK), 24);
      inside.netlink().addAddress(uplink, address(UPLINK_IPV6), 64);
      outside.netlink().addAddress(world, address(OUTSIDE), 24);
      outside.netlink().addAddress(world, address(OUTSIDE_IPV6), 64);
      inside.netlink().addDefaultRoute(uplink, address(OUTSIDE));
      inside.netlink().addDefaultRoute(uplink, address(OUTSIDE_IPV6));
    }
    before = state();
  }

  /** What is there now may be there at the end. */
  void begin() {
    before = state();
  }

  /** Whether the kernel tells how a process ended that another one has reaped. */
  static boolean tellsExits() {
    return kernelIsSince(6, 15);
  }

  /** Whether the kernel is of this version or a later one. */
  static boolean kernelIsSince(int major, int minor) {
    String[] version = System.getProperty("os.version").split("\\D", 3);
    int first = Integer.parseInt(version[0]);
    return first > major || first == major && Integer.parseInt(version[1]) >= minor;
  }

  static TestHost create() {
    HostTools.requireRoot();
    HostTools.requireProgram("nft", "nftables");
    HostTools.requireProgram("ip", "iproute2");
    try {
      return new TestHost(Files.createTempDirectory("runcible-host-"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path pin(String name) {
    return directory.resolve(name);
  }

  static InetAddress address(String text) {
    try {
      return InetAddress.getByName(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs on a thread of the host's namespace. */
  <T> T call(Callable<T> work) {
    return InNamespace.call(pin("host"), work);
  }

  void run(Runnable work) {
    call(
        () -> {
          work.run();
          return true;
        });
  }

  /** A program on the host; returns what it wrote, and fails if it fails. */
  String command(String... command) {
    return call(() -> output(command));
  }

  /** A program of the world. */
  void outside(String... command) {
    InNamespace.call(pin("outside"), () -> output(command));
  }

  boolean connectsFromOutside(String address, int port) {
    return InNamespace.call(pin("outside"), () -> connect(address, port));
  }

  boolean connects(String address, int port) {
    return call(() -> connect(address, port));
  }

  private static boolean connect(String address, int port) throws IOException {
    try (Socket socket = new Socket()) {
      // Longer than the kernel waits before it asks again.
      socket.connect(new InetSocketAddress(address(address), port), 3000);
      return true;
    } catch (SocketTimeoutException | ConnectException | NoRouteToHostException e) {
      return false;
    }
  }

  private static String output(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", List.of(command), said).isZero();
    return said;
  }

  /** A server of the world: tells whoever connects from where he came. Returns its port. */
  int serveOutside(String address) {
    return serve("outside", address);
  }

  /** The same on the host itself. */
  int serveOnHost(String address) {
    return serve("host", address);
  }

  private int serve(String where, String address) {
    ServerSocket server =
        InNamespace.call(
            pin(where),
            () -> {
              ServerSocket socket = new ServerSocket();
              socket.bind(new InetSocketAddress(address(address), 0));
              return socket;
            });
    opened.add(server);
    Thread thread = new Thread(() -> answer(server), "test-host-server");
    thread.setDaemon(true);
    thread.start();
    return server.getLocalPort();
  }

  private static void answer(ServerSocket server) {
    while (true) {
      try (Socket client = server.accept()) {
        String from = client.getInetAddress().getHostAddress() + "\n";
        client.getOutputStream().write(from.getBytes(StandardCharsets.US_ASCII));
      } catch (SocketException e) {
        if (server.isClosed()) {
          return;
        }
        // The client has gone.
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Devices, addresses and packet filters of the host, one line for each. */
  List<String> state() {
    String all =
        command("ip", "-oneline", "-brief", "addr")
                // Chosen anew for a device, or not there yet.
                .replaceAll("fe80::\\S+", "")
            + command("nft", "list", "ruleset").replaceAll("packets \\d+ bytes \\d+", "");
    return Stream.of(all.split("\n")).map(String::stripTrailing).filter(l -> !l.isEmpty()).toList();
  }

  /** Fails if there is something that was not there at the beginning; waits some seconds for it. */
  void verify() {
    for (int i = 0; i < 500 && !state().equals(before); i++) {
      LeakCheck.pause();
    }
    assertThat(state()).isEqualTo(before);
  }

  @Override
  public void close() {
    try {
      opened.forEach(
          one -> {
            try {
              one.close();
            } catch (Exception e) {
              throw new IllegalStateException(e);
            }
          });
    } finally {
      for (String name : List.of("outside", "host")) {
        host.unmount(pin(name));
      }
      host.removeTree(directory);
      host.close();
    }
  }
}
