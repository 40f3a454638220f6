package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.HealthCheck;
import io.runcible.image.ImageReference;
import io.runcible.network.Network;
import io.runcible.network.PortBinding;
import io.runcible.runtime.Hook;
import io.runcible.runtime.HostLimits;
import io.runcible.runtime.ProcessSpec.ConsoleSize;
import io.runcible.runtime.ProcessSpec.Rlimit;
import io.runcible.runtime.Resources;
import io.runcible.runtime.SeccompProfile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What to run and within which limits. Immutable. What is not set comes from the image, and what
 * the image does not set is safe: no network, the capabilities that containers usually have, the
 * default seccomp profile, no new privileges.
 */
public final class ContainerSpec {
  private static final int MAX_NAME = 64;

  private final Builder state;

  private ContainerSpec(Builder state) {
    this.state = state;
  }

  /**
   * Begins a spec.
   *
   * @param image a reference; short names expand as everywhere: {@code redis:7}
   * @throws RuncibleException INVALID_INPUT if it is no reference
   */
  public static Builder builder(String image) {
    return new Builder(ImageReference.parse(image));
  }

  /** Whether a text can be the id of a container. */
  static boolean isName(String text) {
    boolean valid = !text.isEmpty() && text.length() <= MAX_NAME;
    for (int i = 0; valid && i < text.length(); i++) {
      char c = text.charAt(i);
      boolean alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      valid = alphanumeric || (i > 0 && (c == '_' || c == '.' || c == '-'));
    }
    return valid;
  }

  static void requireName(String name) {
    if (!isName(name)) {
      throw invalid("'" + name + "' is no name: up to 64 of a-z 0-9 _ . - after a letter");
    }
  }

  static void requireRestartable(Stdio stdio) {
    if (stdio == Stdio.DIRECT) {
      throw invalid("a container with pipes of its own is not restarted: its end may be unknown");
    }
  }

  static void requireVariable(String key, String value) {
    if (key.isEmpty() || key.indexOf('=') >= 0 || (key + value).indexOf('\0') >= 0) {
      throw invalid("'" + key + "' cannot be an environment variable");
    }
  }

  static void requireAbsolute(String directory) {
    if (!directory.startsWith("/") || directory.indexOf('\0') >= 0) {
      throw invalid("the working directory '" + directory + "' is not an absolute path");
    }
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }

  /** A builder that starts from this spec. */
  public Builder toBuilder() {
    return state.copy(state.image);
  }

  /** The same for an image that was made of a container of this spec, with its volumes in it. */
  ContainerSpec fork(ImageReference primed) {
    Builder fork = state.copy(primed);
    fork.mounts.removeIf(ContainerSpec::isForked);
    fork.volumesInRoot = true;
    return fork.build();
  }

  /** Whether it is a volume whose files are in a primed image. */
  static boolean isForked(Mount mount) {
    return mount.kind() == Mount.Kind.VOLUME && mount.name().isEmpty();
  }

  /** The same for a container that runs once, and that only its maker finds. */
  ContainerSpec once() {
    Builder copy = toBuilder();
    copy.name = null;
    copy.detached = false;
    copy.restartPolicy = RestartPolicy.NO;
    return copy.build();
  }

  /** Whether the volumes of its image are a part of its root file system. */
  boolean hasVolumesInRoot() {
    return state.volumesInRoot;
  }

  public ImageReference image() {
    return state.image;
  }

  public Optional<String> name() {
    return Optional.ofNullable(state.name);
  }

  public Optional<List<String>> entrypoint() {
    return Optional.ofNullable(state.entrypoint);
  }

  public Optional<List<String>> command() {
    return Optional.ofNullable(state.command);
  }

  public Map<String, String> environment() {
    return Map.copyOf(state.environment);
  }

  public Optional<String> user() {
    return Optional.ofNullable(state.user);
  }

  /** Further groups of its user, by name or number. */
  public List<String> groups() {
    return List.copyOf(state.groups);
  }

  public Optional<String> workingDirectory() {
    return Optional.ofNullable(state.workingDirectory);
  }

  public Optional<String> hostname() {
    return Optional.ofNullable(state.hostname);
  }

