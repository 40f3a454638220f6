package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class EventStreamTest {
  private static EngineEvent event(int number) {
    return new EngineEvent.Removed(Instant.EPOCH, "c" + number);
  }

  @Test
  void eventsThatNobodyTakesAreDroppedAndCounted() {
    try (EventStream events = new EventStream(e -> true, stream -> {})) {
      for (int i = 0; i < 1500; i++) {
        events.offer(event(i));
      }
      assertThat(events.dropped()).isEqualTo(1500 - 1024);
      for (int i = 0; i < 1024; i++) {
        assertThat(events.next(Duration.ZERO)).contains(event(i));
      }
      assertThat(events.next(Duration.ZERO)).isEmpty();
      events.offer(event(7));
      assertThat(events.next()).contains(event(7));
    }
  }

  @Test
  void closedStreamHasNothingMore() {
    EventStream events = new EventStream(e -> true, stream -> {});
    events.offer(event(1));
    events.close();
    events.offer(event(2));
    assertThat(events.next()).contains(event(1));
    assertThat(events.next()).isEmpty();
  }
}
