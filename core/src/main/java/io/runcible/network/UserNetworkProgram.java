package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Spawn;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A program that is the network of a namespace. */
interface UserNetworkProgram {
  Path TUN = Path.of("/dev/net/tun");

  /**
   * The one that this host has: pasta rather than slirp4netns, which is slower and knows IPv4
   * alone.
   *
   * @throws RuncibleException UNSUPPORTED if there is none, or no device for it; the message says
   *     how to get it
   */
  static UserNetworkProgram find() {
    return find("the network USER");
  }

  /**
   * The same.
   *
   * @param what needs it, for the message
   */
  static UserNetworkProgram find(String what) {
    Optional<UserNetworkProgram> found =
        Spawn.findProgram("pasta")
            .<UserNetworkProgram>map(Pasta::new)
            .or(() -> Spawn.findProgram("slirp4netns").map(Slirp4netns::new));
    if (found.isEmpty()) {
      throw unsupported(
          what
              + " needs pasta or slirp4netns, and neither is installed; on Debian and"
              + " Ubuntu: apt-get install passt");
    }
    if (!Files.exists(TUN)) {
      throw unsupported(
          what
              + " needs '"
              + TUN
              + "', which this host does not have; as root: modprobe"
              + " tun, and in a container, let that have the device");
    }
    if (!Files.isReadable(TUN) || !Files.isWritable(TUN)) {
      throw unsupported(
          what
              + " needs '"
              + TUN
              + "', which this user may not open; as root: chmod 0666 "
              + TUN
              + ", as most distributions have it");
    }
    return found.get();
  }

  static RuncibleException unsupported(String message) {
    return new RuncibleException(ErrorKind.UNSUPPORTED, message);
  }

  /** Throws UNSUPPORTED if it cannot publish one of these. */
  void check(List<PortBinding> ports);

  /**
   * The command, which runs in a directory.
   *
   * @param namespace the file that the network namespace is bound to
   */
  List<String> command(Path namespace, Path directory, List<PortBinding> ports);

  /**
   * The command for a namespace that is on other networks, too, and gets ports published.
   *
   * @param namespace the file that the network namespace is bound to
   */
  List<String> beside(Path namespace, Path directory, List<PortBinding> ports);

  /** Whether that is the way out of the namespace, since answers have to go the way they came. */
  boolean isWayOut(List<PortBinding> ports);

  /** The command for a namespace of many containers, which publishes nothing. */
  List<String> shared(Path namespace, Path directory);

  /** Whether the network works and the ports are served; looks once. */
  boolean ready(Path directory, List<PortBinding> ports);

  /** What the container has as {@code /etc/resolv.conf}. */
  String resolvConf(ResolvConf host);
}
