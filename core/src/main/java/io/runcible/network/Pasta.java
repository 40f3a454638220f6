package io.runcible.network;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * pasta, of the package passt. The container has the addresses of the host, and its connections are
 * sockets of the program. It writes its pid when all is set up.
 */
final class Pasta implements UserNetworkProgram {
  /** An address that nobody else has, where the program answers for the host's name server. */
  private static final String NAME_SERVER = "169.254.1.1";

  private static final String ADDRESS = "169.254.2.2";
  private static final String GATEWAY = "169.254.2.1";
  private static final String DEVICE = "tap0";
  private static final String PID_FILE = "network.pid";

  private final Path program;

  Pasta(Path program) {
    this.program = program;
  }

  @Override
  public void check(List<PortBinding> ports) {}

  @Override
  public List<String> command(Path namespace, Path directory, List<PortBinding> ports) {
    List<String> command = bare(namespace, directory, ports);
    command.addAll(List.of("--config-net", "--dns-forward", NAME_SERVER));
    return command;
  }

  /** Brings in connections from the host's loopback device, and does nothing else. */
  private List<String> bare(Path namespace, Path directory, List<PortBinding> ports) {
    List<String> command =
        new ArrayList<>(
            List.of(
                program.toString(),
                "--foreground",
                "--stderr",
                "--quiet",
                // Otherwise the container would reach what listens on the host's loopback device.
                "--no-map-gw",
                "--tcp-ns",
                "none",
                "--udp-ns",
                "none",
                "--pid",
                directory.resolve(PID_FILE).toString(),
                "--netns",
                namespace.toString()));
    publish(command, ports, PortBinding.Protocol.TCP, "--tcp-ports");
    publish(command, ports, PortBinding.Protocol.UDP, "--udp-ports");
    return command;
  }

  /** With addresses of its own: else those of the host would not lead to the host. */
  @Override
  public List<String> shared(Path namespace, Path directory) {
    return withAddress(command(namespace, directory, List.of()));
  }

  private static List<String> withAddress(List<String> command) {
    command.addAll(List.of("--ns-ifname", DEVICE, "--address", ADDRESS));
    command.addAll(List.of("--netmask", "255.255.255.0", "--gateway", GATEWAY));
    return command;
  }

  @Override
  public List<String> beside(Path namespace, Path directory, List<PortBinding> ports) {
    if (isWayOut(ports)) {
      return withAddress(command(namespace, directory, ports));
    }
    List<String> command = bare(namespace, directory, ports);
    command.addAll(List.of("--ns-ifname", DEVICE));
    return command;
  }

  @Override
  public boolean isWayOut(List<PortBinding> ports) {
    return ports.stream().anyMatch(port -> !port.hostAddress().isLoopbackAddress());
  }

  private static void publish(
      List<String> command, List<PortBinding> ports, PortBinding.Protocol protocol, String option) {
    int before = command.size();
    for (PortBinding port : ports) {
      if (port.protocol() == protocol) {
        command.add(option);
        command.add(
            port.hostAddress().getHostAddress()
                + "/"
                + port.hostPort()
                + ":"
                + port.containerPort());
      }
    }
    if (command.size() == before) {
      command.addAll(List.of(option, "none"));
    }
  }

  @Override
  public boolean ready(Path directory, List<PortBinding> ports) {
    Path file = directory.resolve(PID_FILE);
    try {
      return Files.exists(file) && Files.size(file) > 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String resolvConf(ResolvConf host) {
    List<String> servers = new ArrayList<>();
    for (String server : host.servers()) {
      String reachable = ResolvConf.isLoopback(server) ? NAME_SERVER : server;
      if (!servers.contains(reachable)) {
        servers.add(reachable);
      }
    }
    return host.with(servers);
  }

  @Override
  public String toString() {
    return program.toString();
  }
}
