package io.runcible.runtime;

import java.nio.file.Path;
import java.util.List;

/** A control group whose files a test writes. */
public final class GroupDirectory {
  private GroupDirectory() {}

  public static Cgroup of(Path directory) {
    return new Cgroup(List.of(directory));
  }
}
