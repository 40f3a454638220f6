package io.runcible.junit;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerSpec;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

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

  @Nested
  class Registered {
    @RegisterExtension
    static final ContainerExtension CONTAINER =
        ContainerExtension.of(ContainerSpec.builder(System.getProperty("shell.image")).build());

    @Test
    void never() {
      throw new AssertionError("no container can run");
    }
  }

  @Nested
  class Composed {
    @RegisterExtension
    static final ComposeExtension COMPOSE =
        ComposeExtension.ofText(
            "services: {s: {image: '" + System.getProperty("shell.image") + "'}}");

    @Test
    void never() {
      throw new AssertionError("no container can run");
    }
  }
}
