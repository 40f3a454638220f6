package io.runcible.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.RuncibleException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HealthCheckTest {
  private static Optional<HealthCheck> read(String healthcheck) {
    String config =
        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
            + "\"diff_ids\":[]},\"config\":{\"Healthcheck\":"
            + healthcheck
            + "}}";
    return ImageConfig.parse(config.getBytes(StandardCharsets.UTF_8)).healthCheck();
  }

  @Test
  void imagesCheckIsRead() {
    HealthCheck check =
        read("{\"Test\":[\"CMD-SHELL\",\"curl x\"],\"Interval\":5000000000,\"Retries\":2}")
            .orElseThrow();
    assertThat(check.test()).containsExactly("CMD-SHELL", "curl x");
    assertThat(check.interval()).isEqualTo(Duration.ofSeconds(5));
    assertThat(check.timeout()).isEqualTo(Duration.ofSeconds(30));
    assertThat(check.retries()).isEqualTo(2);
    assertThat(read("{\"Test\":[\"NONE\"]}").orElseThrow().isNone()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "7",
        "[]",
        "{\"Test\":[]}",
        "{\"Test\":\"x\"}",
        "{\"Test\":[\"CMD\"]}",
        "{\"Test\":[\"RUN\",\"x\"]}",
        "{\"Test\":[\"CMD\",\"\"]}",
        "{\"Test\":[\"CMD\",\"x\\u0000\"]}",
        "{\"Test\":[\"CMD\",\"x\"],\"Interval\":-1}",
        "{\"Test\":[\"CMD\",\"x\"],\"Interval\":1}",
        "{\"Test\":[\"CMD\",\"x\"],\"Interval\":9223372036854775807}",
        "{\"Test\":[\"CMD\",\"x\"],\"Interval\":\"5s\"}",
        "{\"Test\":[\"CMD\",\"x\"],\"Retries\":-3}",
        "{\"Test\":[\"CMD\",\"x\"],\"Timeout\":1e99}"
      })
  void checkThatMakesNoSenseIsNone(String text) {
    assertThat(read(text)).isEmpty();
  }

  @Test
  void checkIsWrittenAsItIsRead() {
    HealthCheck check =
        HealthCheck.command("true")
            .every(Duration.ofSeconds(1))
            .within(Duration.ofSeconds(2))
            .retries(9)
            .starting(Duration.ofSeconds(3), Duration.ofMillis(50));
    ImageConfig config = ImageConfig.builder(Platform.host()).healthCheck(check).build();
    assertThat(ImageConfig.parse(config.raw()).healthCheck()).contains(check);
  }

  @Test
  void callersMistakesAreTold() {
    assertThatThrownBy(() -> HealthCheck.command()).isInstanceOf(RuncibleException.class);
    assertThatThrownBy(() -> HealthCheck.shell("x").every(Duration.ZERO))
        .isInstanceOf(RuncibleException.class);
    assertThatThrownBy(() -> HealthCheck.shell("x").retries(0))
        .isInstanceOf(RuncibleException.class);
  }
}
