package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.NameResolution;
import io.runcible.image.ImageConfig;
import io.runcible.network.Network;
import io.runcible.network.PortBinding;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Networks of a container, its ports, and how it finds others. */
final class NetworkOptions {
  @Option(
      names = {"--network", "--net"},
      paramLabel = "NETWORK",
      description =
          "none, host, user, bridge, container:ID, or the name of a network; several of the last."
              + " With NAME:alias=NAME,ip=ADDRESS,mac=ADDRESS, or name=NAME,alias=... Default: none,"
              + " for an ordinary user's ports user.")
  private List<String> networks = List.of();

  @Option(
      names = {"--network-alias", "--net-alias"},
      paramLabel = "NAME",
      description = "A further name on each of the networks.")
  private List<String> aliases = List.of();

  @Option(names = "--ip", paramLabel = "ADDRESS", description = "Its address on the one network.")
  private @Nullable String ip;

  @Option(names = "--ip6", paramLabel = "ADDRESS", description = "The same of IPv6.")
  private @Nullable String ip6;

  @Option(
      names = "--mac-address",
      paramLabel = "ADDRESS",
      description = "Its hardware address on the one network.")
  private @Nullable String mac;

  @Option(
      names = {"-p", "--publish"},
      paramLabel = "[[ADDRESS:]HOSTPORT:]PORT[/udp]",
      description = "Publish a port of the container; without an address, on 127.0.0.1.")
  private List<String> ports = List.of();

  @Option(
      names = {"-P", "--publish-all"},
      description = "Publish the ports that the image exposes, on free ports of 127.0.0.1.")
  private boolean publishAll;

  @Option(
      names = "--expose",
      paramLabel = "PORT[-PORT][/udp]",
      description = "With --publish-all: also this one, as if the image exposed it.")
  private List<String> exposed = List.of();

  @Option(
      names = {"-h", "--hostname"},
      description = "The host name inside.")
  private @Nullable String hostname;

  @Option(
      names = "--add-host",
      paramLabel = "NAME:ADDRESS",
      description = "Have a name for an address, or for host-gateway, which is this host.")
  private List<String> hosts = List.of();

  @Option(names = "--dns", paramLabel = "ADDRESS", description = "A name server.")
  private List<String> servers = List.of();

  @Option(names = "--dns-search", paramLabel = "DOMAIN", description = "A search domain.")
  private List<String> domains = List.of();

  @Option(
      names = {"--dns-option", "--dns-opt"},
      paramLabel = "OPTION",
      description = "An option of resolv.conf, such as ndots:2.")
  private List<String> options = List.of();

  void apply(ContainerSpec.Builder spec) {
    if (networks.isEmpty() && !aliases.isEmpty()) {
      throw invalid("--network-alias needs a --network");
    }
    List<Network> wanted = networks.stream().map(this::network).toList();
    if (ip != null || ip6 != null || mac != null) {
      wanted = List.of(addressed(wanted));
    }
    if (!wanted.isEmpty()) {
      spec.network(wanted.get(0), wanted.subList(1, wanted.size()).toArray(Network[]::new));
    }
    ports.forEach(port -> PortBinding.parse(port).forEach(spec::publish));
    exposed.forEach(NetworkOptions::checkExposed);
    if (hostname != null) {
      spec.hostname(hostname);
    }
    spec.nameResolution(nameResolution());
  }

  private static void checkExposed(String port) {
    if (!port.matches("\\d+(-\\d+)?(/\\w+)?") || PortBinding.parse(port).isEmpty()) {
      throw invalid("--expose " + port + " is not PORT[-PORT][/PROTOCOL]");
    }
  }

  private Network network(String text) {
    Network network = NetworkSyntax.parse(text);
    for (String alias : aliases) {
      network = network.withAlias(alias);
    }
    return network;
  }

  private Network addressed(List<Network> wanted) {
    if (wanted.size() != 1) {
      throw invalid("--ip, --ip6 and --mac-address need one --network, but there are " + wanted);
    }
    if (ip != null && ip6 != null) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED, "--ip and --ip6 exclude each other: one of both is chosen");
    }
    Network network = wanted.get(0);
    String address = ip != null ? ip : ip6;
    if (address != null) {
      network = network.withAddress(address);
    }
    return mac == null ? network : network.withMac(mac);
  }

  private NameResolution nameResolution() {
    NameResolution names = NameResolution.DEFAULT;
    for (String host : hosts) {
      int colon = host.indexOf(':');
      if (colon < 1) {
        throw invalid("'" + host + "' is not NAME:ADDRESS");
      }
      String address = host.substring(colon + 1);
      boolean bracketed = address.startsWith("[") && address.endsWith("]");
      names =
          names.withHost(
              host.substring(0, colon),
              bracketed ? address.substring(1, address.length() - 1) : address);
    }
    for (String server : servers) {
      names = names.withServer(server);
    }
    for (String domain : domains) {
      names = names.withSearch(domain);
    }
    for (String option : options) {
      names = names.withOption(option);
    }
    return names;
  }

  boolean needsImage() {
    return publishAll;
  }

  /** Publishes what the image exposes, as far as that was not asked for by itself. */
  void apply(ContainerSpec.Builder spec, ImageConfig image) {
    if (publishAll) {
      List<PortBinding> chosen = new ArrayList<>(spec.build().ports());
      List<String> all = new ArrayList<>(image.exposedPorts());
      all.addAll(exposed);
      for (String one : all) {
        for (PortBinding port : PortBinding.parse(one)) {
          boolean known =
              chosen.stream()
                  .anyMatch(
                      other ->
                          other.containerPort() == port.containerPort()
                              && other.protocol() == port.protocol());
          if (!known) {
            chosen.add(port);
            spec.publish(port);
          }
        }
      }
    }
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }
}
