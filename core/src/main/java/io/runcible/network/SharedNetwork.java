package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NetworkNamespace;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Rtnetlink;
import io.runcible.ffi.Spawn;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An ordinary user's bridges: a network namespace that all engines of a user share for one data
 * root, with one program that is its way out.
 *
 * <p>A {@linkplain BridgeShell shell} keeps it as long as it is used.
 */
final class SharedNetwork implements BridgePlace {
  /** What is there in the directory of a container that is made for these networks. */
  static final String MARK = "bridged";

  /** What needs the program, for a message. */
  static final String WAY_OUT = "a bridge network with a way out";

  /** What one program or the other makes when it is ready. */
  private static final List<String> ANSWERS = List.of("network.pid", "network.sock");

  private static final Map<IpPrefix, String> TAKEN =
      Map.of(
          IpPrefix.parse("169.254.0.0/16"), "the way out by pasta",
          IpPrefix.parse("10.0.2.0/24"), "the way out by slirp4netns");

  private final PrivilegedHost host;
  private final Path place;
  private final BridgeShell shell;
  private @Nullable FileDescriptor lifeline;
  private @Nullable NetworkNamespace namespace;

  /**
   * That of a place; made when a bridge is.
   *
   * @param place a directory of its own, which is made
   * @param containers the shell stays while a directory below it has a file {@link
   *     PrivilegedHost#MARK} and a {@link #MARK}
   */
  SharedNetwork(PrivilegedHost host, Path place, Path containers) {
    this.host = host;
    this.place = place.toAbsolutePath();
    this.shell = new BridgeShell(host, this.place, containers.toAbsolutePath());
  }

  static void mark(Path directory) {
    try {
      Files.writeString(directory.resolve(MARK), "");
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot write to '" + directory + "'", e);
    }
  }

  /** What keeps it as long as anybody has that open, also another process. */
  synchronized FileDescriptor lifeline() {
    FileDescriptor open = lifeline;
    if (open == null) {
      open = shell.join();
      lifeline = open;
    }
    return open;
  }

  @Override
  public synchronized Rtnetlink open() {
    NetworkNamespace opened = namespace;
    if (opened == null) {
      lifeline();
      opened = host.openNetworkNamespace(shell.pin());
      namespace = opened;
      opened.netlink().setUp(opened.netlink().link("lo").orElseThrow());
    }
    return opened.netlink().borrowed();
  }

  @Override
  public synchronized Optional<Rtnetlink> find() {
    return namespace != null || shell.runsHere() ? Optional.of(open()) : Optional.empty();
  }

  @Override
  public void admit(Rtnetlink devices, NetworkRecord network) {
    if (!network.internal()) {
      connect();
    }
    filter(NetworkRules.script(network), "make", network);
  }

  @Override
  public void keepWayOut(NetworkRecord network) {
    if (!network.internal()) {
      connect();
    }
  }

  @Override
  public void dismiss(NetworkRecord network) {
    if (Nft.isInstalled()) {
      filter(NetworkRules.removal(network), "remove", network);
    }
  }

  private void filter(String script, String what, NetworkRecord network) {
    HostCommand.run(
        host.command(shell.pin(), List.of(Nft.PROGRAM, "-f", "-")),
        script,
        what + " the packet filter of network '" + network.name() + "'");
  }

  /** Has the way out, which one program is, of all networks that have one. */
  private void connect() {
    try {
      boolean connected = shell.isConnected();
      if (connected && ANSWERS.stream().map(place::resolve).anyMatch(Files::exists)) {
        return;
      }
      UserNetworkProgram program = UserNetworkProgram.find(WAY_OUT);
      if (!connected) {
        order(program);
      }
      awaitReady(program, shell.connected());
    } catch (IOException e) {
      throw shell.unusable(e);
    }
  }

  private void order(UserNetworkProgram program) throws IOException {
    Files.writeString(
        place.resolve("connect"), "exec " + Spawn.words(program.shared(shell.pin(), place)) + "\n");
    // The shell may have been killed. The next one has the input that is kept open.
    shell.join().close();
    if (shell.isConnected()) {
      return;
    }
    Files.deleteIfExists(place.resolve(BridgeShell.LOG));
    for (String old : ANSWERS) {
      Files.deleteIfExists(place.resolve(old));
    }
    Files.writeString(shell.input(), "connect\n", StandardOpenOption.WRITE);
  }

  private void awaitReady(UserNetworkProgram program, Path connected) {
    Path log = place.resolve(BridgeShell.LOG);
    long deadline = System.nanoTime() + BridgeShell.LIMIT.toNanos();
    while (!program.ready(place, List.of())) {
      // In this order: it connects, and then has a log.
      if (Files.exists(log) && !Files.exists(connected)) {
        throw new RuncibleException(
            ErrorKind.UNAVAILABLE,
            "the way out of bridge networks, "
                + program
                + ", ended at once: "
                + UserNetwork.said(log));
      }
      BridgeShell.pause(deadline, "the way out of bridge networks, " + program + ", is not ready");
    }
  }

  /** New devices are so from the beginning. */
  @Override
  public void ignoreRouterAdvertisements(String device) {}

  /** The gateway is that of a namespace in which the host is not: those of the host's way out. */
  @Override
  public List<InetAddress> host(NetworkRecord network) {
    try (Rtnetlink own = Rtnetlink.open()) {
      List<Rtnetlink.Address> addresses = own.addresses();
      return own.routes().stream()
          .filter(Rtnetlink.Route::isDefault)
          .sorted(
              Comparator.comparing(
                      (Rtnetlink.Route route) -> route.destination().getAddress().length)
                  .thenComparingInt(Rtnetlink.Route::priority))
          .flatMap(route -> addresses.stream().filter(one -> one.link() == route.link()))
          .map(Rtnetlink.Address::address)
          .filter(address -> address.getAddress().length == 4)
          .limit(1)
          .toList();
    }
  }

  @Override
  public Map<IpPrefix, String> taken() {
    return TAKEN;
  }

  /** Whether there is anything to let go of. */
  synchronized boolean isOpen() {
    return lifeline != null;
  }

  /** Idempotent. */
  @Override
  public synchronized void close() {
    if (namespace != null) {
      namespace.close();
      namespace = null;
    }
    if (lifeline != null) {
      lifeline.close();
      lifeline = null;
    }
  }
}
