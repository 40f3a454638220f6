package io.runcible.engine;

import io.runcible.image.HealthCheck;
import io.runcible.image.ImageReference;
import io.runcible.network.Network;
import io.runcible.network.PortBinding;
import io.runcible.runtime.Hook;
import io.runcible.runtime.ProcessSpec.ConsoleSize;
import io.runcible.runtime.ProcessSpec.Rlimit;
import io.runcible.runtime.Resources;
import io.runcible.runtime.SeccompProfile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link ContainerSpec} says, which never changes once the spec is there, and its builder
 * collects. Not thread-safe.
 */
final class SpecState {
  final ImageReference image;
  @Nullable String name;
  @Nullable List<String> entrypoint;
  @Nullable List<String> command;
  final Map<String, String> environment = new LinkedHashMap<>();
  @Nullable String user;
  final List<String> groups = new ArrayList<>();
  @Nullable String workingDirectory;
  @Nullable String hostname;
  @Nullable String stopSignal;
  @Nullable Duration stopTimeout;
  final List<Mount> mounts = new ArrayList<>();
  OptionalLong memory = OptionalLong.empty();
  OptionalLong writableLimit = OptionalLong.empty();
  OptionalDouble cpus = OptionalDouble.empty();
  OptionalLong pids = OptionalLong.empty();

  /** None until chosen. */
  List<Network> networks = List.of();

  NameResolution nameResolution = NameResolution.DEFAULT;
  final List<PortBinding> ports = new ArrayList<>();
  Stdio stdio = Stdio.LOGGED;
  final Set<String> added = new LinkedHashSet<>();
  final Set<String> dropped = new LinkedHashSet<>();
  @Nullable SeccompProfile seccomp;
  Resources resources = Resources.none();
  final Map<String, Rlimit> ulimits = new LinkedHashMap<>();
  final Map<String, String> sysctls = new LinkedHashMap<>();
  OptionalInt oomScoreAdj = OptionalInt.empty();
  final List<Device> devices = new ArrayList<>();
  final List<Hook> hooks = new ArrayList<>();
  @Nullable String apparmorProfile;
  @Nullable String selinuxProcess;
  @Nullable String selinuxFiles;
  boolean readOnlyRoot;
  boolean detached;
  boolean autoRemove;
  boolean newPrivileges;
  UserNamespace userNamespace = UserNamespace.host();
  boolean init;
  NamespaceMode ipc = NamespaceMode.PRIVATE;
  NamespaceMode pid = NamespaceMode.PRIVATE;
  NamespaceMode uts = NamespaceMode.PRIVATE;
  final Map<String, String> labels = new LinkedHashMap<>();
  final Map<String, String> annotations = new LinkedHashMap<>();
  LogPolicy log = LogPolicy.RAW;
  RestartPolicy restartPolicy = RestartPolicy.NO;
  @Nullable HealthCheck healthCheck;
  @Nullable ConsoleSize tty;
  boolean volumesInRoot;

  SpecState(ImageReference image) {
    this.image = image;
  }

  /** The same for another image. */
  SpecState copy(ImageReference other) {
    SpecState copy = new SpecState(other);
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
    copy.autoRemove = autoRemove;
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
}
