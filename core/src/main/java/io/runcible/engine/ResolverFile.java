package io.runcible.engine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a container with a network of its own has as {@code /etc/resolv.conf} (resolv.conf(5)).
 *
 * @param text the file
 * @param notes what of the host's file could not be kept
 */
record ResolverFile(String text, List<String> notes) {
  static final Path HOST = Path.of("/etc/resolv.conf");

  /** The servers that systemd's resolver asks itself. */
  private static final Path UPSTREAM = Path.of("/run/systemd/resolve/resolv.conf");

  private static final String LOCAL_RESOLVER = "127.0.0.53";
  private static final int MAX_SIZE = 64 << 10;

  static ResolverFile of(NameResolution wanted) {
    String host = read(HOST);
    List<String> servers = values(host, "nameserver");
    return of(host, servers.contains(LOCAL_RESOLVER) ? read(UPSTREAM) : "", wanted);
  }

  private static String read(Path file) {
    try (var stream = Files.newInputStream(file)) {
      return new String(stream.readNBytes(MAX_SIZE), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }

  /**
   * Puts it together.
   *
   * @param upstream where the servers are if the host's file names its local resolver
   */
  static ResolverFile of(String host, String upstream, NameResolution wanted) {
    List<String> notes = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    List<String> search = or(wanted.search(), words(host, "search", "domain"));
    if (!search.isEmpty()) {
      text.append("search ").append(String.join(" ", search)).append('\n');
    }
    List<String> servers =
        wanted.servers().isEmpty() ? reachable(host, upstream, notes) : wanted.servers();
    servers.forEach(server -> text.append("nameserver ").append(server).append('\n'));
    List<String> options = or(wanted.options(), words(host, "options", "options"));
    if (!options.isEmpty()) {
      text.append("options ").append(String.join(" ", options)).append('\n');
    }
    return new ResolverFile(text.toString(), notes);
  }

  private static List<String> or(List<String> wanted, List<String> otherwise) {
    return wanted.isEmpty() ? otherwise : wanted;
  }

  private static List<String> reachable(String host, String upstream, List<String> notes) {
    List<String> all = new ArrayList<>(values(host, "nameserver"));
    if (all.remove(LOCAL_RESOLVER)) {
      all.addAll(0, values(upstream, "nameserver"));
    }
    List<String> reachable = new ArrayList<>();
    for (String server : all) {
      if (isReachable(server)) {
        if (!reachable.contains(server)) {
          reachable.add(server);
        }
      } else {
        notes.add(
            "containers do not use the name server "
                + server
                + " of the host: it can be reached from the host alone");
      }
    }
    if (reachable.isEmpty()) {
      notes.add(
          "containers on networks resolve no names but those in /etc/hosts: '"
              + HOST
              + "' has no name server that they could reach; give them one");
    }
    return reachable;
  }

  /** Neither on loopback nor on a link of the host's. */
  private static boolean isReachable(String server) {
    String address = server.toLowerCase(Locale.ROOT);
    return !address.startsWith("127.") && !address.equals("::1") && address.indexOf('%') < 0;
  }

  private static List<String> fields(String line) {
    return List.of(line.strip().split("\\s+", -1));
  }

  /** The first word after each such keyword. */
  private static List<String> values(String text, String keyword) {
    List<String> values = new ArrayList<>();
    for (String line : text.lines().toList()) {
      List<String> fields = fields(line);
      if (fields.size() > 1 && fields.get(0).equals(keyword)) {
        values.add(fields.get(1));
      }
    }
    return values;
  }

  /** The words after the last such keyword, which is the one that counts. */
  private static List<String> words(String text, String keyword, String otherKeyword) {
    List<String> words = List.of();
    for (String line : text.lines().toList()) {
      List<String> fields = fields(line);
      if (fields.get(0).equals(keyword) || fields.get(0).equals(otherKeyword)) {
        words = fields.subList(1, fields.size());
      }
    }
    return words;
  }
}
