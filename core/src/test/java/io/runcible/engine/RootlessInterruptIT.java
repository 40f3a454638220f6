package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Interrupts of an ordinary user, who is made for the test: that needs root. */
class RootlessInterruptIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  @BeforeAll
  static void needPrograms() {
    TestUser.needPrograms();
  }

  @Test
  void interruptEndsTheWorkerAndLeavesNothing() throws Exception {
    try (TestRoot root = TestRoot.create();
        TestUser user = TestUser.create(root.path(), true)) {
      LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
      leaks.begin();
      List<String> said;
      try (ChildJvm jvm =
          user.jvm(
              RootlessInterruptProgram.class,
              root.path().resolve("home"),
              ENGINE.reference("slim"))) {
        said = jvm.rest();
        assertThat(jvm.waitFor()).as("%s", said).isZero();
      }
      leaks.verify();
      assertThat(said)
          .containsExactly(
              "pull CANCELLED true 0",
              "names 0",
              "left []",
              "check CANCELLED true 0",
              "problems []",
              "left []");
    }
  }
}
