package io.runcible.runtime;

import io.runcible.ffi.Spawn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Finds the place of this process's containers among the control groups. */
final class CgroupPlaces {
  private static final String HOW =
      "; start this program by 'systemd-run --user --scope -p Delegate=yes', or in a session that"
          + " has a user manager (package dbus-user-session, XDG_RUNTIME_DIR set)";

  private final Cgroups cgroups;
  private final Path root;
  private final Map<String, String> environment;
  private final int uid;

  /**
   * For one process.
   *
   * @param root what all paths are below
   * @param uid whose process it is
   */
  CgroupPlaces(Cgroups cgroups, Path root, Map<String, String> environment, int uid) {
    this.cgroups = cgroups;
    this.root = root;
    this.environment = environment;
    this.uid = uid;
  }

  CgroupPlace find(boolean rootless, Optional<CgroupManager> wanted) {
    return (rootless ? ofUser(wanted) : ofRoot(wanted)).require(wanted);
  }

  /** Root needs nobody's help, and a group that the runtime makes keeps its counters. */
  private CgroupPlace ofRoot(Optional<CgroupManager> wanted) {
    if (wanted.isEmpty() || wanted.get() == CgroupManager.CGROUPFS) {
      return CgroupPlace.top(cgroups);
    }
    if (cgroups.mode() != Cgroups.Mode.V2) {
      return CgroupPlace.none(cgroups, "that takes cgroup v2 alone, and here is " + cgroups.mode());
    }
    if (!Files.isDirectory(root.resolve("run/systemd/system"))) {
      return CgroupPlace.none(cgroups, "systemd does not run here");
    }
    return Spawn.findProgram("systemctl").isPresent()
        ? CgroupPlace.slice(cgroups)
        : CgroupPlace.none(cgroups, "there is no program 'systemctl'");
  }

  /** The user's manager alone hands over all that the user may have, whoever started us. */
  private CgroupPlace ofUser(Optional<CgroupManager> wanted) {
    if (cgroups.mode() != Cgroups.Mode.V2) {
      return CgroupPlace.none(
          cgroups,
          "an ordinary user has control groups with cgroup v2 alone, and here is "
              + cgroups.mode()
              + "; the kernel's option systemd.unified_cgroup_hierarchy=1 changes that");
    }
    String manager = "/user.slice/user-" + uid + ".slice/user@" + uid + ".service";
    if (wanted.isEmpty() || wanted.get() == CgroupManager.SYSTEMD) {
      if (mayUse(manager) && hasSession()) {
        return CgroupPlace.below(
            cgroups, CgroupManager.SYSTEMD, manager, controllers(directory(manager)));
      }
      if (wanted.isPresent()) {
        return CgroupPlace.none(cgroups, "no manager of this user's own can be reached" + HOW);
      }
    }
    return delegated()
        .map(
            group ->
                CgroupPlace.below(
                    cgroups, CgroupManager.CGROUPFS, group, controllers(directory(group))))
        .orElseGet(
            () ->
                CgroupPlace.none(
                    cgroups,
                    "no control group that has no process of its own was handed over to this user"
                        + HOW));
  }

  /** runc asks busctl who it is, in its user namespace. */
  private boolean hasSession() {
    String address = environment.getOrDefault("DBUS_SESSION_BUS_ADDRESS", "");
    String directory = environment.getOrDefault("XDG_RUNTIME_DIR", "");
    boolean bus =
        !address.isEmpty()
            || !directory.isEmpty() && Files.exists(Path.of(directory).resolve("bus"));
    return bus && List.of("systemctl", "busctl").stream().allMatch(this::installed);
  }

  private boolean installed(String program) {
    return Spawn.findProgram(program).isPresent();
  }

  /**
   * The uppermost group above this process that the user may divide. The kernel moves a process
   * only below a group whose list of processes the user may write, and lets no group with processes
   * of its own hand controllers on.
   */
  private Optional<String> delegated() {
    Optional<String> own = ownGroup();
    Optional<String> found = Optional.empty();
    for (String group = own.orElse("/"); group.length() > 1; group = parent(group)) {
      if (!mayUse(group)) {
        break;
      }
      if (Cgroup.lines(directory(group).resolve("cgroup.procs")).isEmpty()) {
        found = Optional.of(group);
      }
    }
    return found;
  }

  private static String parent(String group) {
    int slash = group.lastIndexOf('/');
    return slash <= 0 ? "/" : group.substring(0, slash);
  }

  private Optional<String> ownGroup() {
    return Cgroup.lines(root.resolve("proc/self/cgroup")).stream()
        .filter(line -> line.startsWith("0::/") && !line.contains("/../"))
        .map(line -> line.substring("0::".length()))
        .findFirst();
  }

  private boolean mayUse(String group) {
    Path directory = directory(group);
    return Files.isWritable(directory)
        && Files.isWritable(directory.resolve("cgroup.procs"))
        && Files.isWritable(directory.resolve("cgroup.subtree_control"));
  }

  private Path directory(String group) {
    return cgroups.mounts().get(0).resolve(group.substring(1));
  }

  private static Set<String> controllers(Path group) {
    try {
      String line = Files.readString(group.resolve("cgroup.controllers")).strip();
      return line.isEmpty() ? Set.of() : new TreeSet<>(List.of(line.split(" ", -1)));
    } catch (IOException e) {
      return Set.of();
    }
  }
}
