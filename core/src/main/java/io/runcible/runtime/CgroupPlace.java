package io.runcible.runtime;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Spawn;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the control groups of an engine's containers are, and who makes them. An ordinary user has
 * such a place on cgroup v2 alone: below the user's own systemd manager, or in a group that was
 * handed over to the user. Immutable.
 */
public final class CgroupPlace {
  private static final String NAME = "runcible-";
  private static final String SLICES = "/runcible.slice/";
  private static final String SCOPE = ".scope";
  private static final String INNER = "/container";

  private final Cgroups cgroups;
  private final CgroupManager manager;
  private final String parent;
  private final Set<String> controllers;
  private final String missing;
  private final boolean user;

  private CgroupPlace(
      Cgroups cgroups,
      CgroupManager manager,
      String parent,
      Set<String> controllers,
      String missing,
      boolean user) {
    this.cgroups = cgroups;
    this.manager = manager;
    this.parent = parent;
    this.controllers = Set.copyOf(controllers);
    this.missing = missing;
    this.user = user;
  }

  /** At the top of every hierarchy, for root. */
  static CgroupPlace top(Cgroups cgroups) {
    return new CgroupPlace(cgroups, CgroupManager.CGROUPFS, "", cgroups.controllers(), "", false);
  }

  /** At the top, below a slice, for root. */
  static CgroupPlace slice(Cgroups cgroups) {
    return new CgroupPlace(cgroups, CgroupManager.SYSTEMD, "", cgroups.controllers(), "", false);
  }

  /** Below a group of an ordinary user's. */
  static CgroupPlace below(
      Cgroups cgroups, CgroupManager manager, String parent, Set<String> controllers) {
    return new CgroupPlace(cgroups, manager, parent, controllers, "", true);
  }

  /**
   * Nowhere.
   *
   * @param reason why, and how to get one
   */
  static CgroupPlace none(Cgroups cgroups, String reason) {
    return new CgroupPlace(cgroups, CgroupManager.CGROUPFS, "", Set.of(), reason, true);
  }

  /** Whether containers have control groups that this process may set and read. */
  public boolean available() {
    return missing.isEmpty();
  }

  /** Why there is no such place, and how to get one; empty if there is one. */
  public String missing() {
    return missing;
  }

  /** Who makes the groups. */
  public CgroupManager manager() {
    return manager;
  }

  /** Whether limits of this controller can be set here. */
  public boolean has(String controller) {
    return available() && controllers.contains(controller);
  }

  /**
   * The group of a container below the mount of each hierarchy; empty if it has none.
   *
   * @param name names it for people, with systemd not
   * @param token unique on the host, without "-"
   * @param kept whether the runtime leaves a group when its container ends. If it does not, the
   *     group is inside one of ours, which has counted, too
   */
  public String path(String name, String token, boolean kept) {
    if (!available()) {
      return "";
    }
    if (manager == CgroupManager.SYSTEMD) {
      return parent + SLICES + NAME + token + ".slice/" + NAME + token + SCOPE;
    }
    // In the old hierarchies a group counts nothing for the one around it.
    boolean alone = kept || cgroups.mode() != Cgroups.Mode.V2;
    return parent + "/" + NAME + name + "-" + token + (alone ? "" : INNER);
  }

  /** What groups begin with, in each hierarchy. */
  public List<Path> prefixes() {
    if (!available()) {
      return List.of();
    }
    String below = manager == CgroupManager.SYSTEMD ? SLICES : "/";
    return cgroups.group(parent + below + NAME).directories();
  }

  /** The words for the shell that ends groups: the option of systemctl, or nothing. */
  public String systemctlOption() {
    return manager == CgroupManager.SYSTEMD ? option() : "";
  }

  private String option() {
    return user ? "--user" : "--system";
  }

  /** Puts a container into a group. */
  public void configure(RuntimeSpec.Builder spec, String path) {
    spec.cgroupsPath(forRuntime(path));
    if (isUnit(path)) {
      // A scope in which memory ran out would stay and be listed as failed.
      spec.annotation("org.systemd.property.CollectMode", "'inactive-or-failed'");
      // crun would make a group below the scope and set the limits there.
      spec.annotation("run.oci.systemd.subgroup", "");
    }
  }

