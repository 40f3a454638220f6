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
    try (EventStream events = new EventStream(EventFilter.all(), stream -> {})) {
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
    EventStream events = new EventStream(EventFilter.all(), stream -> {});
    events.offer(event(1));
    events.close();
    events.offer(event(2));
    assertThat(events.next()).contains(event(1));
    assertThat(events.next()).isEmpty();
  }

  @Test
  void filtersAreByTypeAndContainer() {
    EngineEvent removed = event(1);
    EngineEvent paused = new EngineEvent.Paused(Instant.EPOCH, "c2");
    EventFilter all = EventFilter.all();
    assertThat(all.accepts(removed)).isTrue();
    assertThat(all.type(EngineEvent.Paused.class).accepts(removed)).isFalse();
    EventFilter both = all.type(EngineEvent.Paused.class).type(EngineEvent.Removed.class);
    assertThat(both.accepts(removed)).isTrue();
    assertThat(both.accepts(paused)).isTrue();
    assertThat(both.container("c1").accepts(removed)).isTrue();
    assertThat(both.container("c1").accepts(paused)).isFalse();
  }
}
