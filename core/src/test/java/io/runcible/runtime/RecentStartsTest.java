package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RecentStartsTest {
  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1000);

  private void pass(int millis) {
    clock.addAndGet(Duration.ofMillis(millis).toNanos());
  }

  @Test
  void eachProcessorTakesOne() {
    RecentStarts starts = new RecentStarts(3, clock::get);

    assertThat(starts.add()).isFalse();
    assertThat(starts.add()).isFalse();
    assertThat(starts.add()).isTrue();
    pass(49);
    assertThat(starts.add()).isTrue();
    pass(1);
    assertThat(starts.add()).as("only one is at work").isFalse();
  }

  @Test
  void oneAfterTheOtherAreNotMany() {
    RecentStarts starts = new RecentStarts(1, clock::get);

    assertThat(starts.add()).isFalse();
    pass(50);
    assertThat(starts.add()).isFalse();
    assertThat(starts.add()).isTrue();
  }
}
