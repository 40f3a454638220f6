package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.image.HealthCheck;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The health check that an image brings. */
class HealthIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final String IMAGE = "registry.example/healthy:1";

  private static HealthCheck said(String word) {
    return HealthCheck.shell("echo " + word).every(Duration.ofMillis(20));
  }

  @Test
  void checkIsThatOfTheImageUnlessTheCallerHasAnother() {
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").build())) {
      container.commit(IMAGE, config -> config.healthCheck(said("image")).command("sleep", "600"));
    }
    try (Container own = ENGINE.get().run(ContainerSpec.builder(IMAGE).build());
        Container other =
            ENGINE.get().run(ContainerSpec.builder(IMAGE).healthCheck(said("caller")).build());
        Container none =
            ENGINE.get().run(ContainerSpec.builder(IMAGE).healthCheck(HealthCheck.NONE).build())) {
      own.awaitReady(Ready.onHealthy());
      other.awaitReady(Ready.onHealthy());
      assertThat(own.health().results().get(0).output()).isEqualTo("image\n");
      assertThat(other.health().results().get(0).output()).isEqualTo("caller\n");
      assertThat(none.health()).isEqualTo(Health.NONE);
    } finally {
      ENGINE.get().images().remove(IMAGE);
    }
  }
}
