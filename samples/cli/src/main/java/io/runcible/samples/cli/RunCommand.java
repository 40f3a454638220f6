package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.RestartPolicy;
import io.runcible.engine.Stdio;
import io.runcible.image.ImageReference;
import io.runcible.network.Network;
import io.runcible.network.PortBinding;
import io.runcible.registry.RegistryClient;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs a container to its end and removes it, or leaves it running. */
@Command(
    name = "run",
    description = "Run a container; it is removed at its end unless it is detached.")
final class RunCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private RegistryOptions registry = new RegistryOptions();
  @Mixin private StorageOptions storage = new StorageOptions();
  @Mixin private LimitOptions limits = new LimitOptions();
  @Mixin private UserNamespaceOptions namespace = new UserNamespaceOptions();

  // Without a short form, which is that of the host name.
  @Option(names = "--help", usageHelp = true, description = "Show this help message and exit.")
  @SuppressWarnings("UnusedVariable")
  private boolean help;

  @Option(
      names = {"-d", "--detach"},
      description = "Leave it running and print its id.")
  private boolean detach;

  @Option(
      names = {"-i", "--interactive"},
      description = "Pass the input on; with --detach keep it open for `attach`.")
  private boolean interactive;

  @Option(
      names = {"-t", "--tty"},
      description = "Give it a terminal, and connect yours with it; with --detach `attach` does.")
  private boolean tty;

  @Option(names = "--rm", description = "Accepted: what is not detached is always removed.")
  @SuppressWarnings("UnusedVariable")
  private boolean remove;

  @Option(names = "--name", description = "The id of the container. Default: a random one.")
  private @Nullable String name;

  @Option(
      names = {"-e", "--env"},
      paramLabel = "NAME=VALUE",
      description = "Set a variable.")
  private Map<String, String> environment = Map.of();

  @Option(
      names = {"-w", "--workdir"},
      description = "The working directory.")
  private @Nullable String workingDirectory;

  @Option(
      names = {"-u", "--user"},
      description = "USER[:GROUP], names or numbers.")
  private @Nullable String user;

  @Option(
      names = {"-h", "--hostname"},
      description = "The host name inside.")
  private @Nullable String hostname;

  @Option(
      names = {"--network", "--net"},
      paramLabel = "NETWORK",
      description =
          "none, host, user, bridge, container:ID, or the name of a network; several of the last."
              + " Default: none, for an ordinary user's ports user.")
  private List<String> networks = List.of();

  @Option(
      names = {"--network-alias", "--net-alias"},
      paramLabel = "NAME",
      description = "A further name on each of the networks.")
  private List<String> aliases = List.of();

  @Option(
      names = {"-p", "--publish"},
      paramLabel = "[[ADDRESS:]HOSTPORT:]PORT[/udp]",
      description = "Publish a port of the container; without an address, on 127.0.0.1.")
  private List<String> ports = List.of();

  @Option(
      names = "--restart",
      paramLabel = "POLICY",
      description =
          "With --detach: no, always, unless-stopped or on-failure[:MAX]. Not when the machine"
              + " starts.")
  private @Nullable String restart;

  @Option(
      names = "--log-opt",
      paramLabel = "KEY=VALUE",
      description =
          "max-size=10m and max-file=3: keep the log in the format of Kubernetes, with times, in"
              + " so many files of that size. max-size=0: without a limit.")
  private Map<String, String> log = Map.of();

  @Option(names = "--entrypoint", description = "Instead of that of the image.")
  private @Nullable String entrypoint;

  @Parameters(index = "0", paramLabel = "IMAGE")
  private String image = "";

  @Parameters(index = "1..*", paramLabel = "COMMAND")
  private List<String> command = List.of();

  @Override
  public Integer call() {
    ContainerSpec spec = spec();
    String host = ImageReference.parse(image).registry();
    try (RegistryClient client = registry.client(List.of(host));
        ContainerEngine engine = options.open(client)) {
      Container container = engine.create(spec);
      try {
        container.start();
      } catch (RuncibleException e) {
        container.close();
        return Cli.notStarted(e);
      }
      if (detach) {
        System.out.println(container.id());
        return 0;
      }
      return tty
          ? Streams.attachTerminal(container.process(), interactive)
          : Streams.attach(container.process(), interactive);
    }
  }

  /** Makes it, as one that is detached, and leaves the start to others. */
  int create() {
    detach = true;
    ContainerSpec spec = spec();
    String host = ImageReference.parse(image).registry();
    try (RegistryClient client = registry.client(List.of(host));
        ContainerEngine engine = options.open(client)) {
      System.out.println(engine.create(spec).id());
      return 0;
    }
  }

  private ContainerSpec spec() {
    ContainerSpec.Builder spec = ContainerSpec.builder(image);
    if (!networks.isEmpty()) {
      List<Network> wanted = networks.stream().map(this::network).toList();
      spec.network(wanted.get(0), wanted.subList(1, wanted.size()).toArray(Network[]::new));
    }
    ports.forEach(port -> PortBinding.parse(port).forEach(spec::publish));
    if (!command.isEmpty()) {
      spec.command(command.toArray(String[]::new));
    }
    environment.forEach(spec::environment);
    storage.apply(spec);
    limits.apply(spec);
    namespace.apply(spec);
    if (name != null) {
      spec.name(name);
    }
    if (workingDirectory != null) {
      spec.workingDirectory(workingDirectory);
    }
    if (user != null) {
      spec.user(user);
    }
    if (hostname != null) {
      spec.hostname(hostname);
    }
    if (entrypoint != null) {
      spec.entrypoint(entrypoint);
    }
    if (restart != null) {
      if (!detach) {
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT, "--restart needs --detach: otherwise it ends with this");
      }
      spec.restart(RestartPolicy.parse(restart));
    }
    if (!log.isEmpty()) {
      spec.log(LogOptions.parse(log));
    }
    if (detach) {
      spec.detached().stdio(interactive ? Stdio.INTERACTIVE : Stdio.LOGGED);
      return (tty ? spec.tty() : spec).build();
    }
    if (tty) {
      int[] size = UserTerminal.size();
      spec.tty(size[0], size[1]);
    }
    return spec.stdio(Stdio.PIPED).build();
  }

  private Network network(String text) {
    Network network = Network.parse(text);
    for (String alias : aliases) {
      network = network.withAlias(alias);
    }
    return network;
  }
}