  public Optional<String> stopSignal() {
    return Optional.ofNullable(state.stopSignal);
  }

  /** How long {@link Container#stop()} waits. */
  public Optional<Duration> stopTimeout() {
    return Optional.ofNullable(state.stopTimeout);
  }

  public List<Mount> mounts() {
    return List.copyOf(state.mounts);
  }

  public OptionalLong memory() {
    return state.memory;
  }

  public OptionalLong writableLimit() {
    return state.writableLimit;
  }

  public OptionalDouble cpus() {
    return state.cpus;
  }

  public OptionalLong pids() {
    return state.pids;
  }

  /** The first network, or what it has instead; {@link Network#NONE} if nothing was chosen. */
  public Network network() {
    return networks().get(0);
  }

  /** The networks; several only if all are bridge networks, or all of CNI plugins. */
  public List<Network> networks() {
    return hasNetwork() ? state.networks : List.of(Network.NONE);
  }

  boolean hasNetwork() {
    return !state.networks.isEmpty();
  }

  public NameResolution nameResolution() {
    return state.nameResolution;
  }

  /** The ports to publish; host port 0 is any free one. */
  public List<PortBinding> ports() {
    return List.copyOf(state.ports);
  }

  public Stdio stdio() {
    return state.stdio;
  }

  public Set<String> addedCapabilities() {
    return Set.copyOf(state.added);
  }

  public Set<String> droppedCapabilities() {
    return Set.copyOf(state.dropped);
  }

  public Optional<SeccompProfile> seccomp() {
    return Optional.ofNullable(state.seccomp);
  }

  /** Limits of its control group besides memory, processors and processes. */
  public Resources resources() {
    return state.resources;
  }

  /** Its resource limits, by the name of the runtime specification, {@code RLIMIT_…}. */
  public Map<String, Rlimit> ulimits() {
    return Map.copyOf(state.ulimits);
  }

  public Map<String, String> sysctls() {
    return Map.copyOf(state.sysctls);
  }

  public OptionalInt oomScoreAdj() {
    return state.oomScoreAdj;
  }

  public List<Device> devices() {
    return List.copyOf(state.devices);
  }

  public List<Hook> hooks() {
    return List.copyOf(state.hooks);
  }

  public Optional<String> apparmorProfile() {
    return Optional.ofNullable(state.apparmorProfile);
  }

  /** The SELinux label of its processes. */
  public Optional<String> selinuxLabel() {
    return Optional.ofNullable(state.selinuxProcess);
  }

  /** The SELinux label of its files. */
  public Optional<String> selinuxFileLabel() {
    return Optional.ofNullable(state.selinuxFiles);
  }

  public boolean isReadOnlyRoot() {
    return state.readOnlyRoot;
  }

  public boolean isDetached() {
    return state.detached;
  }

  /** Which ids of the host its users are. */
  public UserNamespace userNamespace() {
    return state.userNamespace;
  }

  /** Whether its first process is the engine's, and starts the program. */
  public boolean hasInit() {
    return state.init;
  }

  /** Whose System V IPC, message queues and {@code /dev/shm} it uses. */
  public NamespaceMode ipc() {
    return state.ipc;
  }

  /** Whose processes it sees. */
  public NamespaceMode pid() {
    return state.pid;
  }

  /** Whose host name it has. */
  public NamespaceMode uts() {
    return state.uts;
  }

  public boolean mayGainPrivileges() {
    return state.newPrivileges;
  }

  public Map<String, String> labels() {
    return Map.copyOf(state.labels);
  }

  public Map<String, String> annotations() {
    return Map.copyOf(state.annotations);
  }

  public LogPolicy log() {
    return state.log;
  }

  public RestartPolicy restartPolicy() {
    return state.restartPolicy;
  }

  public Optional<HealthCheck> healthCheck() {
    return Optional.ofNullable(state.healthCheck);
  }

  /** The first size of its terminal; empty without one. */
  public Optional<ConsoleSize> tty() {
    return Optional.ofNullable(state.tty);
  }

