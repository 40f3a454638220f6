package io.runcible.junit;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.VolumeInfo;
import io.runcible.engine.VolumeSpec;
import java.util.Map;
import java.util.stream.Collectors;

/** The volumes that the tests of a run make for themselves. */
final class TestVolumes extends OwnResources {
  TestVolumes(TestRun run) {
    super(run);
  }

  /** Makes one, if it is not there; returns the name. */
  String make(String name) {
    made(name);
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

  @Override
  void delete(ContainerEngine engine, String name) {
    engine.volumes().remove(name);
  }

  @Override
  Map<String, Map<String, String>> labels(ContainerEngine engine) {
    return engine.volumes().list().stream()
        .collect(Collectors.toMap(VolumeInfo::name, VolumeInfo::labels));
  }
}
