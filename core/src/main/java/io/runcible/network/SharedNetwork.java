package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.Fifo;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NetworkNamespace;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Rtnetlink;
import io.runcible.ffi.Spawn;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An ordinary user's bridges: a network namespace that all engines of a user share for one data
 * root, with one program that is its way out.
 *
 * <p>A shell keeps it, which is nobody's child. Whoever uses it has a writing end of the pipe that
 * the shell reads: engines, and the monitors of detached containers; so the kernel counts them,
 * however they end. After the last one it goes, unless a detached container is there that is
 * stopped. Who comes writes {@code joined}, then looks for the record; the shell that is about to
 * end takes its record away, then looks for {@code joined}: one of the two sees the other.
 */
final class SharedNetwork implements BridgePlace {
  /** What is there in the directory of a container that is made for these networks. */
  static final String MARK = "bridged";

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int PAUSE_MILLIS = 2;
  private static final int MAX_MESSAGE = 4096;
  private static final int INPUT = 3;
  private static final String NAME = "runcible-bridges";
  private static final String RECORD = "shell";
  private static final String ENDING = "ending";
  private static final String LOG = "network.log";

  private static final Map<IpPrefix, String> TAKEN =
      Map.of(
          IpPrefix.parse("169.254.0.0/16"), "the way out by pasta",
          IpPrefix.parse("10.0.2.0/24"), "the way out by slirp4netns");

  /** Leaves the shell to the first process of the host, or who stands for it. */
  private static final String STARTER = "\"$@\" <&3 3<&- &";

  /** Packets pass from device to device, and no container is the router of others. */
  private static final String PREPARE =
      """
      set_to() { [ ! -e "$2" ] || [ "$(cat "$2")" = "$1" ] || echo "$1" >"$2" || exit 1; }
      set_to 0 /proc/sys/net/ipv6/conf/all/accept_ra
      set_to 0 /proc/sys/net/ipv6/conf/default/accept_ra
      set_to 1 /proc/sys/net/ipv6/conf/all/forwarding
      set_to 1 /proc/sys/net/ipv4/ip_forward
      """;

  /**
   * Arguments: its directory, that of the containers, what prepares the namespace. Each line of its
   * input has it start the program of the file {@code connect}, unless that runs. A program that
   * one of its kind left when it was killed is ended first, and the namespace goes on.
   */
  private static final String SCRIPT =
      """
      cd "$1" || exit 1
      containers=$2
      rm -f connected
      if read -r old <program && grep -qF "$1/netns" "/proc/$old/cmdline"; then
        kill "$old"
      fi 2>/dev/null
      if ! mountpoint -q netns; then
        : >netns && unshare --net="$1/netns" -- sh -c "$3" || exit 1
      fi
      echo $$ >shell
      echo "ready"
      exec >/dev/null 2>&1
      connect() {
        [ ! -e connected ] || return
        : >connected
        { sh ./connect >network.log 2>&1 & echo $! >program; wait; rm -f connected; } </dev/null &
      }
      while :; do
        while read -r line; do connect; done
        kept=
        for mark in "$containers"/*/detached; do
          [ ! -e "$mark" ] || [ ! -e "${mark%/*}/bridged" ] || kept=1
        done
        if [ -n "$kept" ]; then
          exec <input
          continue
        fi
        mv shell ending
        [ -e joined ] || break
        rm -f joined
        mv ending shell
      done
      [ ! -e connected ] || { read -r pid <program && kill "$pid"; }
      wait
      umount -l netns
      rm -f input netns program connect network.*
      rm -f ending
      """;

