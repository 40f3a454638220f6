package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Device;
import io.runcible.engine.Limits;
import io.runcible.runtime.IoLimit;
import io.runcible.runtime.Resources;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Limits of a container, and what it may use. */
final class LimitOptions {
  /** What the kernel has. */
  private static final long CPU_PERIOD = 100_000;

  @Option(
      names = {"-m", "--memory"},
      description = "A limit, such as 64m.")
  private @Nullable String memory;

  @Option(
      names = "--memory-swap",
      description = "A limit of memory and swap together, such as 128m, or -1 for no limit.")
  private @Nullable String memorySwap;

  @Option(
      names = "--memory-reservation",
      description = "What it is pushed back to when memory runs short.")
  private @Nullable String memoryReservation;

  @Option(names = "--cpus", description = "A limit, such as 0.5.")
  private @Nullable Double cpus;

  @Option(
      names = {"-c", "--cpu-shares"},
      description = "A weight; 1024 is the usual.")
  private @Nullable Long cpuShares;

  @Option(names = "--cpuset-cpus", description = "The processors it may use, such as 0-3,6.")
  private @Nullable String cpusetCpus;

  @Option(names = "--cpuset-mems", description = "The memory nodes it may use, such as 0.")
  private @Nullable String cpusetMems;

  @Option(names = "--blkio-weight", description = "A weight of input and output, 10 to 1000.")
  private @Nullable Long blkioWeight;

  @Option(names = "--pids-limit", description = "A limit of processes.")
  private @Nullable Long pids;

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
      names = "--cpu-quota",
      paramLabel = "MICROSECONDS",
      description = "So much processor time in each --cpu-period; --cpus is simpler.")
  private @Nullable Long cpuQuota;

  @Option(
      names = "--cpu-period",
      paramLabel = "MICROSECONDS",
      description = "What the quota is for. Default: 100000.")
  private @Nullable Long cpuPeriod;

  @Option(
      names = "--device-read-bps",
      paramLabel = "DEVICE:BYTES",
      description = "How fast it may read a block device, such as /dev/sda:1m.")
  private List<String> readBytes = List.of();

  @Option(names = "--device-write-bps", paramLabel = "DEVICE:BYTES", description = "Write.")
  private List<String> writeBytes = List.of();

  @Option(
      names = "--device-read-iops",
      paramLabel = "DEVICE:COUNT",
      description = "How often in a second it may read a block device.")
  private List<String> readOperations = List.of();

  @Option(names = "--device-write-iops", paramLabel = "DEVICE:COUNT", description = "Write.")
  private List<String> writeOperations = List.of();

  @Option(
      names = "--storage-opt",
      paramLabel = "size=SIZE",
      description = "What it may write into its root file system, where that has project quotas.")
  private Map<String, String> storage = Map.of();

  void apply(ContainerSpec.Builder spec) {
    if (memory != null) {
      spec.memory(memory);
    }
    if (cpus != null) {
      spec.cpus(cpus);
    }
    if (pids != null) {
      spec.pids(pids);
    }
    if (oomScoreAdj != null) {
      spec.oomScoreAdj(oomScoreAdj);
    }
    spec.resources(resources());
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

  private Resources resources() {
    Resources.Builder resources = Resources.builder();
    if (memorySwap != null) {
      if (memory == null) {
        throw invalid("--memory-swap needs --memory");
      }
      resources.memory(bytes(memory));
      resources.memoryAndSwap(memorySwap.equals("-1") ? -1 : bytes(memorySwap));
    }
    if (memoryReservation != null) {
      resources.memoryReservation(bytes(memoryReservation));
    }
    if (cpuQuota != null) {
      if (cpus != null) {
        throw invalid("--cpus and --cpu-quota exclude each other");
      }
      resources.cpuQuota(cpuQuota, cpuPeriod == null ? CPU_PERIOD : cpuPeriod);
    } else if (cpuPeriod != null) {
      throw invalid("--cpu-period needs --cpu-quota");
    }
    ioLimits(resources, IoLimit.Kind.READ_BYTES, readBytes);
    ioLimits(resources, IoLimit.Kind.WRITE_BYTES, writeBytes);
    ioLimits(resources, IoLimit.Kind.READ_OPERATIONS, readOperations);
    ioLimits(resources, IoLimit.Kind.WRITE_OPERATIONS, writeOperations);
    if (cpuShares != null) {
      resources.cpuShares(cpuShares);
    }
    if (cpusetCpus != null) {
      resources.cpus(cpusetCpus);
    }
    if (cpusetMems != null) {
      resources.memoryNodes(cpusetMems);
    }
    if (blkioWeight != null) {
      resources.ioWeight(blkioWeight);
    }
    return resources.build();
  }

  private static void ioLimits(Resources.Builder resources, IoLimit.Kind kind, List<String> texts) {
    texts.forEach(text -> resources.ioLimit(BlockDevices.limit(kind, text)));
  }

  private static long bytes(String size) {
    return Limits.unchanged().withMemory(size).memory().orElseThrow();
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
