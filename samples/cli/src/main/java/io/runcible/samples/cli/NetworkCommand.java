package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.network.Network;
import io.runcible.network.NetworkInfo;
import io.runcible.network.NetworkSpec;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Makes, lists and removes bridge networks. */
@Command(
    name = "network",
    description = "Make, list, change and remove bridge networks.",
    mixinStandardHelpOptions = true,
    subcommands = {
      NetworkCommand.Create.class,
      NetworkCommand.ListNetworks.class,
      Inventory.Inspect.class,
      NetworkCommand.Connect.class,
      NetworkCommand.Disconnect.class,
      Noun.Exists.class,
      Inventory.Remove.class,
      NetworkCommand.Prune.class
    })
final class NetworkCommand extends Inventory<NetworkInfo> {
  private static final String DRIVER = "bridge";

  NetworkCommand() {
    super("network");
  }

  /** Makes one. */
  @Command(
      name = "create",
      description = "Make a network and print its name.",
      mixinStandardHelpOptions = true)
  static final class Create implements Callable<Integer> {
    @Mixin private EngineOptions options = new EngineOptions();

    @Option(
        names = "--subnet",
        paramLabel = "PREFIX",
        description = "Such as 10.9.0.0/24 or fd00:9::/64. Default: a free one of each kind.")
    private List<String> subnets = List.of();

    @Option(
        names = "--gateway",
        paramLabel = "ADDRESS",
        description = "The host's address in the one subnet of that kind. Default: its first.")
    private List<String> gateways = List.of();

    @Option(names = "--internal", description = "Without a way out.")
    private boolean internal;

    @Option(names = "--label", paramLabel = "KEY=VALUE")
    private Map<String, String> labels = Map.of();

    @Option(names = "--mtu", description = "Default: that of the host's way out.")
    private @Nullable Integer mtu;

    @Option(
        names = {"-d", "--driver"},
        paramLabel = "bridge",
        description = "There is no other.")
    private String driver = DRIVER;

    @Option(
        names = {"-o", "--opt"},
        paramLabel = "KEY=VALUE",
        description = "mtu=BYTES, or isolate=false: other networks that are so are reached.")
    private Map<String, String> driverOptions = Map.of();

    @Option(names = "--ipv6", description = "Accepted: a network has it where the kernel does.")
    @SuppressWarnings("UnusedVariable")
    private boolean ipv6;

    @Parameters(index = "0", paramLabel = "NAME")
    private String name = "";

    @Override
    public Integer call() {
      NetworkSpec spec = spec();
      try (ContainerEngine engine = options.open()) {
        System.out.println(engine.networks().create(spec).name());
      }
      return 0;
    }

    NetworkSpec spec() {
      if (!driver.equals(DRIVER)) {
        throw new RuncibleException(
            ErrorKind.UNSUPPORTED,
            "there is no driver '"
                + driver
                + "' of networks; for others see run --network cni:NAME");
      }
      NetworkSpec.Builder spec = NetworkSpec.builder(name);
      List<String> left = new ArrayList<>(gateways);
      for (String subnet : subnets) {
        Optional<String> gateway =
            left.stream().filter(one -> isIpv6(one) == isIpv6(subnet)).findFirst();
        gateway.ifPresentOrElse(one -> spec.subnet(subnet, one), () -> spec.subnet(subnet));
        gateway.ifPresent(left::remove);
      }
      if (!left.isEmpty()) {
        throw Filters.invalid("--gateway " + left.get(0) + " needs a --subnet that it is in");
      }
      labels.forEach(spec::label);
      if (internal) {
        spec.internal();
      }
      if (mtu != null) {
        spec.mtu(mtu);
      }
      driverOptions.forEach((key, value) -> option(spec, key, value));
      return spec.build();
    }

    private static boolean isIpv6(String text) {
      return text.indexOf(':') >= 0;
    }

    private static void option(NetworkSpec.Builder spec, String key, String value) {
      switch (key) {
        case "mtu", "com.docker.network.driver.mtu" -> spec.mtu(number(value));
        case "isolate" -> spec.isolated(!value.equals("false"));
        default ->
            throw new RuncibleException(
                ErrorKind.UNSUPPORTED,
                "a network has no option '" + key + "', but mtu and isolate");
      }
    }

    private static int number(String text) {
      try {
        return Integer.parseInt(text);
      } catch (NumberFormatException e) {
        throw new RuncibleException(ErrorKind.INVALID_INPUT, "'" + text + "' is no MTU", e);
      }
    }
  }

  /** Lists them. */
  @Command(name = "ls", aliases = "list", description = "List the networks.")
  static final class ListNetworks extends EngineCommand {
    @ParentCommand private @Nullable NetworkCommand parent;
    @Mixin private Table table = new Table();

    @Option(
        names = {"-f", "--filter"},
        paramLabel = "KEY=VALUE",
        description =
            "name=TEXT, label=KEY[=VALUE], dangling=BOOLEAN (without containers) or"
                + " driver=bridge.")
    private List<String> filters = List.of();

