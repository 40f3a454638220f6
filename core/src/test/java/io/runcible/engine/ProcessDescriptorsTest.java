package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.runtime.OciRuntime;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ProcessDescriptorsTest {
  private static EngineParts partsWith(OciRuntime runtime) {
    return new EngineParts(
        null, runtime, null, null, null, null, null, null, null, null, null, null, null, null,
        null);
  }

  private static OciRuntime runtimeWithDamagedState() {
    return (OciRuntime)
        Proxy.newProxyInstance(
            OciRuntime.class.getClassLoader(),
            new Class<?>[] {OciRuntime.class},
            (proxy, method, arguments) -> {
              throw new RuncibleException(ErrorKind.CORRUPT_DATA, "half a file");
            });
  }

  static int openProcesses() throws IOException {
    int count = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path file : files) {
        try {
          count += Files.readSymbolicLink(file).toString().contains("pidfd") ? 1 : 0;
        } catch (NoSuchFileException e) {
          // Closed since.
        }
      }
    }
    return count;
  }

  @Test
  void processWhoseStateCannotBeReadIsNotKeptOpen() throws IOException {
    OptionalInt self = OptionalInt.of((int) ProcessHandle.current().pid());
    try (ProcessDescriptors descriptors =
        new ProcessDescriptors(partsWith(runtimeWithDamagedState()), "damaged")) {
      int before = openProcesses();
      RunIT.assertFails(() -> descriptors.find(self), ErrorKind.CORRUPT_DATA);
      assertThat(openProcesses()).isEqualTo(before);
    }
  }
}