  /** How a runtime is told of a group: as {@code slice:prefix:name} if systemd makes it. */
  static String forRuntime(String path) {
    if (!isUnit(path)) {
      return path;
    }
    String token = name(path).substring(NAME.length(), name(path).length() - SCOPE.length());
    return name(outer(path)) + ":" + NAME.substring(0, NAME.length() - 1) + ":" + token;
  }

  /** The group that tells what a container uses or, after its end, has used. */
  public Cgroup measured(String path) {
    Cgroup group = cgroups.group(path);
    return group.exists() ? group : cgroups.group(outer(path));
  }

  /** How many processes of a container the kernel killed because memory ran out. */
  public OptionalLong oomKills(String path) {
    return path.isEmpty() ? OptionalLong.empty() : cgroups.group(outer(path)).oomKills();
  }

  static boolean isUnit(String path) {
    return path.endsWith(SCOPE);
  }

  /**
   * What stays when the group itself is gone with its last process: the group, or one around it.
   */
  private static String outer(String path) {
    return isUnit(path) || path.endsWith(INNER) ? path.substring(0, path.lastIndexOf('/')) : path;
  }

  private static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /**
   * Kills everything in a container's group and removes it.
   *
   * @param path as {@link #path} gave it, also if it was another engine's place
   * @throws RuncibleException as {@link Cgroup#end}
   */
  @SuppressWarnings("exports")
  public void end(String path, PrivilegedHost host) {
    cgroups.group(path).end(host);
    String outer = outer(path);
    if (!outer.equals(path)) {
      Cgroup group = cgroups.group(outer);
      if (isUnit(path) && group.exists()) {
        stop(name(outer), host);
      }
      group.end(host);
    }
  }

  private void stop(String slice, PrivilegedHost host) {
    try {
      systemctl(host, List.of("stop", slice));
    } catch (RuncibleException e) {
      // Stopped by somebody else, or nobody answers: what counts is that its group goes away.
      log().debug("'{}' was not stopped", slice, e);
    }
  }

  /**
   * Changes the limits of a group; what is not set stays.
   *
   * @throws RuncibleException as {@link Cgroup#update}
   */
  @SuppressWarnings("exports")
  public void update(String path, Resources resources, PrivilegedHost host) {
    cgroups.group(path).update(resources);
    List<String> properties = SystemdProperties.of(resources);
    if (isUnit(path) && !properties.isEmpty()) {
      // Otherwise the next reload of the manager would bring the old values back.
      List<String> command = new ArrayList<>(List.of("set-property", "--runtime"));
      command.add(name(path));
      command.addAll(properties);
      systemctl(host, command);
    }
  }

  private void systemctl(PrivilegedHost host, List<String> arguments) {
    List<String> command = new ArrayList<>(List.of("systemctl", option()));
    command.addAll(arguments);
    RuntimeCommand.call(host, command, session(), "cannot reach systemd");
  }

  /** What programs that talk to systemd have in their environment. */
  public Map<String, String> environment() {
    return manager == CgroupManager.SYSTEMD ? session() : Spawn.plainEnvironment();
  }

  private Map<String, String> session() {
    Map<String, String> environment = new HashMap<>(Spawn.plainEnvironment());
    if (user) {
      for (String name : List.of("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")) {
        Optional.ofNullable(System.getenv(name)).ifPresent(value -> environment.put(name, value));
      }
    }
    return environment;
  }

  /** Fails if it is not the one that was asked for. */
  CgroupPlace require(Optional<CgroupManager> wanted) {
    if (wanted.isPresent() && (!available() || manager != wanted.get())) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "the control groups cannot be made by " + wanted.get() + ": " + missing);
    }
    return this;
  }

  @Override
  public String toString() {
    if (!available()) {
      return missing;
    }
    String where = parent.isEmpty() ? "" : " below " + parent;
    return cgroups.mode() + " " + new TreeSet<>(controllers) + " by " + manager + where;
  }

  private static Logger log() {
    return LoggerFactory.getLogger(CgroupPlace.class);
  }
}
