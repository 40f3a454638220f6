package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

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
}
