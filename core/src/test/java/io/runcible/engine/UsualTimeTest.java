package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class UsualTimeTest {
  private final UsualTime usual = new UsualTime();

  private long patience() {
    return usual.patience().toNanos();
  }

  @Test
  void nothingIsKnownAtFirst() {
    assertThat(usual.patience()).isEqualTo(Duration.ZERO);
  }

  @Test
  void itGrowsSlowlyToLessThanWhatIsUsual() {
    usual.took(64_000);
    assertThat(patience()).isEqualTo(500);
    for (int i = 0; i < 200; i++) {
      usual.took(64_000);
    }
    assertThat(patience()).isEqualTo(32_000);
  }

  @Test
  void aLookIsNeverFarAway() {
    for (int i = 0; i < 2000; i++) {
      usual.took(Duration.ofSeconds(1).toNanos());
    }
    assertThat(usual.patience()).isEqualTo(Duration.ofMillis(10));
  }

  @Test
  void whatIsFasterCountsAtOnce() {
    for (int i = 0; i < 200; i++) {
      usual.took(64_000);
    }
    usual.took(1_600);
    assertThat(patience()).isEqualTo(800);
  }
}
