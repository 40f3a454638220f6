package io.runcible.junit;

import io.runcible.engine.Container;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Run in a JVM of its own, on a host that cannot run containers. */
class LackingJvm {
  @Nested
  @EnabledIfContainersAvailable
  class OnlyWhereTheyRun {
    @Test
    void never() {
      throw new AssertionError("no container can run");
    }
  }

  @Test
  void wantsAContainer(@RunContainer(image = "${shell.image}") Container container) {}
}
