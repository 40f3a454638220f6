package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Stdio;
import io.runcible.image.ImageReference;
import io.runcible.registry.RegistryClient;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs a container to its end and removes it, or leaves it running. */
@Command(
    name = "run",
    description =
        "Run a container. It belongs to this program and is removed at its end; with --detach it"
            + " goes on by itself, and stays, also when it has ended, until `rm` removes it, or goes"
            + " at its end with --rm.")
final class RunCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private RegistryOptions registry = new RegistryOptions();
  @Mixin private SpecOptions specification = new SpecOptions();

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

  /** What this program can be connected with. */
  enum Stream {
    STDIN,
    STDOUT,
    STDERR
  }

  @Option(
      names = {"-a", "--attach"},
      paramLabel = "stdin|stdout|stderr",
      description = "Connect this alone, given several times these. Default: both outputs.")
  private Set<Stream> attached = Set.of();

  @Option(
      names = {"-t", "--tty"},
      description = "Give it a terminal, and connect yours with it; with --detach `attach` does.")
  private boolean tty;

  @Option(
      names = "--sig-proxy",
      arity = "0..1",
      defaultValue = "true",
      fallbackValue = "true",
      description = "Pass signals on to it. Default: true.")
  private boolean signals;

  @Option(
      names = "--rm",
      description =
          "With --detach: remove it, with its unnamed volumes, when it has ended; the next command"
              + " does, if none waits for it. Otherwise it is always removed.")
  private boolean remove;

  @Parameters(index = "0", paramLabel = "IMAGE")
  private String image = "";

  @Parameters(index = "1..*", paramLabel = "COMMAND")
  private List<String> command = List.of();

  @Override
  public Integer call() {
    ContainerSpec.Builder spec = spec();
    String host = ImageReference.parse(image).registry();
    try (RegistryClient client = registry.client(List.of(host));
        ContainerEngine engine = options.open(client, specification.platform())) {
      Container container =
          engine.create(specification.finish(spec, image, engine, options.root().path()));
      try {
        specification.made(container.id());
        container.start();
      } catch (RuncibleException e) {
        container.close();
        return Cli.notStarted(e);
      }
      if (detach) {
        System.out.println(container.id());
        return 0;
      }
      boolean input = attached.isEmpty() ? interactive : attached.contains(Stream.STDIN);
      return tty
          ? Streams.attachTerminal(container.process(), input, signals)
          : Streams.attach(
              container.process(),
              input,
              signals,
              attached.isEmpty() || attached.contains(Stream.STDOUT),
              attached.isEmpty() || attached.contains(Stream.STDERR));
    }
  }

  /** Makes it, as one that is detached, and leaves the start to others. */
  int create() {
    detach = true;
    ContainerSpec.Builder spec = spec();
    String host = ImageReference.parse(image).registry();
    try (RegistryClient client = registry.client(List.of(host));
        ContainerEngine engine = options.open(client, specification.platform())) {
      Container container =
          engine.create(specification.finish(spec, image, engine, options.root().path()));
      try {
        specification.made(container.id());
      } catch (RuncibleException e) {
        container.close();
        throw e;
      }
      System.out.println(container.id());
      return 0;
    }
  }

  /** All that the image does not change. */
  ContainerSpec.Builder spec() {
    if (specification.restarts() && !detach) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "--restart needs --detach: otherwise it ends with this");
    }
    if (!attached.isEmpty() && detach) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "--attach is for what is not detached; see `attach` and `start --attach`");
    }
    ContainerSpec.Builder spec = specification.begin(image, command);
    if (detach) {
      spec.detached().stdio(interactive ? Stdio.INTERACTIVE : Stdio.LOGGED);
      if (remove) {
        spec.autoRemove();
      }
      return tty ? spec.tty() : spec;
    }
    if (tty) {
      int[] size = UserTerminal.size();
      spec.tty(size[0], size[1]);
    }
    return spec.stdio(Stdio.PIPED);
  }
}
