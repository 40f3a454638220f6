package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SocketNamespaceIT {
  /** Its first thread has ended, which is all that there is to be seen of one on its way out. */
  @Test
  void processThatIsAboutToEndHasNone() throws IOException, InterruptedException {
    HostTools.requireContainers();
    Process process =
        new ProcessBuilder(
                HostTools.requireProgram("python3", "python3").toString(),
                "-c",
                "import ctypes, threading, time\n"
                    + "threading.Thread(target=time.sleep, args=(600,)).start()\n"
                    + "ctypes.CDLL(None).pthread_exit(None)")
            .start();
    try (PidFd pid = PidFd.open((int) process.pid()).orElseThrow()) {
      Path status = Path.of("/proc/" + process.pid() + "/status");
      while (!Files.readString(status).contains("State:\tZ")) {
        TimeUnit.MILLISECONDS.sleep(5);
      }
      assertThat(pid.hasEnded()).isFalse();
      assertThat(SocketNamespace.of(pid)).isEmpty();
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void processThatRunsHasOne() {
    HostTools.requireContainers();
    try (PidFd pid = PidFd.open((int) ProcessHandle.current().pid()).orElseThrow();
        SocketNamespace found = SocketNamespace.of(pid).orElseThrow()) {
      assertThat(found).isNotNull();
    }
  }
}
