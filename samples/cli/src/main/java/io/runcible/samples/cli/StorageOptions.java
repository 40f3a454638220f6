package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Mount;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a container has mounted. */
final class StorageOptions {
  @Option(
      names = {"-v", "--volume"},
      paramLabel = "[SOURCE:]DESTINATION[:OPTIONS]",
      description =
          "Mount a volume, or a directory or file of the host, whose path begins with '/' or '.'."
              + " Options, with commas: ro, rw, nocopy, O (changes are thrown away), [r]private,"
              + " [r]slave, [r]shared, and z or Z for an SELinux label that all containers may use,"
              + " or this one alone.")
  private List<String> volumes = List.of();

  @Option(
      names = "--mount",
      paramLabel = "type=TYPE,source=SOURCE,destination=PATH,…",
      description =
          "Mount a volume, bind, tmpfs or image. Also: readonly, propagation=, nocopy, size=,"
              + " mode=, O, relabel=shared or private.")
  private List<String> mounts = List.of();

  @Option(
      names = "--volumes-from",
      paramLabel = "CONTAINER[:ro]",
      description =
          "Mount the volumes of another container, and what it has of the host's files, in the same"
              + " places.")
  private List<String> containers = List.of();

  @Option(
      names = "--tmpfs",
      paramLabel = "DESTINATION[:size=SIZE,mode=MODE,ro]",
      description = "Mount memory.")
  private List<String> tmpfs = List.of();

  @Option(names = "--shm-size", paramLabel = "SIZE", description = "Of /dev/shm. Default: 64m.")
  private @Nullable String shmSize;

  @Option(names = "--read-only", description = "Make the root file system read-only.")
  private boolean readOnly;

  /** Whether files of the host are to get the label of the container's. */
  boolean relabels() {
    return volumes.stream().anyMatch(MountSyntax::relabels)
        || mounts.stream().anyMatch(text -> text.contains("relabel="));
  }

  /**
   * Mounts what needs no other container.
   *
   * @param labels whether the container's files have SELinux labels
   */
  void apply(ContainerSpec.Builder spec, boolean labels) {
    containers.forEach(VolumesFrom::parse);
    volumes.forEach(text -> spec.mount(MountSyntax.volume(text, labels)));
    mounts.forEach(text -> spec.mount(MountSyntax.mount(text, labels)));
    tmpfs.forEach(text -> spec.mount(MountSyntax.tmpfs(text)));
    if (shmSize != null) {
      spec.shmSize(shmSize);
    }
    if (readOnly) {
      spec.readOnlyRoot();
    }
  }

  /** None of them is taken from a container that is to be replaced. */
  void requireNoneOf(ContainerEngine engine, String replaced) {
    for (String text : containers) {
      Replacement.refuse(VolumesFrom.parse(text).container(engine), replaced);
    }
  }

  /** Mounts what others have, where nothing else is asked for; of several the last. */
  void apply(ContainerSpec.Builder spec, ContainerEngine engine, Path data) {
    Map<String, Mount> found = new LinkedHashMap<>();
    for (String text : containers) {
      for (Mount mount : VolumesFrom.parse(text).mounts(engine, data)) {
        found.put(mount.destination(), mount);
      }
    }
    spec.build().mounts().forEach(mount -> found.remove(mount.destination()));
    found.values().forEach(spec::mount);
  }
}
