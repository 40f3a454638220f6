package io.runcible.runtime;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Writes limits into the files of a control group, of whichever generation they are. */
class LimitWriter {
  private static final String MAX = "max";
  private static final String NEW_MEMORY = "memory.max";
  private static final Pattern OF_DEVICE = Pattern.compile("([0-9]+:[0-9]+ )(\\w+=)?");

  private final Cgroup group;

  /** What was there before, the last first. */
  private final Deque<Setting> before = new ArrayDeque<>();

  LimitWriter(Cgroup group) {
    this.group = group;
  }

  private record Setting(Path file, String value) {}

  void write(Resources resources) {
    // Before anything is written: what there is no file for.
    List<Setting> settings = settings(resources);
    try {
      write(resources, settings);
    } catch (RuncibleException e) {
      takeBack(e);
      throw e;
    }
  }

  /** What the kernel does not take back stays changed, and so does what it would kill for. */
  private void takeBack(RuncibleException cause) {
    for (Setting one : before) {
      try {
        if (one.file().endsWith(NEW_MEMORY)) {
          refuseWhatIsInUse(number(one.value()));
        }
        put(one.file(), one.value());
      } catch (IOException | RuncibleException e) {
        cause.addSuppressed(e);
      }
    }
  }

  void put(Path file, String value) throws IOException {
    Files.writeString(file, value);
  }

  private void write(Resources resources, List<Setting> settings) {
    if (resources.memory().isPresent()) {
      memory(resources.memory().getAsLong(), resources.memoryAndSwap());
    } else if (resources.memoryAndSwap().isPresent()) {
      swapWithoutLimit();
    }
    cpu(resources);
    settings.forEach(setting -> set(setting.file(), setting.value()));
  }

  private List<Setting> settings(Resources resources) {
    List<Setting> settings = new ArrayList<>();
    resources
        .cpus()
        .ifPresent(cpus -> settings.add(new Setting(require("cpuset.cpus", "cpuset"), cpus)));
    resources
        .memoryNodes()
        .ifPresent(nodes -> settings.add(new Setting(require("cpuset.mems", "cpuset"), nodes)));
    resources
        .pids()
        .ifPresent(pids -> settings.add(new Setting(require("pids.max", "pids"), "" + pids)));
    resources
        .memoryReservation()
        .ifPresent(
            bytes ->
                settings.add(
                    new Setting(
                        group
                            .find("memory.soft_limit_in_bytes")
                            .orElseGet(() -> require("memory.low", "memory")),
                        "" + bytes)));
    resources.ioWeight().ifPresent(weight -> settings.add(ioSetting(weight)));
    resources.ioLimits().forEach(limit -> settings.add(ioLimit(limit)));
    resources.hugePages().forEach((size, bytes) -> settings.add(hugePages(size, bytes)));
    return settings;
  }

  /** 10 to 1000, in the terms of what weighs: the scheduler bfq, or the new hierarchy itself. */
  private Setting ioSetting(long weight) {
    for (String own : List.of("blkio.bfq.weight", "blkio.weight", "io.bfq.weight")) {
      Optional<Path> file = group.find(own);
      if (file.isPresent()) {
        return new Setting(file.get(), "" + weight);
      }
    }
    return new Setting(require("io.weight", "io weighing"), "default " + ioWeight(weight));
  }

  private Setting ioLimit(IoLimit limit) {
    String device = limit.major() + ":" + limit.minor() + " ";
    Optional<Path> old = group.find(limit.kind().oldFile());
    return old.isPresent()
        ? new Setting(old.get(), device + limit.rate())
        : new Setting(require("io.max", "io"), device + limit.kind().key() + "=" + limit.rate());
  }

  private Setting hugePages(String size, long bytes) {
    String file = "hugetlb." + size + ".";
    return new Setting(
        group.find(file + "limit_in_bytes").orElseGet(() -> require(file + "max", "hugetlb")),
        "" + bytes);
  }

  private void memory(long bytes, OptionalLong withSwap) {
    Optional<Path> old = group.find("memory.limit_in_bytes");
    if (old.isPresent()) {
      oldMemory(old.get(), bytes, withSwap);
      return;
    }
    Path limit = require(NEW_MEMORY, "memory");
    refuseWhatIsInUse(bytes);
    set(limit, String.valueOf(bytes));
    if (withSwap.isPresent()) {
      long both = withSwap.getAsLong();
      String swap = both < 0 ? MAX : String.valueOf(both - bytes);
      group.find("memory.swap.max").ifPresent(file -> set(file, swap));
    }
  }