  private final PrivilegedHost host;
  private final Path place;
  private final Path containers;
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
    this.containers = containers.toAbsolutePath();
  }

  static void mark(Path directory) {
    try {
      Files.writeString(directory.resolve(MARK), "");
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot write to '" + directory + "'", e);
    }
  }

  private Path pin() {
    return place.resolve(NetworkClient.NAMESPACE);
  }

  private Path input() {
    return place.resolve("input");
  }

  /** What keeps it as long as anybody has that open, also another process. */
  synchronized FileDescriptor lifeline() {
    FileDescriptor open = lifeline;
    if (open == null) {
      open = join();
      lifeline = open;
    }
    return open;
  }

  @Override
  public synchronized Rtnetlink open() {
    NetworkNamespace opened = namespace;
    if (opened == null) {
      FileDescriptor kept = lifeline();
      opened = host.openNetworkNamespace(pin());
      opened.netlink().setUp(opened.netlink().link("lo").orElseThrow());
      lifeline = kept;
      namespace = opened;
    }
    return opened.netlink().borrowed();
  }

  @Override
  public synchronized Optional<Rtnetlink> find() {
    boolean there;
    try {
      there = namespace != null || (runs(RECORD) && isHere());
    } catch (IOException e) {
      there = false;
    }
    return there ? Optional.of(open()) : Optional.empty();
  }

  private FileDescriptor join() {
    try {
      Files.createDirectories(
          place,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      long deadline = System.nanoTime() + LIMIT.toNanos();
      while (true) {
        Optional<FileDescriptor> found = joinRunning();
        if (found.isPresent()) {
          return found.get();
        }
        if (!runs(ENDING) && !runs(RECORD)) {
          return start();
        }
        pause(deadline, "the network of '" + place + "' is ending");
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot use the directory '" + place + "'", e);
    }
  }

  private Optional<FileDescriptor> joinRunning() throws IOException {
    if (!runs(RECORD) || !isHere() || !Files.exists(input())) {
      return Optional.empty();
    }
    FileDescriptor open = Fifo.openBothWays(input());
    Files.writeString(place.resolve("joined"), "");
    if (runs(RECORD)) {
      return Optional.of(open);
    }
    open.close();
    return Optional.empty();
  }

  /** One that has not yet seen its end may be in the namespaces of a holder that has ended. */
  private boolean isHere() throws IOException {
    String pid = Files.readString(place.resolve(RECORD)).strip();
    try {
      Path namespace = Files.readSymbolicLink(Path.of("/proc", pid, "ns/user"));
      return namespace.toString().equals(host.namespaceHere("user"));
    } catch (IOException e) {
      return false; // It has ended.
    }
  }

  /** Whether the shell that a file names is there. */
  private boolean runs(String file) {
    try {
      String pid = Files.readString(place.resolve(file)).strip();
      Path line = Path.of("/proc", pid, "cmdline");
      return Files.readString(line, StandardCharsets.ISO_8859_1).contains(NAME + "\0" + place);
    } catch (IOException | java.nio.file.InvalidPathException e) {
      return false;
    }
  }

  private FileDescriptor start() throws IOException {
    for (String name : List.of("input", "joined", RECORD, ENDING)) {
      Files.deleteIfExists(place.resolve(name));
    }
    Fifo.make(input());
    FileDescriptor open = Fifo.openBothWays(input());
    try {
      launch();
      return open;
    } catch (IOException | RuntimeException e) {
      // The shell sees the end of its input, and ends.
      open.close();
      throw e;
    }
  }

  private void launch() throws IOException {
    List<String> command =
        List.of(
            "sh",
            "-c",
            STARTER,
            "sh",
            "sh",
            "-c",
            SCRIPT,
            NAME,
            place.toString(),
            containers + "",
            PREPARE);
    Pipe output = Pipe.open();
    Pipe ends = Fifo.open(input());
    try (ChildProcess starter =
        host.spawn(command, Spawn.plainEnvironment())
            .descriptor(1, output.writer())
            .descriptor(2, output.writer())
            .descriptor(INPUT, ends.reader())
            .start()) {
      output.writer().close();
      starter.reap();
      try (InputStream said = output.inputStream()) {
        String text = new String(said.readNBytes(MAX_MESSAGE), StandardCharsets.UTF_8).strip();
        if (!text.equals("ready")) {
          throw new RuncibleException(
              ErrorKind.UNSUPPORTED,
              "an ordinary user cannot have bridge networks on this host ("
                  + text
                  + "); see user.max_net_namespaces, and in a container, let /proc/sys/net be"
                  + " writable");
        }
      }
    } finally {
      output.close();
      ends.close();
    }
  }

  private static void pause(long deadline, String why) {
    if (System.nanoTime() > deadline) {
      throw new RuncibleException(ErrorKind.TIMEOUT, why + " for longer than " + LIMIT);
    }
    try {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(
          ErrorKind.CANCELLED, "interrupted while waiting for a network", e);
    }
  }

  @Override
  public void admit(Rtnetlink devices, NetworkRecord network) {
    if (!network.internal()) {
      connect();
    }
    filter(NetworkRules.script(network), "make", network);
  }

  @Override
  public void dismiss(NetworkRecord network) {
    if (Nft.isInstalled()) {
      filter(NetworkRules.removal(network), "remove", network);
    }
  }

  private void filter(String script, String what, NetworkRecord network) {
    HostCommand.run(
        host.command(pin(), List.of(Nft.PROGRAM, "-f", "-")),
        script,
        what + " the packet filter of network '" + network.name() + "'");
  }

  /** Has the way out, which one program is, of all networks that have one. */
  private void connect() {
    UserNetworkProgram program = UserNetworkProgram.find("a bridge network with a way out");
    Path connected = place.resolve("connected");
    try {
      if (!Files.exists(connected)) {
        for (String old : List.of(LOG, "network.pid", "network.sock")) {
          Files.deleteIfExists(place.resolve(old));
        }
        Files.writeString(
            place.resolve("connect"), "exec " + words(program.shared(pin(), place)) + "\n");
        Files.writeString(input(), "connect\n", StandardOpenOption.WRITE);
      }
      long deadline = System.nanoTime() + LIMIT.toNanos();
      while (!program.ready(place, List.of())) {
        // In this order: it connects, and then has a log.
        if (Files.exists(place.resolve(LOG)) && !Files.exists(connected)) {
          throw new RuncibleException(
              ErrorKind.UNAVAILABLE,
              "the way out of bridge networks, "
                  + program
                  + ", ended at once: "
                  + UserNetwork.said(place.resolve(LOG)));
        }
        pause(deadline, "the way out of bridge networks, " + program + ", is not ready");
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot use the directory '" + place + "'", e);
    }
  }

  /** As words of a shell. */
  private static String words(List<String> command) {
    return command.stream()
        .map(word -> "'" + word.replace("'", "'\\''") + "'")
        .collect(Collectors.joining(" "));
  }

  /** New devices are so from the beginning. */
  @Override
  public void ignoreRouterAdvertisements(String device) {}

  /** The gateway is that of a namespace in which the host is not: those of the host's way out. */
  @Override
  public List<InetAddress> host(NetworkRecord network) {
    try (Rtnetlink own = Rtnetlink.open()) {
      List<Integer> out =
          own.routes().stream()
              .filter(Rtnetlink.Route::isDefault)
              .map(Rtnetlink.Route::link)
              .toList();
      return own.addresses().stream()
          .filter(address -> out.contains(address.link()))
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
