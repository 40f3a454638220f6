package io.runcible.junit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;

/** Runs small test classes with the extension, and looks at what they saw. */
@EnabledIfContainersAvailable
class RunContainerIT {
  private static final List<String> SEEN = Collections.synchronizedList(new ArrayList<>());

  @TempDir static Path directory;
  private static ShellImage image;

  @BeforeAll
  static void serve() throws IOException {
    boolean present = Files.exists(ShellImage.BUSYBOX);
    if (!present && Boolean.getBoolean("runcible.required")) {
      throw new AssertionError("/bin/busybox is missing: apt-get install busybox-static");
    }
    Assumptions.assumeTrue(present, "/bin/busybox is missing: apt-get install busybox-static");
    image = ShellImage.serve(directory);
    System.setProperty("shell.image", image.reference());
  }

  @AfterAll
  static void forget() {
    if (image == null) {
      return;
    }
    System.clearProperty("shell.image");
    try (ContainerEngine engine = ContainerEngine.create()) {
      engine.images().remove(image.reference());
    }
    image.close();
  }

  @BeforeEach
  void clear() {
    SEEN.clear();
  }

  @Test
  void staticFieldIsOneContainerForTheClass() {
    run(StaticField.class).testEvents().assertStatistics(s -> s.started(3).succeeded(3));
    assertThat(SEEN).hasSize(3);
    assertThat(new HashSet<>(SEEN)).hasSize(1);
    assertNoneRuns();
  }

  @Test
  void instanceFieldIsAContainerForEachTest() {
    run(InstanceField.class).testEvents().assertStatistics(s -> s.started(3).succeeded(3));
    assertThat(new HashSet<>(SEEN)).hasSize(3);
    assertNoneRuns();
  }

  @Test
  void instanceFieldLivesAsLongAsItsInstance() {
    run(OneInstance.class).testEvents().assertStatistics(s -> s.started(3).succeeded(3));
    assertThat(new HashSet<>(SEEN)).hasSize(1);
    assertNoneRuns();
  }

  @Test
  void fieldOfAnOuterInstanceLivesAsLongAsThat() {
    run(OneOuterInstance.Inner.class).testEvents().assertStatistics(s -> s.started(3).succeeded(3));
    assertThat(SEEN).hasSize(6);
    assertThat(new HashSet<>(SEEN)).hasSize(4);
    assertNoneRuns();
  }

  @Test
  void parameterGetsItsOwn() {
    run(Parameters.class).testEvents().assertStatistics(s -> s.started(1).succeeded(1));
    assertThat(new HashSet<>(SEEN)).hasSize(2);
    assertNoneRuns();
  }

  @Test
  void containerThatEndsBeforeItIsReadyFailsTheTestWithItsOutput() {
    EngineExecutionResults results = run(NeverReady.class);
    results.testEvents().assertStatistics(s -> s.started(1).failed(1));
    assertThat(
            results.testEvents().failed().stream()
                .map(
                    e ->
                        e.getRequiredPayload(org.junit.platform.engine.TestExecutionResult.class)
                            .getThrowable()
                            .orElseThrow()
                            .getMessage()))
        .singleElement()
        .asString()
        .contains("ended with exit code 0 before", "no luck today");
    assertNoneRuns();
  }

  private static EngineExecutionResults run(Class<?> testClass) {
    return EngineTestKit.engine("junit-jupiter").selectors(selectClass(testClass)).execute();
  }

  private static void assertNoneRuns() {
    try (ContainerEngine engine = ContainerEngine.create()) {
      for (String id : SEEN) {
        assertThat(Path.of("/var/lib/runcible/containers", id)).doesNotExist();
        assertThat(engine.find(id)).isEmpty();
      }
    }
    assertThat(ProcessHandle.current().children()).isEmpty();
  }

  private static void use(Container container) {
    SEEN.add(container.id());
    try (ContainerProcess echo = container.exec("echo", "hello")) {
      assertThat(echo.waitFor().code()).isZero();
      assertThat(new String(echo.stdout().readAllBytes(), UTF_8)).isEqualTo("hello\n");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static class StaticField {
    @RunContainer(image = "${shell.image}", readyLog = "^up$")
    static Container container;

    @RepeatedTest(3)
    void answers() {
      use(container);
    }
  }

  static class InstanceField {
    @RunContainer(image = "${shell.image}")
    Container container;

    @RepeatedTest(3)
    void answers() {
      use(container);
    }
  }

  @TestInstance(TestInstance.Lifecycle.PER_CLASS)
  static class OneInstance {
    @RunContainer(image = "${shell.image}")
    Container container;

    @RepeatedTest(3)
    void answers() {
      use(container);
    }
  }

  @TestInstance(TestInstance.Lifecycle.PER_CLASS)
  static class OneOuterInstance {
    @RunContainer(image = "${shell.image}")
    Container ofTheOuter;

    @Nested
    class Inner {
      @RunContainer(image = "${shell.image}")
      Container container;

      @RepeatedTest(3)
      void answers() {
        use(ofTheOuter);
        use(container);
      }
    }
  }

  static class Parameters {
    @Test
    void answer(
        @RunContainer(image = "${shell.image}") Container first,
        @RunContainer(
                image = "${shell.image}",
                command = {"/bin/sh", "-c", "echo $WORD; sleep 600"},
                environment = "WORD=ready",
                memory = "64m",
                readyLog = "ready")
            Container second) {
      use(first);
      use(second);
    }
  }

  static class NeverReady {
    @Test
    void neverRuns(
        @RunContainer(
                image = "${shell.image}",
                command = {"/bin/sh", "-c", "echo no luck today"},
                readyLog = "^ready$")
            Container container) {
      throw new AssertionError("must not run with " + container);
    }
  }
}
