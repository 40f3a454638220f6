package io.runcible.engine;

import io.runcible.ffi.NativeAccess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What the engines below some directories, and this JVM, hold of the host: one line for each thing.
 * Looks at the kernel's files alone, and not through the code under test.
 */
final class HostResources {
  private static final Path PROC = Path.of("/proc");
  private static final String PROCESS = "process ";
  private static final String SOCKET = "open file socket:[";
  private static final String FILE = "file ";
  private static final Path CGROUPS = Path.of("/sys/fs/cgroup");

  /** In a line of mountinfo. */
  private static final int MOUNT_POINT = 4;

  /** Threads of the library; those of the test registry end by themselves after a while. */
  private static final String THREADS = "runcible-";

  private static final String REGISTRY_THREADS = "runcible-registry-";

  private final List<String> roots;
  private final List<String> rootsOfRoot;
  private final List<String> found = new ArrayList<>();

  private HostResources(List<Path> roots) {
    this.roots = roots.stream().map(Path::toString).toList();
    this.rootsOfRoot = roots.stream().filter(HostResources::isOfRoot).map(Path::toString).toList();
  }

  static List<String> of(List<Path> roots) {
    HostResources resources = new HostResources(roots);
    Set<Long> own = resources.processes();
    resources.mounts();
    resources.controlGroups(own);
    if (NativeAccess.isRoot()) {
      resources.found.addAll(HostNetworks.of(roots));
    }
    roots.forEach(resources::files);
    resources.descriptors();
    resources.threads();
    return resources.found;
  }

  /** The processes of the engines, one line each. */
  static List<String> processesOf(List<Path> roots) {
    HostResources resources = new HostResources(roots);
    resources.processes();
    return resources.found;
  }

  /** The processes that keep the namespaces of an ordinary user's engines below a directory. */
  static List<ProcessHandle> holders(Path root) {
    return ProcessHandle.allProcesses()
        .filter(
            process -> {
              String line = commandLine(process.pid());
              return line.contains("runcible-holder") && line.contains(root.toString());
            })
        .toList();
  }

  /** The processes whose command names one of the roots. */
  static List<String> commandsOf(List<Path> roots) {
    HostResources resources = new HostResources(roots);
    return list(PROC, "[0-9]*").stream()
        .map(process -> Long.parseLong(process.getFileName().toString()))
        .filter(pid -> pid != ProcessHandle.current().pid())
        .map(HostResources::commandLine)
        .filter(resources::mentions)
        .toList();
  }

  /** Descendants of this JVM, and all that know one of the roots by argument or by mount. */
  private Set<Long> processes() {
    Map<Long, Long> parents = new HashMap<>();
    Set<String> ofTheKernel = kernelThreads();
    for (Path process : list(PROC, "[0-9]*")) {
      if (ofTheKernel.contains(process.getFileName().toString())) {
        continue;
      }
      parent(process)
          .ifPresent(parent -> parents.put(Long.valueOf(process.getFileName().toString()), parent));
    }
    Set<Long> own = new LinkedHashSet<>();
    String mounts = link(PROC.resolve("self/ns/mnt"));
    for (long pid : parents.keySet()) {
      Path process = PROC.resolve(String.valueOf(pid));
      String command = commandLine(pid);
      boolean inside =
          !link(process.resolve("ns/mnt")).equals(mounts) && hasMounts(process, command);
      boolean self = pid == ProcessHandle.current().pid();
      if (!self && (descends(pid, parents) || mentions(command) || inside)) {
        own.add(pid);
        // Only the number: what it executes may change.
        found.add(PROCESS + pid);
      }
    }
    return own;
  }

  /**
   * Whether it has mounts of the engines. Somebody else's namespace has a copy of those that were
   * on the host when it was made, each in its place; so has what is to become a container. An
   * ordinary user's engine mounts in the same places, but by processes that are not root's.
   */
  private boolean hasMounts(Path process, String command) {
    List<String> mounts =
        read(process.resolve("mountinfo")).lines().filter(this::mentions).toList();
    List<String> copied = isOfRoot(read(process.resolve("status"))) ? roots : rootsOfRoot;
    return mounts.stream()
            .map(line -> line.split(" ")[MOUNT_POINT])
            .anyMatch(point -> copied.stream().noneMatch(point::startsWith))
        || (!mounts.isEmpty() && command.endsWith(" init"));
  }

  /** By its status, as who asks about a process that is closed to others is told of root. */
  private static boolean isOfRoot(String status) {
    return status.contains("\nUid:\t0\t");
  }

