package io.runcible.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The control group that this process is in, in one of the hierarchies.
 *
 * @param line the line of {@code /proc/self/cgroup} that says so
 * @param members the file that takes the members of that group
 */
record OwnGroup(String line, Path members) {
  /** One that this process may put processes into; empty if there is none. */
  static Optional<OwnGroup> find() {
    return find(Path.of("/proc"), Path.of("/"));
  }

  /**
   * The same in a tree.
   *
   * @param proc where the process file system is
   * @param root what the mount points that it names are below
   */
  static Optional<OwnGroup> find(Path proc, Path root) {
    try {
      List<String> groups = Files.readAllLines(proc.resolve("self/cgroup"));
      return Files.readAllLines(proc.resolve("self/mountinfo")).stream()
          .flatMap(mount -> in(mount.split(" ", -1), groups, root).stream())
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** A mount of a part of a hierarchy shows other paths than the groups have. */
  private static Optional<OwnGroup> in(String[] mount, List<String> groups, Path root) {
    int separator = Arrays.asList(mount).indexOf("-");
    if (separator < 6 || mount.length < separator + 4 || !mount[3].equals("/")) {
      return Optional.empty();
    }
    boolean unified = mount[separator + 1].equals("cgroup2");
    if (!unified && !mount[separator + 1].equals("cgroup")) {
      return Optional.empty();
    }
    List<String> options = List.of(mount[separator + 3].split(",", -1));
    for (String line : groups) {
      String[] fields = line.split(":", 3);
      boolean named =
          fields.length == 3
              && fields[2].startsWith("/")
              && (unified
                  ? fields[1].isEmpty()
                  : options.containsAll(List.of(fields[1].split(",", -1))));
      Path members =
          named ? root.resolve((mount[4] + fields[2] + "/cgroup.procs").substring(1)) : root;
      if (named && Files.isWritable(members)) {
        return Optional.of(new OwnGroup(line, members));
      }
    }
    return Optional.empty();
  }
}