    @Option(
        names = {"-q", "--quiet"},
        description = "Print the names alone.")
    private boolean quiet;

    @Override
    int run(ContainerEngine engine) {
      table.titles("NAME", "SUBNETS", "INTERNAL", "CONTAINERS").further("DRIVER", "LABELS");
      for (NetworkInfo network : Objects.requireNonNull(parent).list(engine, filters, DRIVER)) {
        table.row(
            network.name(),
            network.subnets().stream()
                .map(subnet -> subnet.prefix().toString())
                .collect(Collectors.joining(" ")),
            network.internal(),
            network.members().size(),
            DRIVER,
            Filters.joined(network.labels()));
      }
      if (quiet) {
        table.printFirst();
      } else {
        table.print();
      }
      return 0;
    }
  }

  /** Puts a container on one. */
  @Command(
      name = "connect",
      description = "Put a container on one more network, also while it runs.",
      mixinStandardHelpOptions = true)
  static final class Connect implements Callable<Integer> {
    @Mixin private EngineOptions options = new EngineOptions();

    @Option(names = "--alias", paramLabel = "NAME", description = "A further name there.")
    private List<String> aliases = List.of();

    @Option(
        names = {"--ip", "--ip6"},
        paramLabel = "ADDRESS",
        description = "Its address there.")
    private @Nullable String address;

    @Option(names = "--mac-address", paramLabel = "ADDRESS", description = "Its hardware address.")
    private @Nullable String mac;

    @Parameters(index = "0", paramLabel = "NETWORK")
    private String name = "";

    @Parameters(index = "1", paramLabel = "CONTAINER")
    private String id = "";

    @Override
    public Integer call() {
      Network network = network();
      try (ContainerEngine engine = options.open()) {
        engine.networks().connect(Containers.require(engine, id), network);
      }
      return 0;
    }

    private Network network() {
      Network network = Network.parse(name);
      for (String alias : aliases) {
        network = network.withAlias(alias);
      }
      network = address == null ? network : network.withAddress(address);
      return mac == null ? network : network.withMac(mac);
    }
  }

  /** Takes a container off one. */
  @Command(name = "disconnect", description = "Take a container off a network, also while it runs.")
  static final class Disconnect extends EngineCommand {
    @SuppressWarnings("UnusedVariable")
    @Mixin
    private Force force = new Force();

    @Parameters(index = "0", paramLabel = "NETWORK")
    private String name = "";

    @Parameters(index = "1", paramLabel = "CONTAINER")
    private String id = "";

    @Override
    int run(ContainerEngine engine) {
      engine.networks().disconnect(Containers.require(engine, id), name);
      return 0;
    }
  }

  /** Removes the unused ones. */
  @Command(
      name = "prune",
      description = "Remove the networks that no container is on, and print their names.")
  static final class Prune extends Inventory.Prune {}

  @Override
  public Optional<NetworkInfo> find(ContainerEngine engine, String name) {
    return engine.networks().find(name);
  }

  @Override
  List<NetworkInfo> list(ContainerEngine engine) {
    return engine.networks().list();
  }

  @Override
  String nameOf(NetworkInfo network) {
    return network.name();
  }

  @Override
  Map<String, String> labelsOf(NetworkInfo network) {
    return network.labels();
  }

  @Override
  boolean isUsed(NetworkInfo network) {
    return !network.members().isEmpty();
  }

  @Override
  boolean remove(ContainerEngine engine, String name) {
    return engine.networks().remove(name);
  }

  @Override
  List<String> prune(ContainerEngine engine) {
    return engine.networks().prune();
  }

  @Override
  Map<String, Object> show(NetworkInfo network) {
    Map<String, Object> shown = new LinkedHashMap<>();
    shown.put("Name", network.name());
    shown.put("Driver", DRIVER);
    shown.put("Device", network.device());
    shown.put("Created", network.created().toString());
    shown.put("Internal", network.internal());
    shown.put("Isolated", network.isolated());
    shown.put("Labels", network.labels());
    shown.put(
        "Subnets",
        network.subnets().stream()
            .map(
                subnet ->
                    Map.of(
                        "Subnet",
                        subnet.prefix().toString(),
                        "Gateway",
                        subnet.gateway().getHostAddress()))
            .toList());
    Map<String, Object> members = new LinkedHashMap<>();
    network.members().forEach(member -> members.put(member.containerId(), show(member)));
    shown.put("Containers", members);
    return shown;
  }

  private static Map<String, Object> show(NetworkInfo.Member member) {
    Map<String, Object> shown = new LinkedHashMap<>();
    shown.put("Device", member.device());
    shown.put("Addresses", member.addresses().stream().map(InetAddress::getHostAddress).toList());
    shown.put("Names", member.names());
    return shown;
  }
}