  /** Collects a {@link ContainerSpec}. Not thread-safe. */
  public static final class Builder {
    private final ImageReference image;
    private @Nullable String name;
    private @Nullable List<String> entrypoint;
    private @Nullable List<String> command;
    private final Map<String, String> environment = new LinkedHashMap<>();
    private @Nullable String user;
    private final List<String> groups = new ArrayList<>();
    private @Nullable String workingDirectory;
    private @Nullable String hostname;
    private @Nullable String stopSignal;
    private @Nullable Duration stopTimeout;
    private final List<Mount> mounts = new ArrayList<>();
    private OptionalLong memory = OptionalLong.empty();
    private OptionalLong writableLimit = OptionalLong.empty();
    private OptionalDouble cpus = OptionalDouble.empty();
    private OptionalLong pids = OptionalLong.empty();

    /** None until chosen. */
    private List<Network> networks = List.of();

    private NameResolution nameResolution = NameResolution.DEFAULT;
    private final List<PortBinding> ports = new ArrayList<>();
    private Stdio stdio = Stdio.LOGGED;
    private final Set<String> added = new LinkedHashSet<>();
    private final Set<String> dropped = new LinkedHashSet<>();
    private @Nullable SeccompProfile seccomp;
    private Resources resources = Resources.none();
    private final Map<String, Rlimit> ulimits = new LinkedHashMap<>();
    private final Map<String, String> sysctls = new LinkedHashMap<>();
    private OptionalInt oomScoreAdj = OptionalInt.empty();
    private final List<Device> devices = new ArrayList<>();
    private final List<Hook> hooks = new ArrayList<>();
    private @Nullable String apparmorProfile;
    private @Nullable String selinuxProcess;
    private @Nullable String selinuxFiles;
    private boolean readOnlyRoot;
    private boolean detached;
    private boolean newPrivileges;
    private UserNamespace userNamespace = UserNamespace.host();
    private boolean init;
    private NamespaceMode ipc = NamespaceMode.PRIVATE;
    private NamespaceMode pid = NamespaceMode.PRIVATE;
    private NamespaceMode uts = NamespaceMode.PRIVATE;
    private final Map<String, String> labels = new LinkedHashMap<>();
    private final Map<String, String> annotations = new LinkedHashMap<>();
    private LogPolicy log = LogPolicy.RAW;
    private RestartPolicy restartPolicy = RestartPolicy.NO;
    private @Nullable HealthCheck healthCheck;
    private @Nullable ConsoleSize tty;
    private boolean volumesInRoot;

    private Builder(ImageReference image) {
      this.image = image;
    }

    private Builder copy(ImageReference other) {
      Builder copy = new Builder(other);
      copy.name = name;
      copy.entrypoint = entrypoint;
      copy.command = command;
      copy.environment.putAll(environment);
      copy.user = user;
      copy.groups.addAll(groups);
      copy.workingDirectory = workingDirectory;
      copy.hostname = hostname;
      copy.stopSignal = stopSignal;
      copy.stopTimeout = stopTimeout;
      copy.mounts.addAll(mounts);
      copy.memory = memory;
      copy.writableLimit = writableLimit;
      copy.cpus = cpus;
      copy.pids = pids;
      copy.networks = networks;
      copy.nameResolution = nameResolution;
      copy.ports.addAll(ports);
      copy.stdio = stdio;
      copy.added.addAll(added);
      copy.dropped.addAll(dropped);
      copy.seccomp = seccomp;
      copy.resources = resources;
      copy.ulimits.putAll(ulimits);
      copy.sysctls.putAll(sysctls);
      copy.oomScoreAdj = oomScoreAdj;
      copy.devices.addAll(devices);
      copy.hooks.addAll(hooks);
      copy.apparmorProfile = apparmorProfile;
      copy.selinuxProcess = selinuxProcess;
      copy.selinuxFiles = selinuxFiles;
      copy.readOnlyRoot = readOnlyRoot;
      copy.detached = detached;
      copy.newPrivileges = newPrivileges;
      copy.userNamespace = userNamespace;
      copy.init = init;
      copy.ipc = ipc;
      copy.pid = pid;
      copy.uts = uts;
      copy.labels.putAll(labels);
      copy.annotations.putAll(annotations);
      copy.log = log;
      copy.restartPolicy = restartPolicy;
      copy.healthCheck = healthCheck;
      copy.tty = tty;
      copy.volumesInRoot = volumesInRoot;
      return copy;
    }

