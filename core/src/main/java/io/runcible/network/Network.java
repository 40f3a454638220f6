package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A network of a container, and how the container is known there. Immutable.
 *
 * <p>{@link #NONE}, {@link #HOST}, {@link #USER}, the namespace of another container and CNI
 * networks stand alone; a container may be on several bridge networks.
 */
public final class Network {
  /**
   * A network namespace of its own with nothing but a loopback device, which published ports lead
   * to. The default.
   */
  public static final Network NONE = new Network(Kind.NONE, "none", List.of(), null, null);

  /**
   * The network namespace of the host: its addresses, its ports, and all that listens on its
   * loopback device, for whatever runs in the container.
   */
  public static final Network HOST = new Network(Kind.HOST, "host", List.of(), null, null);

  /**
   * A network of an ordinary user's container: outbound connections through a program of that user,
   * pasta or slirp4netns, and published ports. The loopback device of the host is out of reach. The
   * default for an ordinary user's container that publishes ports; UNSUPPORTED for root.
   */
  public static final Network USER = new Network(Kind.USER, "user", List.of(), null, null);

  /**
   * The default bridge network, named {@code bridge}, made on first use: a private IPv4 subnet and,
   * where the kernel has IPv6, one of that, with a way out through the host; of an ordinary user,
   * through a program of that user, which cannot reach the loopback device of the host.
   */
  public static final Network BRIDGE = new Network(Kind.BRIDGE, "bridge", List.of(), null, null);

  private static final Set<String> RESERVED = Set.of("none", "host", "user");
  private static final String CONTAINER = "container:";
  private static final String PLUGINS = "cni:";
  private static final int MAX_NAME = 64;
  private static final int MAX_HOST_NAME = 253;

  private final Kind kind;
  private final String name;
  private final List<String> aliases;
  private final @Nullable InetAddress address;
  private final @Nullable String mac;

  /** What a network is. */
  public enum Kind {
    /** Nothing but loopback. */
    NONE,
    /** The host's own. */
    HOST,
    /** That of a program of the user. */
    USER,
    /** A bridge network. */
    BRIDGE,
    /** The namespace of another container. */
    CONTAINER,
    /** What plugins of the Container Network Interface make. */
    CNI
  }

  private Network(
      Kind kind,
      String name,
      List<String> aliases,
      @Nullable InetAddress address,
      @Nullable String mac) {
    this.kind = kind;
    this.name = name;
    this.aliases = List.copyOf(aliases);
    this.address = address;
    this.mac = mac;
  }

  /**
   * The bridge network of a name.
   *
   * @throws RuncibleException INVALID_INPUT if it is no name: 1 to 64 of {@code [a-z0-9_.-]} after
   *     a letter or digit, and none of {@code none}, {@code host} and {@code user}
   */
  public static Network named(String name) {
    requireName(name);
    return new Network(Kind.BRIDGE, name, List.of(), null, null);
  }

  /**
   * The network namespace of another container: its addresses, its ports and its loopback device.
   * Unless that one is on a bridge network, it must run when this one is started.
   *
   * @param id the id or name of that container
   */
  public static Network container(String id) {
    if (!isName(id)) {
      throw invalid("'" + id + "' is no id of a container");
    }
    return new Network(Kind.CONTAINER, id, List.of(), null, null);
  }

  /**
   * A network that plugins make, as its configuration says (Container Network Interface, versions
   * 0.3.0 to 1.1.0): they are run as root when the container is made, to connect a device of it,
   * and when it is removed, to undo that. They are looked for in {@code /opt/cni/bin}, {@code
   * /usr/lib/cni} and {@code /usr/libexec/cni}. A container may be on several of them.
   *
   * <p>Ports are published by the plugins if one has the capability {@code portMappings}, with a
   * port of the host that the caller chooses; otherwise by the engine, as on {@link #NONE}.
   *
   * @param source the name of a network that is configured in {@code /etc/cni/net.d}, the absolute
   *     path of a configuration or list, or its JSON text
   * @throws RuncibleException INVALID_INPUT if it is none of these. What it stands for is read when
   *     a container is made
   */
  public static Network cni(String source) {
    boolean other = source.startsWith("{") || source.startsWith("/");
    if (!other && !source.matches("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}")) {
      throw invalid("'" + source + "' is no name of a CNI network");
    }
    return new Network(Kind.CNI, source, List.of(), null, null);
  }

  /**
   * Reads {@code none}, {@code host}, {@code user}, {@code container:ID}, {@code cni:NAME} or the
   * name of a bridge network, as {@link #toString} writes it.
   */
  public static Network parse(String text) {
    return switch (text) {
      case "none" -> NONE;
      case "host" -> HOST;
      case "user" -> USER;
      default ->
          text.startsWith(CONTAINER)
              ? container(text.substring(CONTAINER.length()))
              : text.startsWith(PLUGINS) ? cni(text.substring(PLUGINS.length())) : named(text);
    };
  }

  static void requireName(String name) {
    if (!isName(name) || RESERVED.contains(name)) {
      throw invalid(
          "'"
              + name
              + "' is no name of a network: up to 64 of a-z 0-9 _ . - after a letter or"
              + " digit, other than none, host and user");
    }
  }

  private static boolean isName(String text) {
    boolean valid = !text.isEmpty() && text.length() <= MAX_NAME;
    for (int i = 0; valid && i < text.length(); i++) {
      char c = text.charAt(i);
      boolean alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      valid = alphanumeric || (i > 0 && (c == '_' || c == '.' || c == '-'));
    }
    return valid;
  }

  /**
   * Whether a text can stand in a hosts file as the name of somebody else: letters, digits, {@code
   * -}, {@code _} and {@code .}, and not what everybody calls himself.
   */
  static boolean isHostName(String text) {
    return !text.isEmpty()
        && text.length() <= MAX_HOST_NAME
        && !text.toLowerCase(Locale.ROOT).startsWith("localhost")
        && text.chars()
            .allMatch(
                c ->
                    (c >= 'a' && c <= 'z')
                        || (c >= 'A' && c <= 'Z')
                        || (c >= '0' && c <= '9')
                        || c == '-'
                        || c == '_'
                        || c == '.');
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }

  private void requireBridge(String what) {
    if (kind != Kind.BRIDGE) {
      throw invalid("the network '" + this + "' has no " + what + ": only bridge networks have");
    }
  }

  /**
   * The same network, on which the container has one more name. Containers that share a name are
   * all found by it.
   *
   * @throws RuncibleException INVALID_INPUT if it is no host name, or not for a bridge network
   */
  public Network withAlias(String alias) {
    requireBridge("aliases");
    if (!isHostName(alias)) {
      throw invalid("'" + alias + "' is no name for a host");
    }
    List<String> more = new ArrayList<>(aliases);
    more.add(alias);
    return new Network(kind, name, more, address, mac);
  }

  /**
   * The same network, on which the container has this address; addresses of the other kind are
   * still chosen.
   *
   * @param text an IPv4 or IPv6 address, not a name
   * @throws RuncibleException INVALID_INPUT if it is none, or not for a bridge network
   */
  public Network withAddress(String text) {
    requireBridge("addresses of its own");
    return new Network(kind, name, aliases, IpPrefix.parseAddress(text), mac);
  }

  /**
   * The same network, on which the container has this hardware address. By default it follows from
   * the address.
   *
   * @param text such as {@code 02:00:00:00:00:01}; not one of a group
   */
  public Network withMac(String text) {
    requireBridge("hardware addresses");
    MacAddress.parse(text);
    return new Network(kind, name, aliases, address, text);
  }

  /** What it is. */
  public Kind kind() {
    return kind;
  }

  /** The name of the network; of another container's, the id of that. */
  public String name() {
    return name;
  }

  /** Further names of the container there. */
  public List<String> aliases() {
    return aliases;
  }

  /** The address of the container there, if it was given one. */
  public Optional<InetAddress> address() {
    return Optional.ofNullable(address);
  }

  /** The hardware address of the container there, if it was given one. */
  public Optional<String> mac() {
    return Optional.ofNullable(mac);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Network network
        && network.kind == kind
        && network.name.equals(name)
        && network.aliases.equals(aliases)
        && network.address().equals(address())
        && network.mac().equals(mac());
  }

  @Override
  public int hashCode() {
    return name.hashCode();
  }

  /** The name, as {@link #parse} reads it. */
  @Override
  public String toString() {
    return switch (kind) {
      case CONTAINER -> CONTAINER + name;
      case CNI -> PLUGINS + name;
      default -> name;
    };
  }
}
