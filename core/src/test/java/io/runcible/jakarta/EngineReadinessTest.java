package io.runcible.jakarta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Readiness on a host on which no engine can be opened. */
class EngineReadinessTest {
  private static final String SWITCH = "runcible.readiness";

  @TempDir private Path directory;
  private final EngineProducer engine = new EngineProducer();

  @BeforeEach
  void setUp() throws IOException {
    HealthCheckResponse.setResponseProvider(HealthAnswer::new);
    Path file = Files.createFile(directory.resolve("file"));
    System.setProperty("runcible.data-root", file.resolve("data").toString());
    System.setProperty("runcible.state-root", file.resolve("state").toString());
  }

  @AfterEach
  void tearDown() {
    for (String key : new String[] {"runcible.data-root", "runcible.state-root", SWITCH}) {
      System.clearProperty(key);
    }
  }

  private HealthCheckResponse.Status status() {
    return new EngineReadiness(engine, new ApplicationContainers()).call().getStatus();
  }

  @Test
  void applicationThatUsesNoContainerIsReady() {
    assertThat(status()).isEqualTo(HealthCheckResponse.Status.UP);
    assertThat(engine.isWanted()).isFalse();
  }

  @Test
  void engineOfASandboxAloneIsNotTheApplications() {
    engine.builder();
    assertThat(status()).isEqualTo(HealthCheckResponse.Status.UP);
  }

  @Test
  void applicationWhoseEngineCannotBeOpenedIsNot() {
    assertThatThrownBy(engine::engine).isInstanceOf(RuncibleException.class);
    assertThat(status()).isEqualTo(HealthCheckResponse.Status.DOWN);
    System.setProperty(SWITCH, "false");
    assertThat(status()).isEqualTo(HealthCheckResponse.Status.UP);
  }

  @Test
  void switchIsTrueOrFalse() {
    System.setProperty(SWITCH, "off");
    assertThatThrownBy(this::status)
        .hasMessage("runcible.readiness is 'off', and must be true or false");
  }
}