    /**
     * The id of the container, 1 to 64 of {@code [a-z0-9_.-]} beginning with a letter or digit. By
     * default a random one.
     */
    public Builder name(String name) {
      requireName(name);
      this.name = name;
      return this;
    }

    /** Replaces the image's entrypoint, and drops its command. */
    public Builder entrypoint(String... entrypoint) {
      this.entrypoint = List.of(entrypoint);
      return this;
    }

    /**
     * Replaces the image's command: what follows the entrypoint, or the program if there is none.
     */
    public Builder command(String... command) {
      this.command = List.of(command);
      return this;
    }

    /** Sets a variable; the rest of the image's environment stays. */
    public Builder environment(String key, String value) {
      requireVariable(key, value);
      environment.put(key, value);
      return this;
    }

    /** Replaces the image's user: {@code name}, {@code uid}, {@code user:group}. */
    public Builder user(String user) {
      this.user = user;
      return this;
    }

    /** Adds a group to those of the user: a name in the container, or a number. */
    public Builder group(String group) {
      groups.add(group);
      return this;
    }

    /** Replaces the image's working directory; made if it is missing. */
    public Builder workingDirectory(String directory) {
      requireAbsolute(directory);
      this.workingDirectory = directory;
      return this;
    }

    /** The host name; by default the container's id, with {@code -} for {@code _}. */
    public Builder hostname(String hostname) {
      this.hostname = hostname;
      return this;
    }

    /** Replaces the image's stop signal: {@code SIGTERM}, {@code TERM} or a number. */
    public Builder stopSignal(String signal) {
      Signals.parse(signal);
      this.stopSignal = signal;
      return this;
    }

    /**
     * How long {@link Container#stop()} waits before the kill; by default 10 s.
     *
     * @throws RuncibleException INVALID_INPUT if it is negative, or above a year
     */
    public Builder stopTimeout(Duration timeout) {
      if (timeout.isNegative() || timeout.compareTo(Duration.ofDays(365)) > 0) {
        throw invalid("a stop cannot wait for " + timeout);
      }
      this.stopTimeout = timeout;
      return this;
    }

    /** Adds a mount. */
    public Builder mount(Mount mount) {
      mounts.add(mount);
      return this;
    }

    /**
     * Sets the size of {@code /dev/shm}, which programs share memory in, as {@link
     * #memory(String)}. By default 64 MiB.
     */
    public Builder shmSize(String size) {
      return mount(Mount.tmpfs("/dev/shm").size(size));
    }

    /**
     * Limits memory; swap beyond it is refused where the host counts swap. By default unlimited.
     *
     * @param bytes at least 6 MiB, which the runtime itself needs to start
     */
    public Builder memory(long bytes) {
      this.memory = Limits.unchanged().withMemory(bytes).memory();
      return this;
    }

    /**
     * Limits memory, as {@code 64m} or {@code 2g}: bytes, or with k, m or g for powers of 1,024.
     */
    public Builder memory(String size) {
      return memory(Limits.parseSize(size));
    }

    /**
     * Limits what the container may write into its root file system, as {@code 64m} or {@code 2g}:
     * bytes, or with k, m or g for powers of 1,024. By default unlimited. Making the container
     * fails with UNSUPPORTED where the file system of the store has no project quotas: it takes
     * root, Linux 5.14, and ext4 or XFS mounted with {@code prjquota}.
     */
    public Builder writableLimit(String size) {
      long bytes = Limits.parseSize(size);
      if (bytes < 1) {
        throw invalid("a limit of " + bytes + " bytes for what the container writes");
      }
      this.writableLimit = OptionalLong.of(bytes);
      return this;
    }

    /** Limits processor time to this many processors, such as 0.5. By default unlimited. */
    public Builder cpus(double cpus) {
      this.cpus = Limits.unchanged().withCpus(cpus).cpus();
      return this;
    }

