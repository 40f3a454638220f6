package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.ffi.PrivilegedHost;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RuncRuntimeIT extends OciRuntimeContract {
  @Override
  OciRuntime open(Path stateRoot) {
    HostTools.requireRoot();
    Path runc = HostTools.requireProgram("runc", "runc");
    return OciRuntime.open(runc.toString(), stateRoot, PrivilegedHost.open());
  }

  @Test
  void firstStepOfRuncIsToldFromAProgram(@TempDir Path directory) throws Exception {
    OciRuntime runtime = open(directory.resolve("state"));
    Files.writeString(directory.resolve("init"), "echo up; read -r end");
    for (String name : new String[] {runtime.info().program().toString(), "/bin/program"}) {
      Process process =
          new ProcessBuilder("bash", "-c", "exec -a \"$0\" sh init", name)
              .directory(directory.toFile())
              .start();
      assertThat(process.getInputStream().readNBytes(3)).asString().isEqualTo("up\n");
      assertThat(runtime.isStarting((int) process.pid())).isEqualTo(!name.equals("/bin/program"));
      process.getOutputStream().close();
      process.waitFor();
      // Otherwise another thread does, at some time.
      process.getInputStream().close();
      process.getErrorStream().close();
      assertThat(runtime.isStarting((int) process.pid())).isFalse();
    }
  }
}
