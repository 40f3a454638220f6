package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.RuncibleException;
import io.runcible.ffi.PidFd;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DetachedMonitorTest {
  /** Each of them may be reaped after it was opened and before it is asked what it is. */
  @Test
  void oneThatEndsMeanwhileIsNotKeptOpen(@TempDir Path place) throws Exception {
    ContainerDirectory directory = new ContainerDirectory(place);
    int before = ProcessDescriptorsTest.openProcesses();
    for (int i = 0; i < 100; i++) {
      Process ending = new ProcessBuilder("true").start();
      Files.writeString(directory.monitorFile(), String.valueOf(ending.pid()));
      while (ending.isAlive()) {
        assertThat(DetachedMonitor.find(directory)).isEmpty();
      }
    }
    assertThat(ProcessDescriptorsTest.openProcesses()).isEqualTo(before);
  }

  /** Its first process is another thread's to close. */
  @Test
  void runtimeOfAContainerThatIsClosedMeanwhileIsNotKeptOpen() throws Exception {
    Process runtime = new ProcessBuilder("sh", "-c", "sleep 600 & echo $!; wait").start();
    try (BufferedReader said = runtime.inputReader();
        PidFd monitor = PidFd.open((int) ProcessHandle.current().pid()).orElseThrow();
        PidFd first = PidFd.open(Integer.parseInt(said.readLine())).orElseThrow()) {
      DetachedMonitor.runtime(monitor, first).orElseThrow().close();
      int before = ProcessDescriptorsTest.openProcesses();
      PidFd closed = PidFd.open(first.pid()).orElseThrow();
      closed.close();
      assertThatThrownBy(() -> DetachedMonitor.runtime(monitor, closed))
          .isInstanceOf(RuncibleException.class);
      assertThat(ProcessDescriptorsTest.openProcesses()).isEqualTo(before);
    } finally {
      runtime.descendants().forEach(ProcessHandle::destroyForcibly);
      runtime.destroyForcibly().waitFor();
    }
  }
}
