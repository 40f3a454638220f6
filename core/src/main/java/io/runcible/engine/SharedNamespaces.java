package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.PidFd;
import io.runcible.network.Network;
import io.runcible.runtime.RuntimeSpec;
import io.runcible.runtime.RuntimeSpec.NamespaceType;
import io.runcible.runtime.RuntimeState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The namespaces that a container has in common with another one, or with the host. Those of
 * another one are kept by files that the runtime's configuration names, and that are mounted anew
 * before each start: a number of a process may be another's by then.
 */
final class SharedNamespaces {
  private static final String IPC = "ipc";
  private static final String PID = "pid";
  private static final String UTS = "uts";
  private static final String NETWORK = "net";
  private static final String MEMORY = "/dev/shm";
  private static final long MEMORY_BYTES = 64L << 20;
  private static final String MOUNT = "fs";
  private static final List<String> PLAIN = List.of("nosuid", "noexec", "nodev");

  private final EngineParts parts;
  private final ContainerDirectory directory;
  private final Map<String, NamespaceMode> modes = new TreeMap<>();

  SharedNamespaces(EngineParts parts, ContainerDirectory directory, ContainerRecord record) {
    this.parts = parts;
    this.directory = directory;
    for (Map.Entry<String, String> mode : modes(record.options()).entrySet()) {
      modes.put(mode.getKey(), NamespaceMode.parse(mode.getValue()));
    }
  }

  private static Map<String, String> modes(ContainerOptions options) {
    Map<String, String> found = options.namespaces();
    return found == null ? Map.of() : found;
  }

  private static NamespaceType type(String kind) {
    return switch (kind) {
      case IPC -> NamespaceType.IPC;
      case PID -> NamespaceType.PID;
      case UTS -> NamespaceType.UTS;
      default -> NamespaceType.NETWORK;
    };
  }

  /** Whether the end of the first process leaves the others of the container alive. */
  static boolean outlivedByOthers(ContainerOptions options) {
    return modes(options).containsKey(PID);
  }

  /** Whether it has anything in common with another container or the host. */
  static boolean hasOthers(ContainerOptions options) {
    return modes(options).values().stream().anyMatch(mode -> !NamespaceMode.parse(mode).isOwn());
  }

  /**
   * What its record is to say. Before anything is made: what cannot be shared.
   *
   * @throws RuncibleException NOT_FOUND, INVALID_INPUT, UNSUPPORTED or FAILED_PRECONDITION
   */
  static Map<String, String> of(EngineParts parts, ContainerSpec spec) {
    Map<String, NamespaceMode> wanted = new TreeMap<>();
    put(wanted, IPC, spec.ipc());
    put(wanted, PID, spec.pid());
    put(wanted, UTS, spec.uts());
    if (spec.network().kind() == Network.Kind.CONTAINER) {
      ContainerDirectory other = find(parts, spec.network().name());
      requireRecord(other);
      if (!Files.exists(other.networkNamespace())) {
        wanted.put(NETWORK, NamespaceMode.container(other.id()));
      }
    }
    check(parts, spec, wanted);
    Map<String, String> modes = new TreeMap<>();
    for (Map.Entry<String, NamespaceMode> mode : wanted.entrySet()) {
      modes.put(mode.getKey(), resolved(parts, mode.getKey(), mode.getValue()).toString());
    }
    return modes;
  }

  private static void put(Map<String, NamespaceMode> modes, String kind, NamespaceMode mode) {
    if (!mode.isOwn() || (kind.equals(IPC) && mode.equals(NamespaceMode.SHAREABLE))) {
      modes.put(kind, mode);
    }
  }

