package io.runcible.runtime;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.KernelVersion;
import io.runcible.ffi.NativeAccess;
import io.runcible.ffi.PrivilegedHost;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/**
 * What this process may grant to a container, and taking away what it may not. Being root is not
 * enough: in a pod or a virtual machine root often lacks CAP_SYS_RESOURCE, and a runtime then fails
 * in the middle of its work, with a message that does not say so. Immutable; read once.
 */
public final class HostLimits {
  private static final int MAX_THERMAL = 1024;

  /** The limits by their line in {@code /proc/self/limits}. */
  private static final Map<String, String> RLIMITS =
      Map.ofEntries(
          Map.entry("RLIMIT_CPU", "Max cpu time"),
          Map.entry("RLIMIT_FSIZE", "Max file size"),
          Map.entry("RLIMIT_DATA", "Max data size"),
          Map.entry("RLIMIT_STACK", "Max stack size"),
          Map.entry("RLIMIT_CORE", "Max core file size"),
          Map.entry("RLIMIT_RSS", "Max resident set"),
          Map.entry("RLIMIT_NPROC", "Max processes"),
          Map.entry("RLIMIT_NOFILE", "Max open files"),
          Map.entry("RLIMIT_MEMLOCK", "Max locked memory"),
          Map.entry("RLIMIT_AS", "Max address space"),
          Map.entry("RLIMIT_LOCKS", "Max file locks"),
          Map.entry("RLIMIT_SIGPENDING", "Max pending signals"),
          Map.entry("RLIMIT_MSGQUEUE", "Max msgqueue size"),
          Map.entry("RLIMIT_NICE", "Max nice priority"),
          Map.entry("RLIMIT_RTPRIO", "Max realtime priority"),
          Map.entry("RLIMIT_RTTIME", "Max realtime timeout"));

  private final Cgroups cgroups;
  private final CgroupPlace place;
  private final boolean rootless;
  private final boolean idRange;
  private final Set<Capability> capabilities;
  private final boolean mayRaise;
  private final Map<String, Long> hardLimits;
  private final int oomScoreAdj;
  private final List<String> thermalPaths;
  private final boolean countsSwap;

  /**
   * A value that this host accepts.
   *
   * @param value the value
   * @param notes what was taken away and why, a sentence each
   * @param <T> its type
   */
  public record Clamped<T>(T value, List<String> notes) {
    /** Copies the notes. */
    public Clamped {
      notes = List.copyOf(notes);
    }
  }

  private HostLimits(
      Path proc, Path sys, Cgroups cgroups, CgroupPlace place, boolean rootless, boolean idRange) {
    this.cgroups = cgroups;
    this.place = place;
    this.rootless = rootless;
    this.idRange = idRange;
    Map<String, String> status = status(proc);
    // A new user namespace has all capabilities, but in it they do not reach the host's limits.
    Set<Capability> own = mask(status, "CapBnd");
    this.capabilities = rootless ? EnumSet.allOf(Capability.class) : own;
    this.mayRaise = !rootless && mask(status, "CapEff").contains(Capability.SYS_RESOURCE);
    this.hardLimits = hardLimits(proc);
    this.oomScoreAdj = Integer.parseInt(read(proc.resolve("self/oom_score_adj")).strip());
    this.thermalPaths = thermalPaths(sys);
    this.countsSwap = countsSwap(cgroups);
  }

  /** Looks at this process and this host. */
  @SuppressWarnings("exports")
  public static HostLimits detect(PrivilegedHost host) {
    return detect(host, Optional.empty());
  }

  /**
   * The same, with control groups that are made in a certain way.
   *
   * @param manager who makes them; by default the runtime for root, otherwise the user's systemd
   *     or, where that cannot be reached, the runtime, if a group was handed over to the user
   * @throws RuncibleException UNSUPPORTED if they cannot be made in that way
   */
  @SuppressWarnings("exports")
  public static HostLimits detect(PrivilegedHost host, Optional<CgroupManager> manager) {
    Cgroups cgroups = Cgroups.detect();
    CgroupPlace place =
        new CgroupPlaces(cgroups, Path.of("/"), System.getenv(), NativeAccess.effectiveUid())
            .find(host.rootless(), manager);
    return new HostLimits(
        Path.of("/proc"), Path.of("/sys"), cgroups, place, host.rootless(), host.hasIdRange());
  }

  static HostLimits read(Path proc, Path sys, Cgroups cgroups, boolean rootless, boolean idRange) {
    CgroupPlace place =
        rootless ? CgroupPlace.none(cgroups, "none was looked for") : CgroupPlace.top(cgroups);
    return read(proc, sys, cgroups, place, rootless, idRange);
  }

  static HostLimits read(
      Path proc, Path sys, Cgroups cgroups, CgroupPlace place, boolean rootless, boolean idRange) {
    return new HostLimits(proc, sys, cgroups, place, rootless, idRange);
  }

