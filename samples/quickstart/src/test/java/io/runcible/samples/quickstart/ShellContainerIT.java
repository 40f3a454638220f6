package io.runcible.samples.quickstart;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerProcess;
import io.runcible.junit.EnabledIfContainersAvailable;
import io.runcible.junit.RunContainer;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A test against a real program in a container, as an application would write it. */
@EnabledIfContainersAvailable
@ExtendWith(ShellContainerIT.Registry.class)
class ShellContainerIT {
  @RunContainer(
      image = "${shell.image}",
      command = {"/bin/sh", "-c", "echo ready; sleep 600"},
      readyLog = "^ready$",
      memory = "64m")
  static Container shell;

  @Test
  void runsAsProcessOneOfItsOwn() throws IOException {
    try (ContainerProcess process = shell.exec("/bin/sh", "-c", "echo $$; cat /etc/hostname")) {
      assertThat(process.waitFor().code()).isZero();
      assertThat(new String(process.stdout().readAllBytes(), UTF_8)).contains(shell.id());
    }
  }

  @Test
  void writesWhatNoOtherTestSees() {
    try (ContainerProcess process = shell.exec("/bin/sh", "-c", "echo data >/tmp/file")) {
      assertThat(process.waitFor().isSuccess()).isTrue();
    }
  }

  /** Serves the image for as long as the class runs; an application names one of its registry. */
  static final class Registry implements BeforeAllCallback, AfterAllCallback {
    private ShellImage image;

    @Override
    public void beforeAll(ExtensionContext context) throws IOException {
      image = ShellImage.serve();
      System.setProperty("shell.image", image.reference());
    }

    @Override
    public void afterAll(ExtensionContext context) throws IOException {
      System.clearProperty("shell.image");
      image.close();
    }
  }
}
