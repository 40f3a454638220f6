package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.snapshot.RootlessSnapshotterProgram;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The contract of snapshotters, for an ordinary user with a range of subordinate ids. */
class RootlessSnapshotterIT {
  @BeforeAll
  static void needPrograms() {
    HostTools.requireRoot();
    TestUser.needPrograms();
  }

  @Test
  void everyTestOfTheContractPasses() throws Exception {
    try (TestRoot root = TestRoot.create();
        TestUser user = TestUser.create(root.path(), true)) {
      LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
      leaks.begin();
      List<String> said;
      try (ChildJvm jvm =
          user.jvm(RootlessSnapshotterProgram.class, root.path().resolve("home/snapshots"))) {
        said = jvm.rest();
        assertThat(jvm.waitFor()).as("%s", said).isZero();
      }
      leaks.verify();
      assertThat(said).hasSizeGreaterThan(20).allMatch(line -> line.endsWith(": fine"));
    }
  }
}
