package io.runcible.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Limits as systemd names them, {@code systemd.resource-control(5)}. */
final class SystemdProperties {
  private SystemdProperties() {}

  static List<String> of(Resources resources) {
    List<String> properties = new ArrayList<>();
    resources
        .memory()
        .ifPresent(
            bytes -> {
              properties.add("MemoryMax=" + bytes);
              resources
                  .memoryAndSwap()
                  .ifPresent(
                      both -> {
                        if (both >= 0) {
                          properties.add("MemorySwapMax=" + (both - bytes));
                        }
                      });
            });
    if (resources.memoryAndSwap().orElse(0) < 0) {
      properties.add("MemorySwapMax=infinity");
    }
    resources
        .cpuQuota()
        .ifPresent(
            quota -> {
              double percent = 100.0 * quota / resources.cpuPeriod().orElse(100_000);
              properties.add(String.format(Locale.ROOT, "CPUQuota=%.2f%%", percent));
            });
    resources
        .cpuShares()
        .ifPresent(shares -> properties.add("CPUWeight=" + LimitWriter.weight(shares)));
    resources.cpus().ifPresent(cpus -> properties.add("AllowedCPUs=" + cpus));
    resources.pids().ifPresent(pids -> properties.add("TasksMax=" + pids));
    resources.memoryNodes().ifPresent(nodes -> properties.add("AllowedMemoryNodes=" + nodes));
    resources.memoryReservation().ifPresent(bytes -> properties.add("MemoryLow=" + bytes));
    resources
        .ioWeight()
        .ifPresent(weight -> properties.add("IOWeight=" + LimitWriter.ioWeight(weight)));
    for (IoLimit limit : resources.ioLimits()) {
      String device = "/dev/block/" + limit.major() + ":" + limit.minor();
      properties.add(limit.kind().property() + "=" + device + " " + limit.rate());
    }
    return properties;
  }
}
