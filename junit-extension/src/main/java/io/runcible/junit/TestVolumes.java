package io.runcible.junit;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.VolumeInfo;
import io.runcible.engine.VolumeSpec;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The volumes that the tests of a run make for themselves. */
final class TestVolumes {
  private final TestRun run;
  private final Set<String> made = ConcurrentHashMap.newKeySet();

  TestVolumes(TestRun run) {
    this.run = run;
  }

  /** Makes one, if it is not there; returns the name. */
  String make(String name) {
    made.add(name);
    try {
      run.engine()
          .volumes()
          .create(VolumeSpec.of(name).label(RunOwner.LABEL, RunOwner.ofThisJvm()));
    } catch (RuncibleException e) {
      // Another service of the same file has it, too.
      if (e.kind() != ErrorKind.ALREADY_EXISTS) {
        throw e;
      }
    }
    return name;
  }

  /** Removes one that {@link #make} made, unless a container that goes on has it. */
  void remove(String name) {
    if (made.contains(name)) {
      remove(run.engine(), name);
    }
  }

  private void remove(ContainerEngine engine, String name) {
    try {
      engine.volumes().remove(name);
      made.remove(name);
    } catch (RuncibleException e) {
      // A container that others share, or that is kept, still has it.
      if (e.kind() != ErrorKind.FAILED_PRECONDITION) {
        throw e;
      }
    }
  }

  /** Removes what was left. */
  void close() {
    for (String name : made) {
      remove(run.engine(), name);
    }
  }

  /** Removes what the runs of killed JVMs have left. */
  void removeOrphans(ContainerEngine engine) {
    for (VolumeInfo volume : engine.volumes().list()) {
      if (RunOwner.isGone(volume.labels())) {
        remove(engine, volume.name());
      }
    }
  }
}