    /** Limits the number of processes and threads. By default 2,048, where the host can. */
    public Builder pids(long limit) {
      this.pids = Limits.unchanged().withPids(limit).pids();
      return this;
    }

    /**
     * Chooses the network; by default none. A container may be on several bridge networks, and
     * reaches the rest of the world through the first one that is not internal; or on several that
     * plugins make, and then the first one that brings a default route, or name servers, has its
     * way: {@code network(Network.cni("front"), Network.cni("storage"))}. Its devices are {@code
     * eth0}, {@code eth1} and so on.
     *
     * @throws RuncibleException INVALID_INPUT for several that are neither all bridge networks nor
     *     all of plugins, or the same twice
     */
    public Builder network(Network network, Network... more) {
      List<Network> all = new ArrayList<>(List.of(network));
      all.addAll(List.of(more));
      boolean bridges = all.stream().allMatch(one -> one.kind() == Network.Kind.BRIDGE);
      boolean plugins = all.stream().allMatch(one -> one.kind() == Network.Kind.CNI);
      if (all.size() > 1 && !bridges && !plugins) {
        throw invalid(
            "the networks "
                + all
                + " do not go together: several are all bridge networks, or all of CNI plugins");
      }
      if (all.stream().map(Network::name).distinct().count() < all.size()) {
        throw invalid("of the networks " + all + " one is named twice");
      }
      this.networks = List.copyOf(all);
      return this;
    }

    /** Adds hosts, and changes how other names are resolved. */
    public Builder nameResolution(NameResolution nameResolution) {
      this.nameResolution = nameResolution;
      return this;
    }

    /**
     * Publishes a TCP port of the container on a free port of 127.0.0.1, as {@link
     * PortBinding#tcp}. {@link Container#hostAddress} says where that is.
     */
    public Builder publish(int containerPort) {
      return publish(PortBinding.tcp(containerPort));
    }

    /**
     * Publishes a port of the container on the host. The port of the host is taken when the
     * container is made, and is its own until it is closed.
     *
     * <p>As root it works on every network but that of the host, and the program may listen on any
     * address of its network, the loopback device included. What it sees as the client is itself:
     * 127.0.0.1 for clients on the host's loopback device, another address for all others. For an
     * ordinary user it needs {@link Network#USER}, which is then the default, or bridge networks;
     * slirp4netns publishes TCP on IPv4 alone.
     *
     * <p>Until the program listens, a connection is reset at once; that it could be made says
     * nothing. {@link Ready#onPort} looks whether the program listens.
     *
     * <p>A detached container of root is on {@link Network#BRIDGE} unless the spec says otherwise,
     * and the kernel publishes its ports while it runs: the program sees the addresses of its
     * clients, or that of the gateway for those on the host's loopback device. While it does not
     * run, another process can take the port, and a restart fails with FAILED_PRECONDITION then.
     *
     * <p>Making the container fails with FAILED_PRECONDITION if a port is taken, and with
     * UNSUPPORTED if the container is detached, the address is ::1 and the host filters bridged
     * packets.
     */
    public Builder publish(PortBinding port) {
      ports.add(port);
      return this;
    }

    /** Where input and output go; by default to files. */
    public Builder stdio(Stdio stdio) {
      this.stdio = stdio;
      return this;
    }

    /**
     * How the output is kept unless it is {@link Stdio#PIPED} or {@link Stdio#DIRECT}; by default
     * {@link LogPolicy#RAW}, whose files grow with what the container writes, without a limit. For
     * a program that may write without end: {@code log(LogPolicy.cri(10 << 20, 3))}.
     */
    public Builder log(LogPolicy policy) {
      this.log = policy;
      return this;
    }

    /** Adds a capability such as {@code CAP_NET_ADMIN} or {@code NET_ADMIN}. */
    public Builder addCapability(String capability) {
      added.add(capability);
      return this;
    }

    /** Drops a capability, or with {@code ALL} every one that is not added. */
    public Builder dropCapability(String capability) {
      dropped.add(capability);
      return this;
    }

    /** Replaces the default seccomp profile. */
    public Builder seccomp(SeccompProfile profile) {
      this.seccomp = profile;
      return this;
    }

