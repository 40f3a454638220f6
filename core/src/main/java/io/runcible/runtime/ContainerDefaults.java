package io.runcible.runtime;

import io.runcible.runtime.RuntimeSpec.Mount;
import io.runcible.runtime.RuntimeSpec.Namespace;
import io.runcible.runtime.RuntimeSpec.NamespaceType;
import java.util.ArrayList;
import java.util.List;

/** What a container is like when nobody asks for anything. */
final class ContainerDefaults {
  /** Who may ping without CAP_NET_RAW. */
  static final String PING_GROUPS = "net.ipv4.ping_group_range";

  private static final int DEFAULT_PIDS = 2048;

  /**
   * What shows the host's hardware, memory, keys or timing, or lets a container disturb it. A path
   * that the kernel does not have is skipped by the runtime.
   */
  private static final List<String> MASKED_PATHS =
      List.of(
          "/proc/acpi",
          "/proc/asound",
          "/proc/interrupts",
          "/proc/kcore",
          "/proc/keys",
          "/proc/latency_stats",
          "/proc/sched_debug",
          "/proc/scsi",
          "/proc/timer_list",
          "/proc/timer_stats",
          "/sys/dev/block",
          "/sys/devices/virtual/powercap",
          "/sys/firmware",
          "/sys/fs/selinux");

  /** The directory of the control groups is one of memory where they are mounted one by one. */
  private static final List<String> READONLY_PATHS =
      List.of(
          "/proc/bus",
          "/proc/fs",
          "/proc/irq",
          "/proc/sys",
          "/proc/sysrq-trigger",
          "/sys/fs/cgroup");

  private ContainerDefaults() {}

  static RuntimeSpec.Builder apply(RuntimeSpec.Builder builder, HostLimits host) {
    for (NamespaceType type :
        List.of(
            NamespaceType.MOUNT,
            NamespaceType.PID,
            NamespaceType.IPC,
            NamespaceType.UTS,
            NamespaceType.NETWORK)) {
      builder.namespace(Namespace.create(type));
    }
    if (host.cgroups().mode() == Cgroups.Mode.V2) {
      builder.namespace(Namespace.create(NamespaceType.CGROUP));
    }
    mounts(builder, host);
    List<String> masked = new ArrayList<>(MASKED_PATHS);
    masked.addAll(host.thermalPaths());
    builder.maskedPaths(masked).readonlyPaths(READONLY_PATHS);
    builder.seccomp(SeccompProfile.standard());
    builder.confineDevices(!host.rootless());
    if (host.place().has("pids")) {
      builder.resources(Resources.builder().pids(DEFAULT_PIDS).build());
    }
    return builder.sysctl(PING_GROUPS, "0 0");
  }

  private static void mounts(RuntimeSpec.Builder builder, HostLimits host) {
    List<String> plain = List.of("nosuid", "noexec", "nodev");
    builder.mount(new Mount("/proc", "proc", "proc", plain));
    builder.mount(
        new Mount(
            "/dev",
            "tmpfs",
            "tmpfs",
            List.of("nosuid", "noexec", "strictatime", "mode=755", "size=65536k")));
    List<String> pts =
        new ArrayList<>(List.of("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"));
    if (host.hasIdRange()) {
      // Group tty, which a namespace with a single id does not have.
      pts.add("gid=5");
    }
    builder.mount(new Mount("/dev/pts", "devpts", "devpts", pts));
    builder.mount(
        new Mount(
            "/dev/shm",
            "tmpfs",
            "shm",
            List.of("nosuid", "noexec", "nodev", "mode=1777", "size=65536k")));
    builder.mount(new Mount("/dev/mqueue", "mqueue", "mqueue", plain));
    builder.mount(new Mount("/sys", "sysfs", "sysfs", List.of("nosuid", "noexec", "nodev", "ro")));
    if (!host.rootless() || host.cgroups().mode() == Cgroups.Mode.V2) {
      builder.mount(
          new Mount(
              "/sys/fs/cgroup",
              "cgroup",
              "cgroup",
              List.of("nosuid", "noexec", "nodev", "relatime", "ro")));
    }
  }
}
