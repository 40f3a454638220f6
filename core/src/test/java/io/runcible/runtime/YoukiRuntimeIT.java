package io.runcible.runtime;

import io.runcible.ffi.Spawn;
import java.nio.file.Path;
import org.junit.jupiter.api.condition.EnabledIf;

/** On a host that has it: Debian has no package of it, so nobody is asked to install one. */
@EnabledIf("isFound")
class YoukiRuntimeIT extends OciRuntimeContract {
  static boolean isFound() {
    return Spawn.findProgram("youki").isPresent();
  }

  @Override
  OciRuntime open(Path stateRoot) {
    return openFound("youki", stateRoot);
  }
}