    /**
     * Sets further limits of its control group, such as the processors, swap, input and output.
     * What {@link #memory}, {@link #cpus} and {@link #pids} say counts more. What the host cannot
     * limit, or has not delegated to an ordinary user, is not limited, and said in the log.
     */
    public Builder resources(Resources resources) {
      this.resources = resources;
      return this;
    }

    /**
     * Sets a resource limit of its processes (getrlimit(2)). By default those of this process.
     * Without CAP_SYS_RESOURCE no limit is above that of this process. Some releases of runc now
     * and then raise the soft limit of {@code nofile} to the hard one.
     *
     * @param name {@code nofile}, {@code nproc}, {@code core} and so on
     * @param soft what is enforced; -1 for no limit
     * @param hard up to where a process may raise it; -1 for no limit
     * @throws RuncibleException INVALID_INPUT if there is no such limit, or soft is above hard
     */
    public Builder ulimit(String name, long soft, long hard) {
      String specName = "RLIMIT_" + name.toUpperCase(Locale.ROOT);
      HostLimits.requireRlimit(specName);
      ulimits.put(specName, new Rlimit(soft, hard));
      return this;
    }

    /**
     * Sets a kernel parameter of its own ipc or network namespace, such as {@code
     * net.core.somaxconn}. Making the container fails with INVALID_INPUT for one of the host's.
     */
    public Builder sysctl(String name, String value) {
      sysctls.put(name, value);
      return this;
    }

    /**
     * Sets how readily the kernel kills it when memory runs out, -1000 to 1000; by default as this
     * process. Lowering it below that of this process needs CAP_SYS_RESOURCE.
     */
    public Builder oomScoreAdj(int score) {
      if (score < -1000 || score > 1000) {
        throw invalid("a score of " + score + " is not -1000 to 1000");
      }
      oomScoreAdj = OptionalInt.of(score);
      return this;
    }

    /** Lets it use a device of the host. */
    public Builder device(Device device) {
      devices.add(device);
      return this;
    }

    /**
     * Has its runtime run a program at a moment of its life, which for all stages but one is a
     * program of the host, with the rights of this process.
     */
    public Builder hook(Hook hook) {
      hooks.add(hook);
      return this;
    }

    /**
     * Confines the container by an AppArmor profile of the host. By default none is asked for.
     * Making the container fails with INVALID_INPUT if the profile is not loaded, and with
     * UNSUPPORTED if the host has no AppArmor.
     */
    public Builder apparmorProfile(String profile) {
      this.apparmorProfile = profile;
      return this;
    }

    /**
     * Gives its processes and its files SELinux labels, {@code user:role:type:level}. By default
     * none is asked for, and the policy of the host decides. The files are those of its root file
     * system, of what is mounted in memory, and of {@code /etc/hosts} and the like; a bind mount
     * keeps its own unless it is {@linkplain Mount#relabeled relabeled}.
     *
     * <pre>{@code
     * builder.selinuxLabels(
     *     "system_u:system_r:container_t:s0:c11,c70",
     *     "system_u:object_r:container_file_t:s0:c11,c70");
     * }</pre>
     *
     * <p>Making the container fails with UNSUPPORTED if the host has no SELinux, for an ordinary
     * user, who may not label files of its subordinate ids, for a volume or an image among its
     * mounts, and where no overlay lies on the file system of the store; with INVALID_INPUT for
     * what is no label or the policy does not know.
     */
    public Builder selinuxLabels(String process, String files) {
      this.selinuxProcess = process;
      this.selinuxFiles = files;
      return this;
    }

    /** Makes the root file system read-only; mounts stay as they are. */
    public Builder readOnlyRoot() {
      this.readOnlyRoot = true;
      return this;
    }

    /**
     * Lets the container outlive the engine and this process, from its making on: another engine on
     * the same directories finds it, starts and removes it.
     */
    public Builder detached() {
      this.detached = true;
      return this;
    }

    /** Lets programs gain privileges from set-id bits and file capabilities, such as sudo does. */
    public Builder allowNewPrivileges() {
      this.newPrivileges = true;
      return this;
    }