  /** Whether nothing of an ordinary user is there, who mounts in namespaces of its own alone. */
  private static boolean isOfRoot(Path root) {
    return isOf(0, root) && list(root, "*").stream().allMatch(entry -> isOf(0, entry));
  }

  /** More than half of all processes, which would be asked about thousands of times. */
  private static Set<String> kernelThreads() {
    Path parent = PROC.resolve("2");
    return read(parent.resolve("comm")).equals("kthreadd\n")
        ? Set.of(read(parent.resolve("task/2/children")).strip().split(" "))
        : Set.of();
  }

  /** Empty if it has ended. */
  static String commandLine(long pid) {
    return read(PROC.resolve(pid + "/cmdline")).replace('\0', ' ').strip();
  }

  /** The line of a resource, and of a process what it executes now. */
  static String described(String resource) {
    if (resource.startsWith(PROCESS)) {
      return resource
          + " "
          + shown(commandLine(Long.parseLong(resource.substring(PROCESS.length()))));
    }
    if (resource.startsWith(SOCKET)) {
      return resource + " " + ends(resource);
    }
    return resource.startsWith(FILE)
        ? resource + " " + content(Path.of(resource.substring(FILE.length())))
        : resource;
  }

  /**
   * Whether it is the socket that this JVM opens when a tool of the JDK's first looks into it, and
   * keeps: somebody wanted to know what its threads are doing.
   */
  static boolean isOfAttaching(String resource) {
    String name = "/.java_pid" + ProcessHandle.current().pid() + ".";
    return resource.startsWith(SOCKET)
        && ends(resource).stream().anyMatch(end -> end.contains(name));
  }

  /** Which ends a socket has, by the kernel's tables. */
  private static List<String> ends(String socket) {
    String inode = socket.substring(SOCKET.length()).replace("]", "");
    List<String> ends = new ArrayList<>();
    for (String family : List.of("tcp", "tcp6", "udp", "udp6", "unix", "netlink")) {
      for (String line : read(PROC.resolve("self/net").resolve(family)).split("\n", -1)) {
        if (List.of(line.strip().split(" +", -1)).contains(inode)) {
          ends.add(family + " " + line.strip());
        }
      }
    }
    return ends;
  }

  /** Of a journal, what it says; otherwise the names below. */
  private static List<String> content(Path file) {
    try (Stream<Path> below = Files.walk(file)) {
      return below
          .skip(1)
          .limit(20)
          .map(path -> path.getFileName() + (isNote(path) ? " " + read(path) : ""))
          .toList();
    } catch (IOException | UncheckedIOException e) {
      return List.of();
    }
  }

  private static boolean isNote(Path path) {
    return path.toString().contains("/journal/") && path.toString().endsWith(".json");
  }

  private static String shown(String command) {
    String line = command.replace('\n', ' ').replaceAll(" +", " ");
    int length = line.length();
    return length == 0
        ? "(ended, not reaped)"
        : length < 300 ? line : line.substring(0, 100) + " … " + line.substring(length - 200);
  }

  private static Optional<Long> parent(Path process) {
    String stat = read(process.resolve("stat"));
    int end = stat.lastIndexOf(')');
    return end < 0
        ? Optional.empty()
        : Optional.of(Long.valueOf(stat.substring(end + 2).split(" ")[1]));
  }

  private static boolean descends(long pid, Map<Long, Long> parents) {
    long self = ProcessHandle.current().pid();
    Long ancestor = parents.get(pid);
    for (int depth = 0; ancestor != null && depth < 32; depth++) {
      if (ancestor == self) {
        return true;
      }
      ancestor = parents.get(ancestor);
    }
    return false;
  }

  private boolean mentions(String text) {
    return roots.stream().anyMatch(text::contains);
  }

  private void mounts() {
    read(PROC.resolve("self/mountinfo"))
        .lines()
        .map(line -> line.split(" ")[MOUNT_POINT])
        .filter(this::mentions)
        .forEach(point -> found.add("mount " + point));
  }

