package io.runcible.junit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.EventConditions;

class TestRegistryTest {
  static class NeedsImages {
    @RegisterExtension static final TestRegistry IMAGES = TestRegistry.serve("/bin/false");

    @Test
    void never() {
      throw new AssertionError("there is no image");
    }
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
