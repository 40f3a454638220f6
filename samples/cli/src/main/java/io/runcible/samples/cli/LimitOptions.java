package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Device;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Limits of a container, and what it may use. */
final class LimitOptions {
  @Mixin private ResourceOptions resources = new ResourceOptions();

  @Option(
      names = "--ulimit",
      paramLabel = "NAME=SOFT[:HARD]",
      description = "A resource limit, such as nofile=1024:2048; -1 is none.")
  private Map<String, String> ulimits = Map.of();

  @Option(
      names = "--device",
      paramLabel = "SOURCE[:DESTINATION][:rwm]",
      description = "Let it use a device of the host.")
  private List<String> devices = List.of();

  @Option(
      names = "--sysctl",
      paramLabel = "NAME=VALUE",
      description = "Set a kernel parameter of its namespaces.")
  private Map<String, String> sysctls = Map.of();

  @Option(names = "--oom-score-adj", description = "-1000 to 1000.")
  private @Nullable Integer oomScoreAdj;

  @Option(
      names = "--storage-opt",
      paramLabel = "size=SIZE",
      description = "What it may write into its root file system, where that has project quotas.")
  private Map<String, String> storage = Map.of();

  void apply(ContainerSpec.Builder spec) {
    resources.apply(spec);
    if (oomScoreAdj != null) {
      spec.oomScoreAdj(oomScoreAdj);
    }
    ulimits.forEach((name, value) -> ulimit(spec, name, value));
    devices.forEach(text -> spec.device(device(text)));
    sysctls.forEach(spec::sysctl);
    for (Map.Entry<String, String> option : storage.entrySet()) {
      if (!option.getKey().equals("size")) {
        throw invalid("there is no --storage-opt '" + option.getKey() + "', but size");
      }
      spec.writableLimit(option.getValue());
    }
  }

  private static void ulimit(ContainerSpec.Builder spec, String name, String value) {
    String[] limits = value.split(":", -1);
    try {
      long soft = Long.parseLong(limits[0]);
      long hard = limits.length == 1 ? soft : Long.parseLong(limits[1]);
      if (limits.length > 2) {
        throw new NumberFormatException(value);
      }
      spec.ulimit(name, soft, hard);
    } catch (NumberFormatException e) {
      throw invalid("'" + name + "=" + value + "' is not NAME=SOFT[:HARD]");
    }
  }

  private static Device device(String text) {
    String[] parts = text.split(":", -1);
    Device device = Device.of(Path.of(parts[0]));
    for (int i = 1; i < parts.length; i++) {
      device = parts[i].startsWith("/") ? device.at(parts[i]) : device.access(parts[i]);
    }
    return device;
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }
}
