package io.runcible.junit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.EventConditions;

class TestRegistryTest {
  @TempDir private static Path directory;

  static class NeedsImages {
    @RegisterExtension static final TestRegistry IMAGES = TestRegistry.serve("/bin/false");

    @Test
    void never() {
      throw new AssertionError("there is no image");
    }
  }

  @Disabled("on purpose")
  static class NeverRuns {
    @RegisterExtension
    static final TestRegistry IMAGES = TestRegistry.serve(directory.resolve("build").toString());

    @Test
    void never() {}
  }

  @Test
  void nothingIsMadeForTestsThatDoNotRun() throws Exception {
    Path made = directory.resolve("made");
    Path build = directory.resolve("build");
    Files.writeString(build, "#!/bin/sh\ntouch '" + made + "'\nexit 1\n");
    Files.setPosixFilePermissions(build, PosixFilePermissions.fromString("rwx------"));
    EngineTestKit.engine("junit-jupiter")
        .selectors(DiscoverySelectors.selectClass(NeverRuns.class))
        .execute()
        .containerEvents()
        .assertStatistics(statistics -> statistics.skipped(1));
    assertThat(made).doesNotExist();
    assertThat(NeverRuns.IMAGES.host()).isEqualTo("registry.example");
    assertThat(made).exists();
  }

  @Test
  void buildThatDoesNotEndIsEnded() {
    assertThat(TestRegistry.serve("/usr/bin/yes", Duration.ofMillis(100)).host())
        .isEqualTo("registry.example");
    assertThat(ProcessHandle.current().children())
        .noneMatch(child -> child.info().command().orElse("").endsWith("/yes"));
  }

  @Test
  void testsAreSkippedWhereNoImageCanBeMade() {
    String required = System.clearProperty("runcible.required");
    try {
      EngineTestKit.engine("junit-jupiter")
          .selectors(DiscoverySelectors.selectClass(NeedsImages.class))
          .execute()
          .containerEvents()
          .assertThatEvents()
          .haveExactly(
              1,
              EventConditions.event(
                  EventConditions.container(NeedsImages.class),
                  EventConditions.skippedWithReason("no test images: '/bin/false' ended with 1")));
    } finally {
      if (required != null) {
        System.setProperty("runcible.required", required);
      }
    }
    assertThat(NeedsImages.IMAGES.host()).isEqualTo("registry.example");
  }
}
