package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * How a container finds others by name, beyond what its networks tell it: lines of its {@code
 * /etc/hosts} and {@code /etc/resolv.conf}. Immutable.
 *
 * <p>Without servers, search domains or options of its own a container on a bridge network has the
 * host's: those of {@code /etc/resolv.conf}, or of {@code /run/systemd/resolve/resolv.conf} where
 * the former names the local resolver 127.0.0.53. Other servers on the host's loopback device
 * cannot be reached from a container and are left out, with a warning in the log. If none is left,
 * only the names in {@code /etc/hosts} resolve, and a look-up of another one fails at once.
 */
public final class NameResolution {
  /** What a container has when nothing else is asked for. */
  public static final NameResolution DEFAULT =
      new NameResolution(Map.of(), List.of(), List.of(), List.of());

  /** In place of an address: that of the host on the container's first network. */
  public static final String HOST_GATEWAY = "host-gateway";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,253}");
  private static final Pattern ADDRESS = Pattern.compile("[0-9A-Fa-f.:]{2,45}");
  private static final Pattern OPTION = Pattern.compile("[a-z0-9:-]{1,64}");
  private static final int MAX_ENTRIES = 1000;

  private final Map<String, String> hosts;
  private final List<String> servers;
  private final List<String> search;
  private final List<String> options;

  private NameResolution(
      Map<String, String> hosts, List<String> servers, List<String> search, List<String> options) {
    this.hosts = hosts;
    this.servers = servers;
    this.search = search;
    this.options = options;
    if (hosts.size() + servers.size() + search.size() + options.size() > MAX_ENTRIES) {
      throw invalid("more than " + MAX_ENTRIES + " hosts, servers, domains and options");
    }
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }

  private static String require(Pattern pattern, String text, String what) {
    if (!pattern.matcher(text).matches()) {
      throw invalid("'" + text + "' is no " + what);
    }
    return text;
  }

  /** Adds a name for an address, or for {@link #HOST_GATEWAY}. */
  public NameResolution withHost(String name, String address) {
    require(NAME, name, "name of a host");
    if (!address.equals(HOST_GATEWAY)) {
      require(ADDRESS, address, "IP address, nor " + HOST_GATEWAY);
    }
    Map<String, String> more = new LinkedHashMap<>(hosts);
    more.put(name, address);
    return new NameResolution(more, servers, search, options);
  }

  /** Adds a server, by its address; those of the host are not used then. */
  public NameResolution withServer(String address) {
    List<String> more = plus(servers, require(ADDRESS, address, "IP address"));
    return new NameResolution(hosts, more, search, options);
  }

  /** Adds a domain in which short names are looked for; those of the host are not used then. */
  public NameResolution withSearch(String domain) {
    List<String> more = plus(search, require(NAME, domain, "domain"));
    return new NameResolution(hosts, servers, more, options);
  }

  /** Adds an option, such as {@code ndots:2}; those of the host are not used then. */
  public NameResolution withOption(String option) {
    List<String> more = plus(options, require(OPTION, option, "option of resolv.conf"));
    return new NameResolution(hosts, servers, search, more);
  }

  private static List<String> plus(List<String> list, String one) {
    List<String> more = new ArrayList<>(list);
    more.add(one);
    return more;
  }

  /** Names with an address, or {@link #HOST_GATEWAY}. */
  public Map<String, String> hosts() {
    return Map.copyOf(hosts);
  }

  /** The servers; empty for the host's. */
  public List<String> servers() {
    return List.copyOf(servers);
  }

  /** The search domains; empty for the host's. */
  public List<String> search() {
    return List.copyOf(search);
  }

  /** The options; empty for the host's. */
  public List<String> options() {
    return List.copyOf(options);
  }

  boolean changesResolver() {
    return !servers.isEmpty() || !search.isEmpty() || !options.isEmpty();
  }

  /** The names of the host on the container's first network. */
  List<String> gatewayNames() {
    return hosts.entrySet().stream()
        .filter(entry -> entry.getValue().equals(HOST_GATEWAY))
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Lines of a hosts file, but for the names of the gateway. */
  String hostLines() {
    StringBuilder lines = new StringBuilder();
    hosts.forEach(
        (name, address) -> {
          if (!address.equals(HOST_GATEWAY)) {
            lines.append(address).append('\t').append(name).append('\n');
          }
        });
    return lines.toString();
  }
}
