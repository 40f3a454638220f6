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
      List<String[]> mounts =
          Files.readAllLines(proc.resolve("self/mountinfo")).stream()
              .map(line -> line.split(" ", -1))
              .toList();
      // The first line, if possible: a shell reads the file byte by byte.
      return Files.readAllLines(proc.resolve("self/cgroup")).stream()
          .flatMap(line -> mounts.stream().flatMap(mount -> at(mount, line, root).stream()))
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** A mount of a part of a hierarchy shows other paths than the groups have. */
  private static Optional<OwnGroup> at(String[] mount, String line, Path root) {
    String[] group = line.split(":", 3);
    int separator = Arrays.asList(mount).indexOf("-");
    if (separator < 6
        || mount.length < separator + 4
        || !mount[3].equals("/")
        || group.length != 3
        || !group[2].startsWith("/")) {
      return Optional.empty();
    }
    String type = mount[separator + 1];
    List<String> options = List.of(mount[separator + 3].split(",", -1));
    List<String> controllers = List.of(group[1].split(",", -1));
    boolean same =
        group[1].isEmpty()
            ? type.equals("cgroup2")
            : type.equals("cgroup") && options.containsAll(controllers);
    Path members = root.resolve((mount[4] + group[2] + "/cgroup.procs").substring(1));
    return same && Files.isWritable(members)
        ? Optional.of(new OwnGroup(line, members))
        : Optional.empty();
  }
}