  /** Of this user. Groups of other engines of this host are full as long as they are there. */
  private void controlGroups(Set<Long> own) {
    List<Path> hierarchies = new ArrayList<>(list(CGROUPS, "*"));
    int uid = NativeAccess.effectiveUid();
    Path user = CGROUPS.resolve("user.slice/user-" + uid + ".slice/user@" + uid + ".service");
    List.of(CGROUPS, user)
        .forEach(parent -> hierarchies.addAll(List.of(parent, parent.resolve("runcible.slice"))));
    for (Path hierarchy : hierarchies) {
      // crun makes a directory also where the second generation would be, and leaves it.
      boolean ofKernel = Files.exists(hierarchy.resolve("cgroup.procs"));
      for (Path group : ofKernel ? list(hierarchy, "runcible-*") : List.<Path>of()) {
        if (Files.isDirectory(group) && isOf(uid, group)) {
          List<Long> pids = read(group.resolve("cgroup.procs")).lines().map(Long::valueOf).toList();
          if (pids.isEmpty() || pids.stream().anyMatch(own::contains)) {
            found.add("control group " + group);
          }
        }
      }
    }
  }

  private static boolean isOf(int uid, Path file) {
    try {
      return Files.getAttribute(file, "unix:uid").equals(uid);
    } catch (IOException e) {
      return false;
    }
  }

  /** What is left of work in a store: a finished image and an unpacked layer may stay. */
  private void files(Path root) {
    for (String directory :
        List.of("journal", "containers", "ingest", "leases", "locks", "images", "snapshots")) {
      Path place = root.resolve("data").resolve(directory);
      for (Path entry : Files.isDirectory(place) ? list(place, "*") : List.<Path>of()) {
        String name = entry.getFileName().toString();
        boolean fine =
            switch (directory) {
              case "locks" -> name.equals("store") || name.equals("turnstile");
              case "images" -> list(entry, "*").stream().allMatch(HostResources::isRecord);
              case "snapshots" -> name.matches("[0-9a-f]{64}");
              default -> false;
            };
        if (!fine) {
          found.add(FILE + entry);
        }
      }
    }
    Path networks = root.resolve("data").resolve("networks");
    for (Path network :
        Files.isDirectory(networks) ? list(networks, "[a-z0-9]*") : List.<Path>of()) {
      for (Path table : list(network, "leases-*.json")) {
        String leases = read(table);
        if (!leases.isEmpty() && !leases.startsWith("{\"leases\":[],\"engines\":[],")) {
          found.add("leases of network " + network + ": " + leases);
        }
      }
    }
    Path state = root.resolve("state");
    for (Path runtime : Files.isDirectory(state) ? list(state, "*") : List.<Path>of()) {
      // Beside them is what is known of the runtime's version.
      if (Files.isDirectory(runtime)) {
        boolean holder = runtime.getFileName().toString().matches("(holder|network)-.*");
        List<Path> entries = list(runtime, "*");
        if (holder) {
          addHolder(runtime, entries);
        } else {
          entries.forEach(entry -> found.add("runtime state " + entry));
        }
      } else if (!runtime.toString().endsWith(".version.json")) {
        found.add("runtime state " + runtime);
      }
    }
  }

  /** One that looks whether it is to end is the same as before and after that. */
  private void addHolder(Path place, List<Path> entries) {
    Set<Path> seen = new TreeSet<>(entries);
    if (seen.remove(place.resolve("ending"))) {
      seen.add(place.resolve("holder"));
    }
    if (seen.contains(place.resolve("holder"))) {
      seen.remove(place.resolve("joined"));
    }
    // Two who wait for it have to have the same one.
    seen.remove(place.resolve("lock"));
    seen.forEach(entry -> found.add("runtime state " + entry));
  }

  private static boolean isRecord(Path file) {
    return file.getFileName().toString().matches("[0-9a-f]{64}[.]json");
  }

  private void descriptors() {
    for (Path descriptor : list(PROC.resolve("self/fd"), "*")) {
      String target = link(descriptor);
      boolean noise =
          target.isEmpty()
              || target.endsWith(".jar")
              || target.endsWith("/modules")
              // The runtime, which an engine has from its first start until it is closed.
              || target.matches("/memfd:(runc|crun) .*")
              || target.startsWith("/dev/")
              || target.startsWith("/proc/");
      if (!noise) {
        found.add("open file " + target);
      }
    }
  }

  private void threads() {
    Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith(THREADS) && !name.startsWith(REGISTRY_THREADS))
        .forEach(name -> found.add("thread " + name));
  }

  static List<Path> list(Path directory, String glob) {
    List<Path> entries = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory, glob)) {
      stream.forEach(entries::add);
    } catch (NoSuchFileException | DirectoryIteratorException e) {
      return entries;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return entries;
  }

  /** Empty if it vanished meanwhile. */
  static String read(Path file) {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }

  static String link(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      return "";
    }
  }
}
