package io.runcible.samples.recipes;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.runcible.engine.Container;
import io.runcible.junit.EnabledIfContainersAvailable;
import io.runcible.junit.RunContainer;
import org.junit.jupiter.api.Test;

/** The JUnit example of the README; compiled, and not run. */
final class ReadmeExamples {
  private ReadmeExamples() {}

  @EnabledIfContainersAvailable
  static class CacheTest {
    @RunContainer(
        image = "registry.example/team/redis:7",
        readyLog = "Ready to accept connections",
        memory = "256m")
    static Container redis;

    @Test
    void answers() {
      assertEquals(0, redis.exec("redis-cli", "ping").waitFor().code());
    }
  }
}
