package io.runcible.runtime;

import io.runcible.HostTools;
import io.runcible.ffi.PrivilegedHost;
import java.nio.file.Path;
import java.util.List;

/**
 * On a host that has both generations of control groups crun runs in a mount namespace where the
 * newer one is not mounted: it refuses to work otherwise.
 */
class CrunRuntimeIT extends OciRuntimeContract {
  @Override
  OciRuntime open(Path stateRoot) {
    HostTools.requireRoot();
    Path crun = HostTools.requireProgram("crun", "crun");
    Cgroups cgroups = Cgroups.detect();
    List<String> wrapper = List.of();
    if (cgroups.mode() == Cgroups.Mode.HYBRID) {
      HostTools.requireProgram("unshare", "util-linux");
      wrapper =
          List.of(
              "unshare",
              "--mount",
              "sh",
              "-c",
              "umount /sys/fs/cgroup/unified && exec \"$@\"",
              "sh");
    }
    return RuncRuntime.open(crun.toString(), wrapper, stateRoot, PrivilegedHost.open(), cgroups);
  }

  /** crun 1.8 does not. */
  @Override
  boolean passesSizesOn() {
    return false;
  }

  /** It has no option to keep them. */
  @Override
  boolean keepsEndedContainers() {
    return false;
  }
}
