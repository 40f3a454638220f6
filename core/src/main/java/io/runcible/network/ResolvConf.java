package io.runcible.network;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The host's {@code resolv.conf}.
 *
 * @param servers the addresses of its name servers, in order
 * @param other its other lines, such as search domains
 */
record ResolvConf(List<String> servers, List<String> other) {
  private static final int MAX_SIZE = 64 << 10;

  ResolvConf {
    servers = List.copyOf(servers);
    other = List.copyOf(other);
  }

  static ResolvConf ofThisHost() {
    return read(Path.of("/etc/resolv.conf"));
  }

  /** Empty if there is none. */
  static ResolvConf read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return parse(new String(in.readNBytes(MAX_SIZE), StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      return new ResolvConf(List.of(), List.of());
    }
  }

  static ResolvConf parse(String text) {
    List<String> servers = new ArrayList<>();
    List<String> other = new ArrayList<>();
    for (String line : text.lines().map(String::strip).toList()) {
      String[] words = line.split("\\s+", -1);
      if (words[0].equals("nameserver") && words.length > 1) {
        servers.add(words[1]);
      } else if (List.of("search", "domain", "options", "sortlist").contains(words[0])) {
        other.add(line);
      }
    }
    return new ResolvConf(servers, other);
  }

  /** The same file with other name servers. */
  String with(List<String> otherServers) {
    StringBuilder text = new StringBuilder();
    otherServers.forEach(server -> text.append("nameserver ").append(server).append('\n'));
    other.forEach(line -> text.append(line).append('\n'));
    return text.toString();
  }

  /** Whether a server can be reached from this host alone. */
  static boolean isLoopback(String server) {
    return server.startsWith("127.") || server.equals("::1");
  }
}