  /** The control groups of this host. */
  public Cgroups cgroups() {
    return cgroups;
  }

  /** Where the control groups of containers are. */
  public CgroupPlace place() {
    return place;
  }

  /** Whether containers run in a user namespace of an ordinary user. */
  public boolean rootless() {
    return rootless;
  }

  /** Whether containers can have more than one user. */
  public boolean hasIdRange() {
    return idRange;
  }

  /** The capabilities that can be granted. */
  public Set<Capability> capabilities() {
    return Collections.unmodifiableSet(capabilities);
  }

  /** Files that tell of the temperature of each processor; they exist on bare metal. */
  List<String> thermalPaths() {
    return thermalPaths;
  }

  /**
   * Checks the name of a resource limit, {@code RLIMIT_…}.
   *
   * @throws RuncibleException INVALID_INPUT if there is none
   */
  public static void requireRlimit(String name) {
    if (!RLIMITS.containsKey(name)) {
      throw SpecChecks.invalid(
          SpecChecks.shown(name)
              + " is not a resource limit; there are "
              + RLIMITS.keySet().stream().sorted().toList());
    }
  }

  /**
   * A container that this host can run. For an ordinary user, and in a user namespace, {@code /sys}
   * on the host's network is the host's, read-only.
   */
  public Clamped<RuntimeSpec> clamp(RuntimeSpec spec) {
    List<String> notes = new ArrayList<>();
    RuntimeSpec.Builder builder = spec.toBuilder().process(clamp(spec.process(), notes));
    if (rootless) {
      clampRootless(builder);
    }
    boolean mapped = rootless || spec.has(RuntimeSpec.NamespaceType.USER);
    boolean joined = rootless && joinsNetworkFromInside(spec);
    boolean shared = joined || !spec.has(RuntimeSpec.NamespaceType.NETWORK);
    if (mapped && shared && mountsSysfs(spec)) {
      // /sys shows the network, so only the owner of the network namespace may mount it.
      builder.replaceMount(RuntimeSpec.Mount.sysOfHost(KernelVersion.ofThisHost()));
    }
    if (joined) {
      builder.withoutSysctl(ContainerDefaults.PING_GROUPS);
    }
    if (place.available()) {
      builder.resources(clamp(spec.resources(), notes));
    } else if (!spec.resources().isEmpty()) {
      notes.add("memory, processor and process limits are not set: " + place.missing());
      builder.resources(Resources.none());
    }
    return new Clamped<>(builder.build(), notes);
  }

  private static boolean mountsSysfs(RuntimeSpec spec) {
    return spec.mounts().stream().anyMatch(mount -> mount.type().equals("sysfs"));
  }

  /** Whether the network namespace is not that of the container's own user namespace. */
  private static boolean joinsNetworkFromInside(RuntimeSpec spec) {
    return spec.has(RuntimeSpec.NamespaceType.USER)
        && spec.namespaces().stream()
            .anyMatch(
                one -> one.type() == RuntimeSpec.NamespaceType.NETWORK && one.path().isPresent());
  }

  /** A process that this host can run in a container. */
  public Clamped<ProcessSpec> clamp(ProcessSpec process) {
    List<String> notes = new ArrayList<>();
    return new Clamped<>(clamp(process, notes), notes);
  }

  /** Limits that this host can set. */
  public Clamped<Resources> clamp(Resources resources) {
    List<String> notes = new ArrayList<>();
    return new Clamped<>(clamp(resources, notes), notes);
  }

  private ProcessSpec clamp(ProcessSpec process, List<String> notes) {
    ProcessSpec.Builder builder = process.toBuilder();
    Set<Capability> granted = EnumSet.copyOf(capabilities);
    granted.retainAll(process.capabilities());
    if (granted.size() < process.capabilities().size()) {
      Set<Capability> lost = EnumSet.copyOf(process.capabilities());
      lost.removeAll(granted);
      notes.add("capabilities " + lost + " are not granted: this process does not have them");
      builder.capabilities(granted);
    }
    builder.rlimits(rlimits(process, notes));
    OptionalInt score = process.oomScoreAdj();
    if (score.isPresent() && score.getAsInt() < oomScoreAdj && !mayRaise) {
      notes.add(
          "oom_score_adj is "
              + oomScoreAdj
              + " instead of "
              + score.getAsInt()
              + ": lowering it needs CAP_SYS_RESOURCE");
      builder.oomScoreAdj(oomScoreAdj);
    }
    return builder.build();
  }

  private Map<String, ProcessSpec.Rlimit> rlimits(ProcessSpec process, List<String> notes) {
    Map<String, ProcessSpec.Rlimit> limits = new TreeMap<>();
    for (Map.Entry<String, ProcessSpec.Rlimit> wanted : process.rlimits().entrySet()) {
      String name = wanted.getKey();
      ProcessSpec.Rlimit limit = wanted.getValue();
      long own = hardLimits.getOrDefault(name, ProcessSpec.Rlimit.UNLIMITED);
      if (!mayRaise && Long.compareUnsigned(limit.hard(), own) > 0) {
        long soft = Long.compareUnsigned(limit.soft(), own) > 0 ? own : limit.soft();
        notes.add(
            name
                + " is at most "
                + own
                + ", the hard limit of this process: raising it needs CAP_SYS_RESOURCE");
        limit = new ProcessSpec.Rlimit(soft, own);
      }
      limits.put(name, limit);
    }
    return limits;
  }

