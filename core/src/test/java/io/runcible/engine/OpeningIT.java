package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Engines that cannot be opened: what they say, and that they leave nothing open. */
class OpeningIT {
  private final TestRoot root = TestRoot.create();
  private final LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));

  @BeforeEach
  void host() {
    HostTools.requireRoot();
    HostTools.requireProgram("runc", "runc");
    // What a JVM opens once and for all is open after this.
    root.engine().build().close();
    leaks.begin();
  }

  @AfterEach
  void nothingIsLeft() {
    leaks.verify();
    root.close();
  }

  @Test
  void withoutTheRuntime() {
    RunIT.assertFails(
        () -> root.engine().runtime("runc-that-is-missing").build(),
        ErrorKind.UNSUPPORTED,
        "'runc-that-is-missing'",
        "not installed",
        "apt-get install");
  }

  @Test
  void withAProgramThatIsNoRuntime() {
    RunIT.assertFails(
        () -> root.engine().runtime("cat").build(), ErrorKind.UNSUPPORTED, "cat", "OCI runtime");
  }

  @Test
  void whereTheDataCannotBe() throws IOException {
    Path file = Files.writeString(root.path().resolve("file"), "kept");
    for (Path data : List.of(file, file.resolve("below"), Path.of("/proc/runcible"))) {
      RunIT.assertFails(
          () -> root.engine().dataRoot(data).build(),
          ErrorKind.UNAVAILABLE,
          data.toString(),
          "another directory");
    }
    assertThat(file).hasContent("kept");
  }

  @Test
  void whereTheStateCannotBe() throws IOException {
    Path file = Files.writeString(root.path().resolve("file"), "kept");
    RunIT.assertFails(
        () -> root.engine().stateRoot(file).build(),
        ErrorKind.PERMISSION_DENIED,
        file.toString(),
        "another");
  }
}
