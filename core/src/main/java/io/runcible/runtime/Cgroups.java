package io.runcible.runtime;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The control groups of this host: which hierarchies are mounted and which controllers they have.
 * Immutable; read once by {@link #detect()}.
 */
public final class Cgroups {
  /** How the hierarchies are mounted. */
  public enum Mode {
    /** Not at all: containers run without limits. */
    NONE,
    /** One hierarchy for each controller. */
    V1,
    /** As {@link #V1}, and the unified tree beside them, which the runtimes do not limit by. */
    HYBRID,
    /** The unified tree alone. */
    V2
  }

  private static final String V1_TYPE = "cgroup";
  private static final String V2_TYPE = "cgroup2";

  private final Mode mode;
  private final Set<String> controllers;
  private final List<Hierarchy> hierarchies;

  /**
   * One of them.
   *
   * @param controllers those whose files it has; empty if there may be any, as in the unified tree
   *     alone, where they come and go
   */
  private record Hierarchy(Path mount, Set<String> controllers) {}

  private Cgroups(Mode mode, Set<String> controllers, List<Hierarchy> hierarchies) {
    this.mode = mode;
    this.controllers = Collections.unmodifiableSet(controllers);
    this.hierarchies = List.copyOf(hierarchies);
  }

  /** Looks at this host. */
  public static Cgroups detect() {
    return read(Path.of("/proc"), Path.of("/"));
  }

  /**
   * Looks at a tree.
   *
   * @param proc where the process file system is
   * @param root what the mount points that it names are below
   */
  static Cgroups read(Path proc, Path root) {
    boolean legacy = false;
    boolean unified = false;
    Set<String> controllers = new TreeSet<>();
    Set<String> unifiedControllers = new TreeSet<>();
    Set<String> seen = new TreeSet<>();
    List<Hierarchy> hierarchies = new ArrayList<>();
    for (MountLine mount : mounts(proc)) {
      // A hierarchy that is mounted twice is the same hierarchy.
      if (mount.type().equals(V1_TYPE) && seen.add(mount.device())) {
        hierarchies.add(new Hierarchy(mount.in(root), Set.copyOf(mount.options())));
        controllers.addAll(mount.options());
        legacy |= !isNamed(mount);
      } else if (mount.type().equals(V2_TYPE) && seen.add(mount.device())) {
        hierarchies.add(new Hierarchy(mount.in(root), Set.of()));
        unified = true;
        unifiedControllers.addAll(unifiedControllers(mount.in(root)));
      }
    }
    if (unified && !legacy) {
      return new Cgroups(Mode.V2, unifiedControllers, hierarchies);
    }
    Mode mode = !legacy ? Mode.NONE : unified ? Mode.HYBRID : Mode.V1;
    unifiedControllers.add("cpu"); // Its cpu.stat needs no controller.
    for (int i = 0; i < hierarchies.size(); i++) {
      if (hierarchies.get(i).controllers().isEmpty()) {
        hierarchies.set(
            i, new Hierarchy(hierarchies.get(i).mount(), Set.copyOf(unifiedControllers)));
      }
    }
    return new Cgroups(mode, controllers, hierarchies);
  }

  /** A hierarchy without controllers, for the names of groups alone. */
  private static boolean isNamed(MountLine mount) {
    for (String option : mount.options()) {
      if (option.startsWith("name=")) {
        return true;
      }
    }
    return false;
  }

  private static List<MountLine> mounts(Path proc) {
    try {
      List<MountLine> mounts = new ArrayList<>();
      // Mounts that are of no interest here may have any bytes in their names but a line feed.
      byte[] table = Files.readAllBytes(proc.resolve("self/mountinfo"));
      for (String line : new String(table, StandardCharsets.UTF_8).split("\n", -1)) {
        mounts.add(MountLine.parse(line));
      }
      return mounts;
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNSUPPORTED, "cannot read the table of mounts", e);
    }
  }

  /**
   * The control group that this process is in, in one of the hierarchies.
   *
   * @param line the line of {@code /proc/self/cgroup} that says so
   * @param members the file that takes the members of that group
   */
  public record OwnGroup(String line, Path members) {}

  /** A group of this process that it may put processes into; empty if there is none. */
  public static Optional<OwnGroup> ownGroup() {
    return ownGroup(Path.of("/proc"), Path.of("/"));
  }

  /** The same in a tree, as {@link #read}. */
  static Optional<OwnGroup> ownGroup(Path proc, Path root) {
    List<String> groups = Cgroup.lines(proc.resolve("self/cgroup"));
    List<MountLine> mounts = mounts(proc);
    // The first line, if possible: a shell reads the file byte by byte.
    for (String line : groups) {
      for (MountLine mount : mounts) {
        Optional<OwnGroup> group = ownGroup(mount, line, root);
        if (group.isPresent()) {
          return group;
        }
      }
    }
    return Optional.empty();
  }

  /** A mount of a part of a hierarchy shows other paths than the groups have. */
  private static Optional<OwnGroup> ownGroup(MountLine mount, String line, Path root) {
    String[] group = line.split(":", 3);
    if (group.length != 3 || !group[2].startsWith("/") || !mount.shows().equals("/")) {
      return Optional.empty();
    }
    boolean same =
        group[1].isEmpty()
            ? mount.type().equals(V2_TYPE)
            : mount.type().equals(V1_TYPE)
                && mount.options().containsAll(List.of(group[1].split(",", -1)));
    if (!same) {
      return Optional.empty();
    }
    try {
      Path members = root.resolve((mount.point() + group[2] + "/cgroup.procs").substring(1));
      return Files.isWritable(members)
          ? Optional.of(new OwnGroup(line, members))
          : Optional.empty();
    } catch (InvalidPathException e) {
      // Its name is none in the locale of this process.
      return Optional.empty();
    }
  }

  private static List<String> unifiedControllers(Path mount) {
    try {
      String line = Files.readString(mount.resolve("cgroup.controllers")).strip();
      return line.isEmpty() ? List.of() : List.of(line.split(" ", -1));
    } catch (IOException e) {
      return List.of();
    }
  }

  /** How the hierarchies are mounted. */
  public Mode mode() {
    return mode;
  }

  /** Whether limits of this controller, such as {@code memory}, can be set. */
  public boolean has(String controller) {
    return controllers.contains(controller);
  }

  Set<String> controllers() {
    return controllers;
  }

  /** Where the hierarchies are mounted. */
  List<Path> mounts() {
    List<Path> mounts = new ArrayList<>();
    for (Hierarchy hierarchy : hierarchies) {
      mounts.add(hierarchy.mount());
    }
    return mounts;
  }

  /**
   * A group of all hierarchies.
   *
   * @param path as in {@link RuntimeSpec#cgroupsPath()}, absolute
   * @throws RuncibleException INVALID_INPUT for a path that is not absolute or has dots
   */
  public Cgroup group(String path) {
    String relative = SpecChecks.cgroupsPath(path).substring(1);
    List<Path> directories = new ArrayList<>();
    List<Set<String>> held = new ArrayList<>();
    for (Hierarchy hierarchy : hierarchies) {
      directories.add(hierarchy.mount().resolve(relative));
      held.add(hierarchy.controllers());
    }
    return new Cgroup(directories, held);
  }

  @Override
  public String toString() {
    return "Cgroups[" + mode + " " + controllers + "]";
  }

  /** What matters of a line of mountinfo, {@code proc(5)}. */
  private record MountLine(
      String device, String shows, String point, String type, List<String> options) {
    private static final MountLine OTHER = new MountLine("", "", "/", "", List.of());

    Path in(Path root) {
      return root.resolve(point.substring(1));
    }

    static MountLine parse(String line) {
      String[] fields = line.split(" ", -1);
      int separator = Arrays.asList(fields).indexOf("-");
      if (separator < 6 || fields.length < separator + 4 || !fields[4].startsWith("/")) {
        return OTHER;
      }
      // Of the super block's options, rw and ro are no controllers.
      List<String> options = new ArrayList<>();
      for (String option : fields[separator + 3].split(",", -1)) {
        if (!option.equals("rw") && !option.equals("ro")) {
          options.add(option);
        }
      }
      return new MountLine(fields[2], fields[3], fields[4], fields[separator + 1], options);
    }
  }
}