  private static void check(
      EngineParts parts, ContainerSpec spec, Map<String, NamespaceMode> wanted) {
    boolean others = false;
    boolean ofContainers = false;
    for (NamespaceMode mode : wanted.values()) {
      others |= !mode.isOwn();
      ofContainers |= mode.container().isPresent();
    }
    if (others && spec.userNamespace().kind() != UserNamespace.Kind.HOST) {
      throw invalid(
          "a container with a user namespace of its own has no other namespace in common with "
              + "another one or the host: the kernel lets nobody join it from there");
    }
    if (ofContainers && spec.isDetached() && !spec.restartPolicy().equals(RestartPolicy.NO)) {
      throw notRestarted();
    }
    if (wanted.containsKey(UTS) && spec.hostname().isPresent()) {
      throw invalid("a container with the host name of another one, or the host, has none to set");
    }
    if (wanted.containsKey(PID) && spec.stdio() == Stdio.DIRECT) {
      throw invalid("with DIRECT no runtime stays to end what its first process leaves behind");
    }
    NamespaceMode ipc = wanted.get(IPC);
    if (ipc != null
        && !ipc.isOwn()
        && spec.mounts().stream().anyMatch(mount -> mount.destination().equals(MEMORY))) {
      throw invalid(
          "with shared ipc " + MEMORY + " is shared as well, and nothing is mounted there");
    }
    if (NamespaceMode.HOST.equals(wanted.get(PID)) && !parts.limits().place().missing().isEmpty()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "a container needs a control group to see the host's processes, as what it leaves behind"
              + " is found by that alone: "
              + parts.limits().place().missing());
    }
  }

  /**
   * Makes sure that a container can be restarted by itself.
   *
   * @throws RuncibleException INVALID_INPUT for a detached one with a namespace of another one
   */
  static void requireRestartable(ContainerRecord record) {
    if (record.detached()
        && modes(record.options()).values().stream()
            .anyMatch(mode -> NamespaceMode.parse(mode).container().isPresent())) {
      throw notRestarted();
    }
  }

  private static RuncibleException notRestarted() {
    return invalid(
        "a detached container with a namespace of another one has no restart policy: who restarts"
            + " it cannot join that one anew");
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }

  /** Names the container by its id and, for its shared memory, the one that made that. */
  private static NamespaceMode resolved(EngineParts parts, String kind, NamespaceMode mode) {
    if (mode.container().isEmpty()) {
      return mode;
    }
    ContainerDirectory other = find(parts, mode.container().get());
    ContainerRecord record = requireRecord(other);
    if (!record.ids().ofHost()) {
      throw invalid(
          "the "
              + kind
              + " namespace of container '"
              + other.id()
              + "' cannot be shared: it belongs to that one's own user namespace");
    }
    if (kind.equals(IPC)) {
      NamespaceMode ofOther =
          NamespaceMode.parse(
              modes(record.options()).getOrDefault(IPC, NamespaceMode.PRIVATE.toString()));
      if (ofOther.equals(NamespaceMode.PRIVATE)) {
        throw new RuncibleException(
            ErrorKind.FAILED_PRECONDITION,
            "the ipc of container '" + other.id() + "' cannot be shared: make it with SHAREABLE");
      }
      return ofOther.equals(NamespaceMode.SHAREABLE)
          ? NamespaceMode.container(other.id())
          : ofOther;
    }
    return NamespaceMode.container(other.id());
  }

  private static ContainerDirectory find(EngineParts parts, String name) {
    return ContainerDirectory.of(
        parts.containers(), new ContainerNames(parts.containers()).idOf(name));
  }

  private static ContainerRecord requireRecord(ContainerDirectory other) {
    return ContainerRecord.read(other)
        .orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.NOT_FOUND,
                    "there is no container '" + other.id() + "' to share a namespace with"));
  }

  /** The host name inside: that of another one, where it has the names in common with that. */
  String hostname(String own) {
    NamespaceMode mode = modes.get(UTS);
    if (mode == null) {
      return own;
    }
    if (mode.container().isPresent()) {
      ContainerRecord other = requireRecord(find(parts, mode.container().get()));
      return new SharedNamespaces(parts, find(parts, other.id()), other).hostname(other.hostname());
    }
    try {
      return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot read the host's name", e);
    }
  }

  /** After the mounts of the spec: says it in the configuration, and makes what others may join. */
  void configure(ContainerSpec spec, RuntimeSpec.Builder builder) {
    modes.forEach(
        (kind, mode) -> {
          NamespaceType type = type(kind);
          if (mode.equals(NamespaceMode.HOST)) {
            builder.shareWithHost(type);
          } else if (mode.container().isPresent()) {
            builder.namespace(RuntimeSpec.Namespace.join(type, makePin(kind)));
          }
        });
    memory(spec, builder);
    if (NamespaceMode.HOST.equals(modes.get(PID)) && parts.host().rootless()) {
      // A new one would need rights over the host's namespace.
      builder.mount(ofHost("/proc"));
    }
  }

  private void memory(ContainerSpec spec, RuntimeSpec.Builder builder) {
    NamespaceMode mode = modes.get(IPC);
    if (mode == null) {
      return;
    }
    if (mode.equals(NamespaceMode.HOST)) {
      builder.mount(ofHost(MEMORY));
      if (!Files.isDirectory(Path.of("/dev/mqueue"))) {
        builder.withoutMount("/dev/mqueue");
      } else if (parts.host().rootless()) {
        builder.mount(ofHost("/dev/mqueue"));
      }
      return;
    }
    Path source = memory(directory);
    if (mode.equals(NamespaceMode.SHAREABLE)) {
      makeDirectory(source);
      parts.host().mountMemory(source, bytes(spec));
    } else {
      source = memory(find(parts, mode.container().orElseThrow()));
    }
    builder.mount(bind(source.toString(), MEMORY));
  }

  /** The size that the spec gives it, as of a mount. */
  private static long bytes(ContainerSpec spec) {
    List<Mount> given =
        spec.mounts().stream().filter(mount -> mount.destination().equals(MEMORY)).toList();
    if (given.stream().anyMatch(mount -> mount.kind() != Mount.Kind.TMPFS)) {
      throw invalid("what is mounted on " + MEMORY + " cannot be shared with others");
    }
    return given.stream().flatMapToLong(m -> m.size().stream()).findFirst().orElse(MEMORY_BYTES);
  }

  private static Path memory(ContainerDirectory of) {
    return of.mounts().resolve("shm").resolve(MOUNT);
  }

  private static RuntimeSpec.Mount ofHost(String path) {
    return bind(path, path);
  }

  private static RuntimeSpec.Mount bind(String source, String target) {
    List<String> options = new ArrayList<>(List.of("rbind", "rprivate", "rw"));
    options.addAll(PLAIN);
    return new RuntimeSpec.Mount(target, "bind", source, options);
  }

  private Path pin(String kind) {
    return directory.mounts().resolve(kind).resolve(MOUNT);
  }

  private Path makePin(String kind) {
    Path pin = pin(kind);
    makeDirectory(directory.mounts().resolve(kind));
    try {
      return Files.createFile(pin);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + pin + "'", e);
    }
  }

  private static void makeDirectory(Path path) {
    try {
      Files.createDirectories(path);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + path + "'", e);
    }
  }

  /**
   * Before a start: the namespaces are those that the other containers are in now.
   *
   * @throws RuncibleException FAILED_PRECONDITION if one does not run, INVALID_INPUT if it is in
   *     another user namespace
   */
  void pin() {
    modes.forEach(
        (kind, mode) -> mode.container().ifPresent(other -> pin(kind, find(parts, other))));
  }

  private void pin(String kind, ContainerDirectory other) {
    try (PidFd process = running(other, kind)) {
      Path proc = Path.of("/proc", String.valueOf(process.pid()), "ns");
      if (!same(proc, "user")) {
        throw invalid(
            "the "
                + kind
                + " namespace of container '"
                + other.id()
                + "' cannot be shared: it belongs to another user namespace, of another engine");
      }
      if (same(proc, kind)) {
        throw invalid(
            "the "
                + kind
                + " namespace of container '"
                + other.id()
                + "' is the host's: ask for it");
      }
      if (!parts.host().pinNamespace(process, kind, pin(kind))) {
        throw notRunning(other, kind);
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "the namespaces of container '" + other.id() + "' cannot be read",
          e);
    }
  }

  private boolean same(Path namespaces, String kind) throws IOException {
    return Files.readSymbolicLink(namespaces.resolve(kind))
        .toString()
        .equals(parts.host().namespaceHere(kind));
  }

  private PidFd running(ContainerDirectory other, String kind) {
    Optional<Integer> pid = pid(other);
    Optional<PidFd> opened = pid.flatMap(PidFd::open);
    // Asked again: what is seen alive after it was opened is what the descriptor names.
    if (opened.isPresent() && !pid(other).equals(pid)) {
      opened.get().close();
      opened = Optional.empty();
    }
    return opened.orElseThrow(() -> notRunning(other, kind));
  }

  private Optional<Integer> pid(ContainerDirectory of) {
    return parts.runtime().state(of.id()).map(RuntimeState::pid).filter(pid -> pid > 0);
  }

  private static RuncibleException notRunning(ContainerDirectory other, String kind) {
    return new RuncibleException(
        ErrorKind.FAILED_PRECONDITION,
        "container '"
            + other.id()
            + "', whose "
            + kind
            + " namespace is to be shared, does not run; start it first");
  }
}
