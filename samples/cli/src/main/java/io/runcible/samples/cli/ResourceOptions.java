package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Limits;
import io.runcible.runtime.IoLimit;
import io.runcible.runtime.Resources;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Limits of a control group, which can be changed while a container runs. */
final class ResourceOptions {
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

  void apply(ContainerSpec.Builder spec) {
    Limits limits = limits();
    limits.memory().ifPresent(spec::memory);
    limits.cpus().ifPresent(spec::cpus);
    limits.pids().ifPresent(spec::pids);
    spec.resources(resources());
  }

  /**
   * What the library has in one place more. A limit of memory that stands there would leave no
   * swap.
   */
  Limits limits() {
    Limits limits = Limits.unchanged();
    if (memory != null && memorySwap == null) {
      limits = limits.withMemory(memory);
    }
    if (cpus != null) {
      limits = limits.withCpus(cpus);
    }
    return pids == null ? limits : limits.withPids(pids);
  }

  /** Whether there is anything but {@link #limits}. */
  boolean hasOthers() {
    boolean memories = memorySwap != null || memoryReservation != null || cpusetMems != null;
    boolean processors =
        cpuShares != null || cpusetCpus != null || cpuQuota != null || cpuPeriod != null;
    boolean devices =
        Stream.of(readBytes, writeBytes, readOperations, writeOperations)
            .anyMatch(texts -> !texts.isEmpty());
    return memories || processors || devices || blkioWeight != null;
  }

  Resources resources() {
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

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }
}
