package io.runcible.samples.cli;

import io.runcible.engine.ContainerSpec;
import java.util.List;
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
              + " [r]slave, [r]shared.")
  private List<String> volumes = List.of();

  @Option(
      names = "--mount",
      paramLabel = "type=TYPE,source=SOURCE,destination=PATH,…",
      description =
          "Mount a volume, bind, tmpfs or image. Also: readonly, propagation=, nocopy, size=,"
              + " mode=, O.")
  private List<String> mounts = List.of();

  @Option(
      names = "--tmpfs",
      paramLabel = "DESTINATION[:size=SIZE,mode=MODE,ro]",
      description = "Mount memory.")
  private List<String> tmpfs = List.of();

  @Option(names = "--shm-size", paramLabel = "SIZE", description = "Of /dev/shm. Default: 64m.")
  private @Nullable String shmSize;

  @Option(names = "--read-only", description = "Make the root file system read-only.")
  private boolean readOnly;

  void apply(ContainerSpec.Builder spec) {
    volumes.forEach(text -> spec.mount(MountSyntax.volume(text)));
    mounts.forEach(text -> spec.mount(MountSyntax.mount(text)));
    tmpfs.forEach(text -> spec.mount(MountSyntax.tmpfs(text)));
    if (shmSize != null) {
      spec.shmSize(shmSize);
    }
    if (readOnly) {
      spec.readOnlyRoot();
    }
  }
}
