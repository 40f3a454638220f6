package io.runcible.samples.recipes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.junit.EnabledIfContainersAvailable;
import io.runcible.layout.ImageLayout;
import io.runcible.sandbox.Sandbox;
import io.runcible.serve.RegistryServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Follows each recipe once. */
@EnabledIfContainersAvailable
class RecipesIT {
  private static final Path BUSYBOX = Path.of("/bin/busybox");

  @TempDir static Path directory;
  private static RegistryServer server;
  private static String image;
  private static ContainerEngine engine;

  @BeforeAll
  static void serveAnImage() throws IOException {
    boolean present = Files.exists(BUSYBOX);
    String missing = BUSYBOX + " is missing: apt-get install busybox-static";
    if (!present && Boolean.getBoolean("runcible.required")) {
      throw new AssertionError(missing);
    }
    Assumptions.assumeTrue(present, missing);
    ImageLayout layout = ImageLayout.create(directory.resolve("layout"));
    MakeImage.write(layout, "recipes/shell:1", BUSYBOX);
    server = RegistryServer.serve(layout).start();
    image = server.host() + "/recipes/shell:1";
    engine = ContainerEngine.create();
  }

  @AfterAll
  static void forgetTheImage() {
    if (engine != null) {
      engine.images().remove(image);
      engine.close();
      server.close();
    }
  }

  @Test
  void runsAProgram() {
    assertThat(RunProgram.greet(engine, image)).isEqualTo("hello world\n");
  }

  @Test
  void movesImages() {
    String archive = "oci-archive:" + directory.resolve("shell.tar");
    assertThat(MoveImages.copy("docker://" + image, archive).copied()).isPositive();
    assertThat(MoveImages.inspect(archive)).isEqualTo(MoveImages.inspect("docker://" + image));
  }

  @Test
  void executesCommands() throws IOException {
    try (Container container = engine.run(ContainerSpec.builder(image).build())) {
      assertThat(ExecuteCommands.exitCode(container, "/bin/sh", "-c", "exit 7")).isEqualTo(7);
      assertThat(ExecuteCommands.answer(container, "what?")).isEqualTo("what?");
    }
  }

  @Test
  void limitsResources() throws IOException {
    Path work = Files.createDirectory(directory.resolve("work"));
    Files.writeString(work.resolve("input"), "text");
    assertThat(LimitResources.judge(engine, image, work, "/bin/sh", "-c", "cat /work/input"))
        .isEqualTo("ended with 0");
    assertThat(LimitResources.judge(engine, image, work, "/bin/sh", "-c", ">/work/output"))
        .isEqualTo("ended with 1");
  }

  @Test
  void runsUntrustedPrograms() {
    try (Sandbox sandbox = openSandbox()) {
      assertThat(RunUntrusted.judge(sandbox, "me", "read x; echo $x; exit 3", "in"))
          .isEqualTo("3: in\n");
      // Much at once: a megabyte in small pieces may take longer than the program may.
      assertThat(RunUntrusted.judge(sandbox, "you", "while :; do cat /bin/busybox; done", ""))
          .isEqualTo("wrote too much");
    }
  }

  /** Refused where the host cannot limit memory, which then is as it should be. */
  private static Sandbox openSandbox() {
    try {
      return RunUntrusted.open(engine, image);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.UNSUPPORTED && !Boolean.getBoolean("runcible.required")) {
        return abort(e.getMessage());
      }
      throw e;
    }
  }

  @Test
  void readsLogs() throws IOException {
    String program = "trap 'exit 3' TERM; echo ready; while :; do sleep 0.1; done";
    ContainerSpec server = ContainerSpec.builder(image).command("/bin/sh", "-c", program).build();
    try (Container container = ReadLogs.start(engine, server)) {
      assertThat(container.isRunning()).isTrue();
      assertThat(ReadLogs.stop(container).code()).isEqualTo(3);
      ReadLogs.follow(container);
    }
  }

  @Test
  void detachesAndFindsAgain() {
    Detach.start(image, "recipe-detached", "/bin/sh", "-c", "echo still here; exit 5");
    assertThat(Detach.finish("recipe-detached").code()).isEqualTo(5);
    assertThat(engine.find("recipe-detached")).isEmpty();
  }

  @Test
  void pullsWithProgress() {
    assertThat(PullWithProgress.pull(engine, image)).isPresent();
    assertThat(PullWithProgress.pull(engine, server.host() + "/recipes/shell:2")).isEmpty();
  }
}
