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

  private static final String PID_FILE = "network.pid";

  private final Path program;

  Pasta(Path program) {
    this.program = program;
  }

  @Override
  public void check(List<PortBinding> ports) {}

  @Override
  public List<String> command(Path namespace, Path directory, List<PortBinding> ports) {
    List<String> command =
        new ArrayList<>(
            List.of(
                program.toString(),
                "--foreground",
                "--stderr",
                "--quiet",
                "--config-net",
                // Otherwise the container would reach what listens on the host's loopback device.
                "--no-map-gw",
                "--tcp-ns",
                "none",
                "--udp-ns",
                "none",
                "--dns-forward",
                NAME_SERVER,
                "--pid",
                directory.resolve(PID_FILE).toString(),
                "--netns",
                namespace.toString()));
    publish(command, ports, PortBinding.Protocol.TCP, "--tcp-ports");
    publish(command, ports, PortBinding.Protocol.UDP, "--udp-ports");
    return command;
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
