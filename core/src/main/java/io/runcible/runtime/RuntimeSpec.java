package io.runcible.runtime;

import io.runcible.ffi.KernelVersion;
import io.runcible.json.JsonTree;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What {@code config.json} of a bundle says: the Linux part of the OCI runtime specification,
 * version 1.0.2. Immutable; {@link #toJson()} gives the same text for the same values.
 *
 * <p>{@link #containerDefaults} is where to start: it has the mounts, namespaces, masked paths and
 * the seccomp profile of an ordinary, confined container. {@link HostLimits#clamp} then takes away
 * what this process may not grant.
 */
public final class RuntimeSpec {
  /** The version of the specification that is written. */
  public static final String VERSION = "1.0.2";

  private final ProcessSpec process;
  private final String rootPath;
  private final boolean rootReadonly;
  private final @Nullable String rootPropagation;
  private final @Nullable String hostname;
  private final List<Mount> mounts;
  private final List<Namespace> namespaces;
  private final List<IdMapping> uidMappings;
  private final List<IdMapping> gidMappings;
  private final List<String> maskedPaths;
  private final List<String> readonlyPaths;
  private final @Nullable String cgroupsPath;
  private final Resources resources;
  private final boolean confineDevices;
  private final List<DeviceNode> devices;
  private final List<Hook> hooks;
  private final SeccompProfile seccomp;
  private final @Nullable String mountLabel;
  private final Map<String, String> sysctls;
  private final Map<String, String> annotations;

  /**
   * A mount (config.md, "Mounts").
   *
   * @param destination where, an absolute path inside
   * @param type the file system, {@code bind} for a bind mount
   * @param source what the file system takes as its source, a path of the host for a bind mount
   * @param options mount options, in order
   */
  public record Mount(String destination, String type, String source, List<String> options) {
    /**
     * Copies the options and checks the texts.
     *
     * @throws io.runcible.RuncibleException INVALID_INPUT for a relative destination or a NUL
     *     character
     */
    public Mount {
      SpecChecks.absolute(destination, "mount destination");
      SpecChecks.text(type, "mount type");
      SpecChecks.text(source, "mount source");
      options = List.copyOf(options);
      for (String option : options) {
        SpecChecks.text(option, "mount option");
      }
    }

    /**
     * A file or directory of the host, with what is mounted below it. Read-only is all of it.
     * Before Linux 5.12, which cannot do that, what is mounted below is left out of a read-only
     * mount.
     */
    public static Mount bind(Path source, String destination, boolean readonly) {
      return bind(source, destination, readonly, KernelVersion.ofThisHost());
    }

    /** The host's {@code /sys}, for who does not own the network that a new one would show. */
    static Mount sysOfHost(String kernel) {
      List<String> options = new ArrayList<>(List.of("rbind", "nosuid", "noexec", "nodev", "ro"));
      if (KernelVersion.isAtLeast(kernel, 5, 12)) {
        options.add("rro");
      }
      return new Mount("/sys", "bind", "/sys", options);
    }

    static Mount bind(Path source, String destination, boolean readonly, String kernel) {
      List<String> options =
          !readonly
              ? List.of("rbind", "rprivate", "rw")
              // Nothing is mounted below a file, and crun can do it to directories alone.
              : KernelVersion.isAtLeast(kernel, 5, 12) && !Files.isRegularFile(source)
                  ? List.of("rbind", "rprivate", "ro", "rro")
                  : List.of("bind", "rprivate", "ro");
      return new Mount(destination, "bind", source.toAbsolutePath().toString(), options);
    }

    /** A file system in memory of a size in bytes. */
    public static Mount tmpfs(String destination, long size) {
      return new Mount(
          destination,
          "tmpfs",
          "tmpfs",
          List.of("nosuid", "nodev", "noexec", "mode=1777", "size=" + size));
    }
  }

  /** The kinds of namespaces (config-linux.md, "Namespaces"). */
  public enum NamespaceType {
    MOUNT("mount"),
    PID("pid"),
    NETWORK("network"),
    IPC("ipc"),
    UTS("uts"),
    CGROUP("cgroup"),
    USER("user");

    private final String specName;

    NamespaceType(String specName) {
      this.specName = specName;
    }

    /** The name in the runtime specification. */
    public String specName() {
      return specName;
    }
  }

  /**
   * A namespace that the container does not share with the host.
   *
   * @param type its kind
   * @param path an existing namespace to join; empty for a new one
   */
  public record Namespace(NamespaceType type, Optional<Path> path) {
    /** A new one. */
    public static Namespace create(NamespaceType type) {
      return new Namespace(type, Optional.empty());
    }

    /** An existing one, by a path that refers to it. */
    public static Namespace join(NamespaceType type, Path path) {
      return new Namespace(type, Optional.of(path.toAbsolutePath()));
    }
  }

  /**
   * A range of ids inside a user namespace and what they are outside.
   *
   * @param containerId the first id inside
   * @param hostId the first id outside
   * @param size how many
   */
  public record IdMapping(int containerId, int hostId, int size) {
    /**
     * Checks the range.
     *
     * @throws io.runcible.RuncibleException INVALID_INPUT for a negative id or an empty range
     */
    public IdMapping {
      SpecChecks.id(containerId, "first id inside");
      SpecChecks.id(hostId, "first id outside");
      if (size < 1) {
        throw SpecChecks.invalid("a mapping of " + size + " ids is empty");
      }
    }
  }

  private RuntimeSpec(Builder builder) {
    process = builder.process;
    rootPath = builder.rootPath;
    rootReadonly = builder.rootReadonly;
    rootPropagation = builder.rootPropagation;
    hostname = builder.hostname;
    mounts = List.copyOf(builder.mounts);
    namespaces = List.copyOf(builder.namespaces);
    uidMappings = builder.uidMappings;
    gidMappings = builder.gidMappings;
    maskedPaths = builder.maskedPaths;
    readonlyPaths = builder.readonlyPaths;
    cgroupsPath = builder.cgroupsPath;
    resources = builder.resources;
    confineDevices = builder.confineDevices;
    devices = List.copyOf(builder.devices);
    hooks = List.copyOf(builder.hooks);
    seccomp = builder.seccomp;
    mountLabel = builder.mountLabel;
    sysctls = Collections.unmodifiableMap(new TreeMap<>(builder.sysctls));
    annotations = Collections.unmodifiableMap(new TreeMap<>(builder.annotations));
  }

  /**
   * A container without any mount, namespace or confinement; see {@link #containerDefaults} for the
   * usual one.
   *
   * @param root the root file system
   * @param process its first process
   */
  public static Builder builder(Path root, ProcessSpec process) {
    return new Builder(root.toString(), process);
  }

  /**
   * The usual, confined container on this host: new mount, pid, ipc, uts and network namespaces
   * (and a cgroup namespace where the host has cgroup v2 alone), the usual kernel file systems with
   * {@code /sys} and the control groups read-only, the paths that show or change the host masked or
   * read-only, devices denied but for the harmless ones, the {@linkplain SeccompProfile#standard()
   * standard} seccomp profile and, where the host can, at most 2048 processes. The new network
   * namespace has a loopback interface and nothing else. {@code net.ipv4.ping_group_range} is set
   * so that root inside may ping without the capability NET_RAW.
   *
   * @param root the root file system
   * @param process its first process
   * @param host what this host can do
   */
  public static Builder containerDefaults(Path root, ProcessSpec process, HostLimits host) {
    return ContainerDefaults.apply(builder(root, process), host);
  }

  /** A builder with all that this has. */
  public Builder toBuilder() {
    Builder builder = new Builder(rootPath, process);
    builder.rootReadonly = rootReadonly;
    builder.rootPropagation = rootPropagation;
    builder.hostname = hostname;
    builder.mounts.addAll(mounts);
    builder.namespaces.addAll(namespaces);
    builder.uidMappings = uidMappings;
    builder.gidMappings = gidMappings;
    builder.maskedPaths = maskedPaths;
    builder.readonlyPaths = readonlyPaths;
    builder.cgroupsPath = cgroupsPath;
    builder.resources = resources;
    builder.confineDevices = confineDevices;
    builder.devices.addAll(devices);
    builder.hooks.addAll(hooks);
    builder.seccomp = seccomp;
    builder.mountLabel = mountLabel;
    builder.sysctls.putAll(sysctls);
    builder.annotations.putAll(annotations);
    return builder;
  }

  /** The first process. */
  public ProcessSpec process() {
    return process;
  }

  /** The root file system, a path of the host, relative to the bundle or absolute. */
  public String rootPath() {
    return rootPath;
  }

  /** Whether the root file system is mounted read-only. */
  public boolean rootReadonly() {
    return rootReadonly;
  }

  /** What becomes of mounts below the root; empty for the runtime's choice. */
  public Optional<String> rootPropagation() {
    return Optional.ofNullable(rootPropagation);
  }

  /** The host name inside. */
  public Optional<String> hostname() {
    return Optional.ofNullable(hostname);
  }

  /** The mounts, in the order in which they are made. */
  public List<Mount> mounts() {
    return mounts;
  }

  /** The namespaces that are not the host's. */
  public List<Namespace> namespaces() {
    return namespaces;
  }

  /** Whether the container has, or joins, a namespace of this kind. */
  public boolean has(NamespaceType type) {
    return has(namespaces, type);
  }

  private static boolean has(List<Namespace> namespaces, NamespaceType type) {
    for (Namespace namespace : namespaces) {
      if (namespace.type() == type) {
        return true;
      }
    }
    return false;
  }

  /** The user ids of a new user namespace. */
  public List<IdMapping> uidMappings() {
    return uidMappings;
  }

  /** The group ids of a new user namespace. */
  public List<IdMapping> gidMappings() {
    return gidMappings;
  }

  /** Paths that look empty inside. */
  public List<String> maskedPaths() {
    return maskedPaths;
  }

  /** Paths that cannot be written inside. */
  public List<String> readonlyPaths() {
    return readonlyPaths;
  }

  /** The control group, relative to the root of every hierarchy, or as systemd is told of it. */
  public Optional<String> cgroupsPath() {
    return Optional.ofNullable(cgroupsPath);
  }

  /** The limits. */
  public Resources resources() {
    return resources;
  }

  /** Whether all devices are denied but the harmless ones that a runtime always allows. */
  public boolean confineDevices() {
    return confineDevices;
  }

  /** Further devices. */
  public List<DeviceNode> devices() {
    return devices;
  }

  /** Programs that the runtime runs, each stage in this order. */
  public List<Hook> hooks() {
    return hooks;
  }

  /** The SELinux label of what the runtime mounts, if it has one. */
  public Optional<String> mountLabel() {
    return Optional.ofNullable(mountLabel);
  }

  /** The seccomp profile. */
  public SeccompProfile seccomp() {
    return seccomp;
  }

  /** Kernel parameters that are set inside. */
  public Map<String, String> sysctls() {
    return sysctls;
  }

  /** Annotations, which the runtime keeps. */
  public Map<String, String> annotations() {
    return annotations;
  }

  /** The content of {@code config.json}. */
  public String toJson() {
    return JsonTree.text(SpecJson.spec(this));
  }

  @Override
  public String toString() {
    return "RuntimeSpec[root=" + rootPath + ", process=" + process + "]";
  }

  /** Collects a {@link RuntimeSpec}. Not thread-safe. */
  public static final class Builder {
    private ProcessSpec process;
    private String rootPath;
    private boolean rootReadonly;
    private @Nullable String rootPropagation;
    private @Nullable String hostname;
    private final List<Mount> mounts = new ArrayList<>();
    private final List<Namespace> namespaces = new ArrayList<>();
    private List<IdMapping> uidMappings = List.of();
    private List<IdMapping> gidMappings = List.of();
    private List<String> maskedPaths = List.of();
    private List<String> readonlyPaths = List.of();
    private @Nullable String cgroupsPath;
    private Resources resources = Resources.none();
    private boolean confineDevices;
    private final List<DeviceNode> devices = new ArrayList<>();
    private final List<Hook> hooks = new ArrayList<>();
    private SeccompProfile seccomp = SeccompProfile.unconfined();
    private @Nullable String mountLabel;
    private final Map<String, String> sysctls = new TreeMap<>();
    private final Map<String, String> annotations = new TreeMap<>();

    private Builder(String rootPath, ProcessSpec process) {
      this.rootPath = rootPath;
      this.process = Objects.requireNonNull(process, "process");
    }

    /** Sets the first process. */
    public Builder process(ProcessSpec process) {
      this.process = process;
      return this;
    }

    /** Sets the root file system. */
    public Builder root(Path root) {
      this.rootPath = root.toString();
      return this;
    }

    /** Whether the root file system is read-only. Default: no. */
    public Builder rootReadonly(boolean readonly) {
      this.rootReadonly = readonly;
      return this;
    }

    /**
     * Sets what becomes of mounts below the root (config-linux.md, "Rootfs Mount Propagation"):
     * {@code rshared}, {@code rslave}, {@code rprivate}. Default: the runtime's choice, under which
     * no mount inside can be shared with the host.
     */
    public Builder rootPropagation(String propagation) {
      this.rootPropagation = propagation;
      return this;
    }

    /** Sets the host name; needs a uts namespace. Default: the host's. */
    public Builder hostname(String hostname) {
      this.hostname = hostname;
      return this;
    }

    /** Adds a mount, instead of one that has the same destination. */
    public Builder mount(Mount mount) {
      withoutMount(mount.destination());
      mounts.add(mount);
      return this;
    }

    /** Puts a mount where another one with the same destination is: before those that lie in it. */
    void replaceMount(Mount mount) {
      mounts.replaceAll(other -> other.destination().equals(mount.destination()) ? mount : other);
    }

    /** Takes the mount at a destination away. */
    public Builder withoutMount(String destination) {
      mounts.removeIf(other -> other.destination().equals(destination));
      return this;
    }

    /** Adds a namespace, instead of one of the same kind. One to be joined keeps its host name. */
    public Builder namespace(Namespace namespace) {
      namespaces.removeIf(other -> other.type() == namespace.type());
      if (namespace.type() == NamespaceType.UTS && namespace.path().isPresent()) {
        hostname = null;
      }
      namespaces.add(namespace);
      return this;
    }

    /**
     * Lets the container use the host's namespace of a kind. Kernel parameters that were set by
     * {@link RuntimeSpec#containerDefaults} for a namespace of its own go with it, and the host
     * name with that of names.
     */
    public Builder shareWithHost(NamespaceType type) {
      namespaces.removeIf(other -> other.type() == type);
      if (type == NamespaceType.UTS) {
        hostname = null;
      }
      if (type == NamespaceType.NETWORK) {
        sysctls.remove(ContainerDefaults.PING_GROUPS);
      }
      return this;
    }

    /** Adds a new user namespace with these ids. */
    public Builder userNamespace(Collection<IdMapping> uids, Collection<IdMapping> gids) {
      uidMappings = List.copyOf(uids);
      gidMappings = List.copyOf(gids);
      return namespace(Namespace.create(NamespaceType.USER));
    }

    /** Sets the paths that look empty. */
    public Builder maskedPaths(Collection<String> paths) {
      this.maskedPaths = List.copyOf(paths);
      return this;
    }

    /** Sets the paths that cannot be written. */
    public Builder readonlyPaths(Collection<String> paths) {
      this.readonlyPaths = List.copyOf(paths);
      return this;
    }

    /**
     * Sets the control group: an absolute path or, for a runtime that asks systemd, {@code
     * slice:prefix:name}. Default: the runtime's choice.
     */
    public Builder cgroupsPath(String cgroupsPath) {
      this.cgroupsPath = SpecChecks.cgroupsPath(cgroupsPath);
      return this;
    }

    /** Leaves the control group to the runtime. */
    Builder withoutCgroupsPath() {
      this.cgroupsPath = null;
      return this;
    }

    /** Sets the limits. Default: none. */
    public Builder resources(Resources resources) {
      this.resources = resources;
      return this;
    }

    /** The limits so far. */
    public Resources resources() {
      return resources;
    }

    /** Whether devices are denied but for the harmless ones. Default: no. */
    public Builder confineDevices(boolean confine) {
      this.confineDevices = confine;
      return this;
    }

    /** Adds a device. */
    public Builder device(DeviceNode device) {
      devices.add(device);
      return this;
    }

    /** Adds a program that the runtime runs. */
    public Builder hook(Hook hook) {
      hooks.add(hook);
      return this;
    }

    /** Sets the seccomp profile. Default: none. */
    public Builder seccomp(SeccompProfile seccomp) {
      this.seccomp = seccomp;
      return this;
    }

    /**
     * Sets the SELinux label of the file systems that the runtime makes (config-linux.md, "Mount
     * Label"). Default: none.
     */
    public Builder mountLabel(String label) {
      this.mountLabel = SpecChecks.text(label, "SELinux label");
      return this;
    }

    /** Sets a kernel parameter of one of the container's own namespaces. */
    public Builder sysctl(String name, String value) {
      sysctls.put(name, value);
      return this;
    }

    /** Takes a kernel parameter away. */
    public Builder withoutSysctl(String name) {
      sysctls.remove(name);
      return this;
    }

    /** Sets an annotation. */
    public Builder annotation(String key, String value) {
      annotations.put(SpecChecks.text(key, "annotation"), SpecChecks.text(value, "annotation"));
      return this;
    }

    /**
     * Checks and builds.
     *
     * @throws io.runcible.RuncibleException INVALID_INPUT for a host name without a uts namespace
     *     or of a wrong form, a kernel parameter that is not of the container's own namespaces, a
     *     user namespace without ids
     */
    public RuntimeSpec build() {
      SpecChecks.text(rootPath, "root");
      if (hostname != null) {
        SpecChecks.hostname(hostname);
        if (!has(NamespaceType.UTS)) {
          throw SpecChecks.invalid("a host name needs a uts namespace of the container's own");
        }
      }
      SpecChecks.sysctls(sysctls, has(NamespaceType.IPC), has(NamespaceType.NETWORK));
      if (has(NamespaceType.USER) && (uidMappings.isEmpty() || gidMappings.isEmpty())) {
        boolean created =
            namespaces.stream().anyMatch(n -> n.type() == NamespaceType.USER && n.path().isEmpty());
        if (created) {
          throw SpecChecks.invalid("a new user namespace needs at least one user and group id");
        }
      }
      for (String path : maskedPaths) {
        SpecChecks.absolute(path, "masked path");
      }
      for (String path : readonlyPaths) {
        SpecChecks.absolute(path, "read-only path");
      }
      return new RuntimeSpec(this);
    }

    private boolean has(NamespaceType type) {
      return RuntimeSpec.has(namespaces, type);
    }
  }
}
