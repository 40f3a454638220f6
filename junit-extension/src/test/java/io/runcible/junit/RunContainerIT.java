package io.runcible.junit;

import static io.runcible.junit.Kit.SEEN;
import static io.runcible.junit.Kit.assertNoneRuns;
import static io.runcible.junit.Kit.assertPassed;
import static io.runcible.junit.Kit.use;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import java.util.HashSet;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.platform.testkit.engine.EngineExecutionResults;

/** Runs small test classes with the extension, and looks at what they saw. */
@EnabledIfContainersAvailable
class RunContainerIT {
  @RegisterExtension static final Kit KIT = new Kit();

  @Test
  void staticFieldIsOneContainerForTheClass() {
    assertPassed(KIT.run(StaticField.class), 3);
    assertThat(SEEN).hasSize(3);
    assertThat(new HashSet<>(SEEN)).hasSize(1);
    assertNoneRuns();
  }

  @Test
  void instanceFieldIsAContainerForEachTest() {
    assertPassed(KIT.run(InstanceField.class), 3);
    assertThat(new HashSet<>(SEEN)).hasSize(3);
    assertNoneRuns();
  }

  @Test
  void instanceFieldLivesAsLongAsItsInstance() {
    assertPassed(KIT.run(OneInstance.class), 3);
    assertThat(new HashSet<>(SEEN)).hasSize(1);
    assertNoneRuns();
  }

  @Test
  void fieldOfAnOuterInstanceLivesAsLongAsThat() {
    assertPassed(KIT.run(OneOuterInstance.Inner.class), 3);
    assertThat(SEEN).hasSize(6);
    assertThat(new HashSet<>(SEEN)).hasSize(4);
    assertNoneRuns();
  }

  @Test
  void parameterGetsItsOwn() {
    assertPassed(KIT.run(Parameters.class), 1);
    assertThat(new HashSet<>(SEEN)).hasSize(2);
    assertNoneRuns();
  }

  @Test
  void containerThatEndsBeforeItIsReadyFailsTheTestWithItsOutput() {
    EngineExecutionResults results = KIT.run(NeverReady.class);
    results.testEvents().assertStatistics(s -> s.started(1).failed(1));
    assertThat(Kit.failure(results)).contains("ended with exit code 0 before", "no luck today");
    assertNoneRuns();
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
