package io.runcible.runtime;

import java.nio.file.Path;

/** On a host that has it: Debian has no package of it, so nobody is asked to install one. */
class YoukiRuntimeIT extends OciRuntimeContract {
  @Override
  OciRuntime open(Path stateRoot) {
    return openIfFound("youki", stateRoot);
  }
}