  /** All that memory with swap can be without a limit of memory. */
  private void swapWithoutLimit() {
    Optional<Path> old = group.find("memory.memsw.limit_in_bytes");
    if (old.isPresent()) {
      set(old.get(), "-1");
    } else {
      set(require("memory.swap.max", "swap"), MAX);
    }
  }

  /** Here the kernel would kill until the processes fit; the old hierarchy refuses by itself. */
  private void refuseWhatIsInUse(long bytes) {
    ResourceUsage usage = group.usage();
    long needed = usage.memory().orElse(0) - usage.memoryReclaimable().orElse(0);
    if (needed > bytes) {
      throw inUse(bytes, needed, null);
    }
  }

  private static RuncibleException inUse(long bytes, long used, @Nullable Exception cause) {
    return new RuncibleException(
        ErrorKind.FAILED_PRECONDITION,
        "memory cannot be limited to " + bytes + " bytes: " + used + " are in use",
        cause);
  }

  /** Memory may never be above memory with swap, not even between the two writes. */
  private void oldMemory(Path limit, long bytes, OptionalLong withSwap) {
    Optional<Path> swap = group.find("memory.memsw.limit_in_bytes");
    if (swap.isEmpty() || withSwap.isEmpty()) {
      oldMemory(limit, bytes);
      return;
    }
    boolean unlimited = withSwap.getAsLong() < 0;
    if (unlimited || withSwap.getAsLong() > number(swap.get())) {
      set(swap.get(), String.valueOf(withSwap.getAsLong()));
      oldMemory(limit, bytes);
      return;
    }
    oldMemory(limit, bytes);
    try {
      set(swap.get(), String.valueOf(withSwap.getAsLong()));
    } catch (RuncibleException e) {
      throw inUse(bytes, group.usage().memory().orElse(0), e);
    }
  }

  private void oldMemory(Path limit, long bytes) {
    try {
      remember(limit, "");
      put(limit, String.valueOf(bytes));
    } catch (IOException e) {
      throw inUse(bytes, group.usage().memory().orElse(0), e);
    }
  }

  private void cpu(Resources resources) {
    if (resources.cpuQuota().isPresent()) {
      long quota = resources.cpuQuota().getAsLong();
      long period = resources.cpuPeriod().orElse(100_000);
      Optional<Path> old = group.find("cpu.cfs_quota_us");
      if (old.isPresent()) {
        set(require("cpu.cfs_period_us", "cpu"), String.valueOf(period));
        set(old.get(), String.valueOf(quota));
      } else {
        set(require("cpu.max", "cpu"), quota + " " + period);
      }
    }
    if (resources.cpuShares().isPresent()) {
      long shares = resources.cpuShares().getAsLong();
      Optional<Path> old = group.find("cpu.shares");
      if (old.isPresent()) {
        set(old.get(), String.valueOf(shares));
      } else {
        set(require("cpu.weight", "cpu"), String.valueOf(weight(shares)));
      }
    }
  }

  /** 2 to 262,144 of the old hierarchy are 1 to 10,000 of the new one. */
  static long weight(long shares) {
    return 1 + (shares - 2) * 9999 / 262_142;
  }

  /** 10 to 1000 of the specification are 1 to 10,000 of the new hierarchy. */
  static long ioWeight(long weight) {
    return 1 + (weight - 10) * 9999 / 990;
  }

  private Path require(String file, String controller) {
    return group
        .find(file)
        .orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.UNSUPPORTED,
                    "the control group " + group + " has no " + controller + " controller"));
  }

  private void set(Path file, String value) {
    try {
      remember(file, value);
      put(file, value);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.PERMISSION_DENIED,
          "the kernel refuses '" + value + "' in '" + file + "': " + e.getMessage(),
          e);
    }
  }

  /** Of a file with a line for each device, the one that is to be written. */
  private void remember(Path file, String wanted) {
    List<String> lines = Cgroup.lines(file);
    Matcher device = OF_DEVICE.matcher(wanted);
    String value = lines.isEmpty() ? "" : lines.get(0);
    if (device.lookingAt()) {
      String unlimited = device.group(2) == null ? device.group(1) + "0" : device.group() + "max";
      value =
          lines.stream()
              .filter(line -> line.startsWith(device.group(1)))
              .findFirst()
              .orElse(unlimited);
    }
    before.push(new Setting(file, value + "\n"));
  }

  private static long number(Path file) {
    List<String> lines = Cgroup.lines(file);
    return lines.isEmpty() ? 0 : number(lines.get(0));
  }

  /** Of what is no number, such as {@code max}, the largest one. */
  private static long number(String line) {
    try {
      return Long.parseLong(line.strip());
    } catch (NumberFormatException e) {
      return Long.MAX_VALUE;
    }
  }
}
