package io.runcible.registry;

import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class EarlyTimeoutTest {
  @Test
  void isSetAgainWhenItExpiresUntilNobodyNeedsIt() throws Exception {
    EarlyTimeout early = new EarlyTimeout(Duration.ofMillis(2));
    early.begin();
    early.begin();
    Thread.sleep(50);
    early.end();
    synchronized (early) {
      assertThatThrownBy(early::enter).isInstanceOf(IllegalStateException.class);
    }
    early.end();
    synchronized (early) {
      assertThatNoException().isThrownBy(early::enter);
      early.exit();
    }
    early.begin();
    early.end();
  }
}
