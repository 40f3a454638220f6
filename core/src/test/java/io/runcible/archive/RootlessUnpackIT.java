package io.runcible.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.engine.ChildJvm;
import io.runcible.engine.TestRoot;
import io.runcible.engine.TestUser;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The hostile layers, unpacked by an ordinary user who is made for the test: that needs root. */
class RootlessUnpackIT {
  @BeforeAll
  static void needPrograms() {
    HostTools.requireRoot();
    TestUser.needPrograms();
  }

  private static List<String> run(boolean withRange, String mode) throws Exception {
    try (TestRoot root = TestRoot.create();
        TestUser user = TestUser.create(root.path(), withRange);
        ChildJvm jvm = user.jvm(RootlessUnpackProgram.class, mode)) {
      List<String> said = jvm.rest();
      assertThat(jvm.waitFor()).as("%s", said).isZero();
      return said;
    }
  }

  private static void assertAllWell(List<String> said) {
    int cases = HostileLayerCheck.cases("/outside").size();
    assertThat(said).filteredOn(line -> line.startsWith("failed")).isEmpty();
    assertThat(said).filteredOn(line -> line.startsWith("ok PLAIN")).hasSize(cases);
    assertThat(said).filteredOn(line -> line.startsWith("ok OVERLAY")).hasSize(cases);
    assertThat(said).filteredOn(line -> line.startsWith("ok COPY")).hasSize(cases);
    // And every system call of an unpack fails once.
    assertThat(said)
        .filteredOn(line -> line.startsWith("ok faults "))
        .containsExactly("ok faults PLAIN", "ok faults OVERLAY_USERXATTR", "ok faults COPY");
    assertThat(said).contains("ok alike");
  }

  @Test
  void userWithOneIdIsNotLedAstray() throws Exception {
    List<String> said = run(false, "single");
    assertThat(said.get(0)).startsWith("uid ").isNotEqualTo("uid 0");
    assertAllWell(said);
  }

  @Test
  void userWithARangeOfIdsIsNotLedAstray() throws Exception {
    List<String> said = run(true, "range");
    assertThat(said).startsWith("ok range", "uid 0").endsWith("ok end");
    assertAllWell(said);
  }

  @Test
  void thereAreAtLeastAHundredCases() {
    assertThat(HostileLayerCheck.cases("/outside").size()).isGreaterThan(100);
  }
}