  /** An ordinary user may not filter devices, and has no others than the harmless ones. */
  private void clampRootless(RuntimeSpec.Builder builder) {
    builder.confineDevices(false);
    if (!place.available()) {
      builder.withoutCgroupsPath();
    }
  }

  private Resources clamp(Resources resources, List<String> notes) {
    Resources.Builder builder = resources.toBuilder();
    if ((resources.memory().isPresent()
            || resources.memoryAndSwap().isPresent()
            || resources.memoryReservation().isPresent())
        && missing("memory", notes)) {
      builder.dropMemory();
    } else if (resources.memoryAndSwap().isPresent() && !countsSwap) {
      notes.add("swap is not limited: this kernel does not account for it");
      builder.dropSwap();
    }
    boolean cpu =
        resources.cpuQuota().isPresent()
            || resources.cpuPeriod().isPresent()
            || resources.cpuShares().isPresent();
    if (cpu && missing("cpu", notes)) {
      builder.dropCpu();
    }
    boolean cpuset = resources.cpus().isPresent() || resources.memoryNodes().isPresent();
    if (cpuset && missing("cpuset", notes)) {
      builder.dropCpus();
    }
    if (resources.pids().isPresent() && missing("pids", notes)) {
      builder.dropPids();
    }
    boolean io = resources.ioWeight().isPresent() || !resources.ioLimits().isEmpty();
    if (io && missing(cgroups.has("io") ? "io" : "blkio", notes)) {
      builder.dropIo();
    }
    if (!resources.hugePages().isEmpty() && missing("hugetlb", notes)) {
      builder.dropHugePages();
    }
    return builder.build();
  }

  private boolean missing(String controller, List<String> notes) {
    if (place.has(controller)) {
      return false;
    }
    notes.add(
        rootless
            ? "the "
                + controller
                + " limits are not set: the controller is not delegated to this user"
            : "the " + controller + " limits are not set: no such control group is mounted");
    return true;
  }

  /** In the old hierarchy the file is there only with swap accounting. */
  private static boolean countsSwap(Cgroups cgroups) {
    if (cgroups.mode() == Cgroups.Mode.V2) {
      return true;
    }
    for (Path mount : cgroups.mounts()) {
      if (Files.exists(mount.resolve("memory.memsw.limit_in_bytes"))) {
        return true;
      }
    }
    return false;
  }

  private static Map<String, String> status(Path proc) {
    Map<String, String> status = new HashMap<>();
    for (String line : read(proc.resolve("self/status")).lines().toList()) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        status.put(line.substring(0, colon), line.substring(colon + 1).strip());
      }
    }
    return status;
  }

  private static Set<Capability> mask(Map<String, String> status, String name) {
    return Capability.ofMask(Long.parseUnsignedLong(status.getOrDefault(name, "0"), 16));
  }

  private static Map<String, Long> hardLimits(Path proc) {
    Map<String, Long> limits = new HashMap<>();
    List<String> lines = read(proc.resolve("self/limits")).lines().toList();
    for (Map.Entry<String, String> known : RLIMITS.entrySet()) {
      String title = known.getValue();
      for (String line : lines) {
        Optional<Long> limit =
            line.startsWith(title) ? hardLimit(line.substring(title.length())) : Optional.empty();
        if (limit.isPresent()) {
          limits.put(known.getKey(), limit.get());
        }
      }
    }
    return limits;
  }

  /** The second of soft limit, hard limit and unit. */
  private static Optional<Long> hardLimit(String columns) {
    String[] fields = columns.strip().split(" +", -1);
    if (fields.length < 2) {
      return Optional.empty();
    }
    return Optional.of(
        fields[1].equals("unlimited")
            ? ProcessSpec.Rlimit.UNLIMITED
            : Long.parseUnsignedLong(fields[1]));
  }

  private static List<String> thermalPaths(Path sys) {
    List<String> paths = new ArrayList<>();
    Path cpus = sys.resolve("devices/system/cpu");
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(cpus, "cpu[0-9]*")) {
      for (Path cpu : entries) {
        if (paths.size() < MAX_THERMAL && Files.exists(cpu.resolve("thermal_throttle"))) {
          paths.add("/sys/devices/system/cpu/" + cpu.getFileName() + "/thermal_throttle");
        }
      }
    } catch (IOException e) {
      // A host without /sys has nothing to hide there.
      return List.of();
    }
    Collections.sort(paths);
    return paths;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNSUPPORTED, "cannot read '" + file + "'", e);
    }
  }
}
