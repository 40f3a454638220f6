package io.runcible.network;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * slirp4netns. The container has 10.0.2.100, and the name server of the host at 10.0.2.3. Ports are
 * asked for through a socket, when that answers.
 */
final class Slirp4netns implements UserNetworkProgram {
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final String SOCKET = "network.sock";
  private static final String NAME_SERVER = "10.0.2.3";
  private static final int MAX_ANSWER = 4096;

  private final Path program;

  Slirp4netns(Path program) {
    this.program = program;
  }

  @Override
  public void check(List<PortBinding> ports) {
    for (PortBinding port : ports) {
      if (!(port.hostAddress() instanceof Inet4Address)) {
        throw UserNetworkProgram.unsupported(
            "slirp4netns cannot publish " + port + ": it knows IPv4 alone; install passt");
      }
      if (port.protocol() == PortBinding.Protocol.UDP) {
        throw UserNetworkProgram.unsupported(
            "slirp4netns cannot publish "
                + port
                + ": it loses the answers to clients on this host"
                + " unless containers may reach the host's loopback device; install passt");
      }
    }
  }

  @Override
  public List<String> command(Path namespace, Path directory, List<PortBinding> ports) {
    return List.of(
        program.toString(),
        "--configure",
        "--mtu=65520",
        // Otherwise the container would reach what listens on the host's loopback device.
        "--disable-host-loopback",
        "--enable-sandbox",
        "--enable-seccomp",
        // Relative, because the path of a socket must be short.
        "--api-socket=" + SOCKET,
        "--netns-type=path",
        namespace.toString(),
        "tap0");
  }

  @Override
  public List<String> beside(Path namespace, Path directory, List<PortBinding> ports) {
    return command(namespace, directory, ports);
  }

  @Override
  public boolean isWayOut(List<PortBinding> ports) {
    return true;
  }

  @Override
  public List<String> shared(Path namespace, Path directory) {
    return command(namespace, directory, List.of());
  }

  @Override
  public boolean ready(Path directory, List<PortBinding> ports) {
    if (!Files.exists(directory.resolve(SOCKET))) {
      return false;
    }
    try (FileDescriptor opened = FileCalls.openDirectory(directory)) {
      Path socket = Path.of(opened.procPath(), SOCKET);
      if (!ask(socket, Map.of("execute", "list_hostfwd")).has("entries")) {
        return false;
      }
      for (PortBinding port : ports) {
        publish(socket, port);
      }
      return true;
    } catch (IOException e) {
      // It does not listen yet.
      return false;
    }
  }

  private static void publish(Path socket, PortBinding port) throws IOException {
    JsonNode answer =
        ask(
            socket,
            Map.of(
                "execute",
                "add_hostfwd",
                "arguments",
                Map.of(
                    "proto",
                    port.protocol().toString(),
                    "host_addr",
                    port.hostAddress().getHostAddress(),
                    "host_port",
                    port.hostPort(),
                    "guest_port",
                    port.containerPort())));
    if (!answer.has("return")) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "slirp4netns does not publish " + port + ": " + answer.at("/error/desc").asText());
    }
  }

  private static JsonNode ask(Path socket, Map<String, Object> question) throws IOException {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      ByteBuffer words = ByteBuffer.wrap(MAPPER.writeValueAsBytes(question));
      while (words.hasRemaining()) {
        channel.write(words);
      }
      channel.shutdownOutput();
      ByteBuffer answer = ByteBuffer.allocate(MAX_ANSWER);
      while (answer.hasRemaining() && channel.read(answer) >= 0) {
        // Reads to the end.
      }
      return MAPPER.readTree(answer.array(), 0, answer.position());
    }
  }

  @Override
  public String resolvConf(ResolvConf host) {
    return host.with(List.of(NAME_SERVER));
  }

  @Override
  public String toString() {
    return program.toString();
  }
}
