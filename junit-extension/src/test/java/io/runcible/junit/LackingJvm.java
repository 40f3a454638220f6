package io.runcible.junit;

import io.runcible.engine.Container;
import org.junit.jupiter.api.Test;

/** Run in a JVM of its own, on a host that cannot run containers. */
class LackingJvm {
  @Test
  void wantsAContainer(@RunContainer(image = "${shell.image}") Container container) {}
}
