package io.runcible.runtime;

import io.runcible.HostTools;
import io.runcible.ffi.PrivilegedHost;
import java.nio.file.Path;

class RuncRuntimeIT extends OciRuntimeContract {
  @Override
  OciRuntime open(Path stateRoot) {
    HostTools.requireRoot();
    Path runc = HostTools.requireProgram("runc", "runc");
    return OciRuntime.open(runc.toString(), stateRoot, PrivilegedHost.open());
  }
}
