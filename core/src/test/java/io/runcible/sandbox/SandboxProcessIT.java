package io.runcible.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.ChildJvm;
import io.runcible.engine.LeakCheck;
import io.runcible.engine.TestEngine;
import io.runcible.engine.TestRoot;
import io.runcible.engine.TestUser;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Sandboxes of another process: of an ordinary user, and of one that is killed. */
class SandboxProcessIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  @Test
  void everyProgramGetsItsOwnResultOfAnOrdinaryUser() throws Exception {
    TestUser.needPrograms();
    try (TestRoot root = TestRoot.create();
        TestUser user = TestUser.create(root.path(), true)) {
      LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
      leaks.begin();
      try (ChildJvm jvm = user.jvm(HostilePrograms.class, "all", ENGINE.reference("busybox"))) {
        List<String> said = jvm.rest();
        assertThat(said).hasSize(1 + Hostile.values().length);
        assertThat(said.get(0)).isEqualTo("limited=UNSUPPORTED");
        assertThat(said.subList(1, said.size())).allMatch(line -> line.endsWith("=right"));
        assertThat(jvm.waitFor()).isZero();
      }
      leaks.verify();
    }
  }

  @Test
  void nothingIsLeftOfAKilledProcess() {
    try (TestRoot root = TestRoot.create()) {
      LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
      leaks.begin();
      ChildJvm jvm =
          ChildJvm.start(
              HostilePrograms.class,
              "endless",
              ENGINE.reference("busybox"),
              root.path().resolve("data"),
              root.path().resolve("state"));
      assertThat(jvm.line()).isEqualTo("up=");
      assertThat(jvm.line()).isEqualTo("up=");
      jvm.close();
      // What it was just making is of the next one to remove.
      TestRoot.builder()
          .dataRoot(root.path().resolve("data"))
          .stateRoot(root.path().resolve("state"))
          .build()
          .close();
      leaks.verify();
    }
  }
}
