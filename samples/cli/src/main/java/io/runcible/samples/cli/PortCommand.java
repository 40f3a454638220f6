package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.network.PortBinding;
import java.net.Inet6Address;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Tells where the ports of a container are published. */
@Command(
    name = "port",
    description = "Tell where the ports of a container are published, or one of them.",
    mixinStandardHelpOptions = true)
final class PortCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Parameters(index = "0", paramLabel = "CONTAINER")
  private String id = "";

  @Parameters(index = "1", arity = "0..1", paramLabel = "PORT[/udp]")
  private @Nullable String port;

  @Override
  public Integer call() {
    PortBinding wanted = port == null ? null : one(port);
    try (ContainerEngine engine = options.open()) {
      List<PortBinding> ports = Containers.require(engine, id).ports();
      if (wanted == null) {
        ports.forEach(binding -> System.out.println(inside(binding) + " -> " + outside(binding)));
        return 0;
      }
      List<PortBinding> found =
          ports.stream().filter(binding -> inside(binding).equals(inside(wanted))).toList();
      if (found.isEmpty()) {
        throw new RuncibleException(
            ErrorKind.NOT_FOUND, "container '" + id + "' does not publish port " + port);
      }
      found.forEach(binding -> System.out.println(outside(binding)));
    }
    return 0;
  }

  private static PortBinding one(String text) {
    List<PortBinding> ports = text.contains(":") ? List.of() : PortBinding.parse(text);
    if (ports.size() != 1) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "'" + text + "' is no port, such as 80 or 53/udp");
    }
    return ports.get(0);
  }

  static String inside(PortBinding binding) {
    return binding.containerPort() + "/" + binding.protocol();
  }

  static String outside(PortBinding binding) {
    String address = binding.hostAddress().getHostAddress();
    boolean bracketed = binding.hostAddress() instanceof Inet6Address;
    return (bracketed ? "[" + address + "]" : address) + ":" + binding.hostPort();
  }
}
