package io.runcible.engine;

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
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What to run and within which limits. Immutable. What is not set comes from the image, and what
 * the image does not set is safe: no network, the capabilities that containers usually have, the
 * default seccomp profile, no new privileges.
 */
public final class ContainerSpec {
  private final SpecState state;

  private ContainerSpec(SpecState state) {
    this.state = state;
  }

  /**
   * Begins a spec.
   *
   * @param image a reference; short names expand as everywhere: {@code redis:7}
   * @throws RuncibleException INVALID_INPUT if it is no reference
   */
  public static Builder builder(String image) {
    return new Builder(new SpecState(ImageReference.parse(image)));
  }

  /** A builder that starts from this spec. */
  public Builder toBuilder() {
    return new Builder(state.copy(state.image));
  }

  /** The same for an image that was made of a container of this spec, with its volumes in it. */
  ContainerSpec fork(ImageReference primed) {
    SpecState fork = state.copy(primed);
    fork.mounts.removeIf(ContainerSpec::isForked);
    fork.volumesInRoot = true;
    return new ContainerSpec(fork);
  }

  /** Whether it is a volume whose files are in a primed image. */
  static boolean isForked(Mount mount) {
    return mount.kind() == Mount.Kind.VOLUME && mount.name().isEmpty();
  }

  /** The same for a container that runs once, and that only its maker finds. */
  ContainerSpec once() {
    SpecState copy = state.copy(state.image);
    copy.name = null;
    copy.detached = false;
    copy.autoRemove = false;
    copy.restartPolicy = RestartPolicy.NO;
    return new ContainerSpec(copy);
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

  /** Whether it is removed by itself once it has ended. */
  public boolean isAutoRemoved() {
    return state.autoRemove;
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
    private final SpecState state;

    private Builder(SpecState state) {
      this.state = state;
    }

    /**
     * The id of the container, 1 to 64 of {@code [a-z0-9_.-]} beginning with a letter or digit. By
     * default a random one.
     */
    public Builder name(String name) {
      SpecRules.requireName(name);
      state.name = name;
      return this;
    }

    /** Replaces the image's entrypoint, and drops its command. */
    public Builder entrypoint(String... entrypoint) {
      state.entrypoint = List.of(entrypoint);
      return this;
    }

    /**
     * Replaces the image's command: what follows the entrypoint, or the program if there is none.
     */
    public Builder command(String... command) {
      state.command = List.of(command);
      return this;
    }

    /** Sets a variable; the rest of the image's environment stays. */
    public Builder environment(String key, String value) {
      SpecRules.requireVariable(key, value);
      state.environment.put(key, value);
      return this;
    }

    /** Replaces the image's user: {@code name}, {@code uid}, {@code user:group}. */
    public Builder user(String user) {
      state.user = user;
      return this;
    }

    /** Adds a group to those of the user: a name in the container, or a number. */
    public Builder group(String group) {
      state.groups.add(group);
      return this;
    }

    /** Replaces the image's working directory; made if it is missing. */
    public Builder workingDirectory(String directory) {
      SpecRules.requireAbsolute(directory);
      state.workingDirectory = directory;
      return this;
    }

    /** The host name; by default the container's id, with {@code -} for {@code _}. */
    public Builder hostname(String hostname) {
      state.hostname = hostname;
      return this;
    }

    /** Replaces the image's stop signal: {@code SIGTERM}, {@code TERM} or a number. */
    public Builder stopSignal(String signal) {
      Signals.parse(signal);
      state.stopSignal = signal;
      return this;
    }

    /**
     * How long {@link Container#stop()} waits before the kill; by default 10 s.
     *
     * @throws RuncibleException INVALID_INPUT if it is negative, or above a year
     */
    public Builder stopTimeout(Duration timeout) {
      SpecRules.requireStopTimeout(timeout);
      state.stopTimeout = timeout;
      return this;
    }

    /** Adds a mount. */
    public Builder mount(Mount mount) {
      state.mounts.add(mount);
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
      state.memory = Limits.unchanged().withMemory(bytes).memory();
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
      SpecRules.requireWritableLimit(bytes);
      state.writableLimit = OptionalLong.of(bytes);
      return this;
    }

    /** Limits processor time to this many processors, such as 0.5. By default unlimited. */
    public Builder cpus(double cpus) {
      state.cpus = Limits.unchanged().withCpus(cpus).cpus();
      return this;
    }

    /** Limits the number of processes and threads. By default 2,048, where the host can. */
    public Builder pids(long limit) {
      state.pids = Limits.unchanged().withPids(limit).pids();
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
      SpecRules.requireTogether(all);
      state.networks = List.copyOf(all);
      return this;
    }

    /** Adds hosts, and changes how other names are resolved. */
    public Builder nameResolution(NameResolution nameResolution) {
      state.nameResolution = nameResolution;
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
      state.ports.add(port);
      return this;
    }

    /** Where input and output go; by default to files. */
    public Builder stdio(Stdio stdio) {
      state.stdio = stdio;
      return this;
    }

    /**
     * How the output is kept unless it is {@link Stdio#PIPED} or {@link Stdio#DIRECT}; by default
     * {@link LogPolicy#RAW}, whose files grow with what the container writes, without a limit. For
     * a program that may write without end: {@code log(LogPolicy.cri(10 << 20, 3))}, or {@link
     * LogPolicy#NONE}.
     */
    public Builder log(LogPolicy policy) {
      state.log = policy;
      return this;
    }

    /** Adds a capability such as {@code CAP_NET_ADMIN} or {@code NET_ADMIN}. */
    public Builder addCapability(String capability) {
      state.added.add(capability);
      return this;
    }

    /** Drops a capability, or with {@code ALL} every one that is not added. */
    public Builder dropCapability(String capability) {
      state.dropped.add(capability);
      return this;
    }

    /** Replaces the default seccomp profile. */
    public Builder seccomp(SeccompProfile profile) {
      state.seccomp = profile;
      return this;
    }

    /**
     * Sets further limits of its control group, such as the processors, swap, input and output.
     * What {@link #memory}, {@link #cpus} and {@link #pids} say counts more. What the host cannot
     * limit, or has not delegated to an ordinary user, is not limited, and said in the log.
     */
    public Builder resources(Resources resources) {
      state.resources = resources;
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
      state.ulimits.put(specName, new Rlimit(soft, hard));
      return this;
    }

    /**
     * Sets a kernel parameter of its own ipc or network namespace, such as {@code
     * net.core.somaxconn}. Making the container fails with INVALID_INPUT for one of the host's.
     */
    public Builder sysctl(String name, String value) {
      state.sysctls.put(name, value);
      return this;
    }

    /**
     * Sets how readily the kernel kills it when memory runs out, -1000 to 1000; by default as this
     * process. Lowering it below that of this process needs CAP_SYS_RESOURCE.
     */
    public Builder oomScoreAdj(int score) {
      SpecRules.requireOomScore(score);
      state.oomScoreAdj = OptionalInt.of(score);
      return this;
    }

    /** Lets it use a device of the host. */
    public Builder device(Device device) {
      state.devices.add(device);
      return this;
    }

    /**
     * Has its runtime run a program at a moment of its life, which for all stages but one is a
     * program of the host, with the rights of this process.
     */
    public Builder hook(Hook hook) {
      state.hooks.add(hook);
      return this;
    }

    /**
     * Confines the container by an AppArmor profile of the host. By default none is asked for.
     * Making the container fails with INVALID_INPUT if the profile is not loaded, and with
     * UNSUPPORTED if the host has no AppArmor.
     */
    public Builder apparmorProfile(String profile) {
      state.apparmorProfile = profile;
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
      state.selinuxProcess = process;
      state.selinuxFiles = files;
      return this;
    }

    /** Makes the root file system read-only; mounts stay as they are. */
    public Builder readOnlyRoot() {
      state.readOnlyRoot = true;
      return this;
    }

    /**
     * Lets the container outlive the engine and this process, from its making on: another engine on
     * the same directories finds it, starts and removes it.
     */
    public Builder detached() {
      state.detached = true;
      return this;
    }

    /**
     * Has a {@link #detached()} container removed, with its volumes without a name, once it has
     * ended or its start has failed; by default it stays until somebody removes it. One that was
     * never started stays, and so does one that is restarted.
     *
     * <p>An engine that has it when it ends, as it has started it or found it, does so by itself,
     * soon after those who wait for the end have been told. Otherwise the next engine that is
     * opened on the same directories does, as also where a removal failed: until then such a
     * container is found, and can be removed, but not be started any more. Nobody does so while an
     * engine has not heard of the end yet, or reads its log in the format of Kubernetes to its end.
     */
    public Builder autoRemove() {
      state.autoRemove = true;
      return this;
    }

    /** Lets programs gain privileges from set-id bits and file capabilities, such as sudo does. */
    public Builder allowNewPrivileges() {
      state.newPrivileges = true;
      return this;
    }

    /**
     * Which ids of the host its users are. By default {@link UserNamespace#host()}: it has no user
     * namespace of its own.
     */
    public Builder userNamespace(UserNamespace namespace) {
      state.userNamespace = namespace;
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
      state.init = true;
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
      state.ipc = mode;
      return this;
    }

    /**
     * Whose processes it sees; its own by default. With those of another container it ends by
     * SIGKILL when that one ends. Where it is not its own, the end of its first process is that of
     * all its others, if it has a control group; without one, they end with the other container.
     */
    public Builder pid(NamespaceMode mode) {
      state.pid = mode;
      return this;
    }

    /** Whose host name it has; its own by default. Another one's leaves {@link #hostname} none. */
    public Builder uts(NamespaceMode mode) {
      state.uts = mode;
      return this;
    }

    /** Sets a label, by which the container can be found; those of the image are not taken over. */
    public Builder label(String key, String value) {
      SpecRules.requireLabelKey(key);
      state.labels.put(key, value);
      return this;
    }

    /**
     * Sets an annotation of the runtime's configuration, which its runtime may act upon: crun, for
     * one, takes a seccomp filter from {@code run.oci.seccomp_bpf_data} in the place of the
     * profile. So annotations are not for those that a program does not trust.
     */
    public Builder annotation(String key, String value) {
      SpecRules.requireAnnotation(key, value);
      state.annotations.put(key, value);
      return this;
    }

    /**
     * Whether it is started again when it ends by itself; by default not, and never with {@link
     * Stdio#DIRECT}. {@link Container#update(RestartPolicy)} changes it.
     */
    public Builder restart(RestartPolicy policy) {
      state.restartPolicy = policy;
      return this;
    }

    /**
     * Replaces the image's health check; {@link HealthCheck#NONE} is none. An engine runs it: that
     * of a detached container is not checked while no engine has the container.
     */
    public Builder healthCheck(HealthCheck check) {
      state.healthCheck = check;
      return this;
    }

    /**
     * Gives it a terminal of 24 rows and 80 columns, which is its input and both of its outputs.
     * The other side is {@link ContainerProcess#stdin()} and {@link ContainerProcess#stdout()}, as
     * with {@link Stdio#PIPED}; or, with {@link Stdio#INTERACTIVE} and always for a detached
     * container, the log and whoever {@linkplain Container#attach attaches}. crun 1.8 drops what a
     * program writes just before its end.
     */
    public Builder tty() {
      return tty(24, 80);
    }

    /** The same with another size to begin with; see {@link ContainerProcess#resize}. */
    public Builder tty(int rows, int columns) {
      state.tty = new ConsoleSize(rows, columns);
      return this;
    }

    /**
     * The spec.
     *
     * @throws RuncibleException INVALID_INPUT if what it says does not go together
     */
    public ContainerSpec build() {
      SpecRules.requireFitting(state);
      SpecState built = state.copy(state.image);
      if (built.tty != null && built.stdio != Stdio.INTERACTIVE) {
        built.stdio = built.detached ? Stdio.INTERACTIVE : Stdio.PIPED;
      }
      return new ContainerSpec(built);
    }
  }
}