    /**
     * Which ids of the host its users are. By default {@link UserNamespace#host()}: it has no user
     * namespace of its own.
     */
    public Builder userNamespace(UserNamespace namespace) {
      this.userNamespace = namespace;
      return this;
    }

    /**
     * Puts a small process of the engine before the program, for programs that are not made to be
     * the first one. It starts the program as its child, passes on the signals that it gets, reaps
     * what has lost its parent, and ends with the program: by its exit code, or 128 plus the signal
     * that ended it, which the {@link ExitStatus} then takes for that signal. The program has the
     * usual effects of signals.
     *
     * <p>A program that cannot be started ends the container with 127 if it is not there, otherwise
     * with 126, as in a shell; its start does not fail.
     */
    public Builder init() {
      this.init = true;
      return this;
    }

    /**
     * Whose System V IPC, message queues and {@code /dev/shm} it uses; its own by default. Another
     * container's can be joined if that one is {@link NamespaceMode#SHAREABLE}.
     *
     * <p>This, {@link #pid} and {@link #uts} hold for what {@link NamespaceMode#container} has to
     * say: the namespace is that of the other one's run at the time of the start. Both need the
     * same user namespace; it is INVALID_INPUT otherwise.
     */
    public Builder ipc(NamespaceMode mode) {
      this.ipc = mode;
      return this;
    }

    /**
     * Whose processes it sees; its own by default. With those of another container it ends by
     * SIGKILL when that one ends. Where it is not its own, the end of its first process is that of
     * all its others, if it has a control group; without one, they end with the other container.
     */
    public Builder pid(NamespaceMode mode) {
      this.pid = mode;
      return this;
    }

    /** Whose host name it has; its own by default. Another one's leaves {@link #hostname} none. */
    public Builder uts(NamespaceMode mode) {
      this.uts = mode;
      return this;
    }

    /** Sets a label, by which the container can be found; those of the image are not taken over. */
    public Builder label(String key, String value) {
      if (key.isEmpty()) {
        throw invalid("a label needs a key");
      }
      labels.put(key, value);
      return this;
    }

    /** Sets an annotation of the runtime's configuration, which its runtime may act upon. */
    public Builder annotation(String key, String value) {
      if (key.isEmpty() || (key + value).indexOf('\0') >= 0) {
        throw invalid("'" + key + "' cannot be an annotation");
      }
      annotations.put(key, value);
      return this;
    }

    /**
     * Whether it is started again when it ends by itself; by default not, and never with {@link
     * Stdio#DIRECT}. {@link Container#update(RestartPolicy)} changes it.
     */
    public Builder restart(RestartPolicy policy) {
      this.restartPolicy = policy;
      return this;
    }

    /**
     * Replaces the image's health check; {@link HealthCheck#NONE} is none. An engine runs it: that
     * of a detached container is not checked while no engine has the container.
     */
    public Builder healthCheck(HealthCheck check) {
      this.healthCheck = check;
      return this;
    }

    /**
     * Gives it a terminal of 24 rows and 80 columns, which is its input and both of its outputs.
     * The other side is {@link ContainerProcess#stdin()} and {@link ContainerProcess#stdout()}, as
     * with {@link Stdio#PIPED}; or, with {@link Stdio#INTERACTIVE} and always for a detached
     * container, the log and whoever {@linkplain Container#attach attaches}.
     */
    public Builder tty() {
      return tty(24, 80);
    }

    /** The same with another size to begin with; see {@link ContainerProcess#resize}. */
    public Builder tty(int rows, int columns) {
      tty = new ConsoleSize(rows, columns);
      return this;
    }

    /** The spec. */
    public ContainerSpec build() {
      Builder built = copy(image);
      if (detached && stdio == Stdio.DIRECT) {
        throw invalid("the pipes of a detached container cannot be its own: nobody else has them");
      }
      if (!restartPolicy.equals(RestartPolicy.NO)) {
        requireRestartable(stdio);
      }
      if (tty != null && stdio != Stdio.INTERACTIVE) {
        built.stdio = detached ? Stdio.INTERACTIVE : Stdio.PIPED;
      }
      return new ContainerSpec(built);
    }
  }
}
