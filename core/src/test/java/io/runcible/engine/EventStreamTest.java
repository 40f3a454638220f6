package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EventStreamTest {
  private static EngineEvent event(int number) {
    return new EngineEvent.Removed(Instant.EPOCH, "c" + number);
  }

  private static void offer(EventStream events, int number) {
    events.offer(event(number), EventSubject.of(event(number)));
  }

  private static boolean accepts(EventFilter filter, EngineEvent event) {
    return filter.accepts(event, EventSubject.of(event));
  }

  @Test
  void eventsThatNobodyTakesAreDroppedAndCounted() {
    try (EventStream events = new EventStream(EventFilter.all(), stream -> {})) {
      for (int i = 0; i < 1500; i++) {
        offer(events, i);
      }
      assertThat(events.dropped()).isEqualTo(1500 - 1024);
      for (int i = 0; i < 1024; i++) {
        assertThat(events.next(Duration.ZERO)).contains(event(i));
      }
      assertThat(events.next(Duration.ZERO)).isEmpty();
      offer(events, 7);
      assertThat(events.next()).contains(event(7));
    }
  }

  @Test
  void closedStreamHasNothingMore() {
    EventStream events = new EventStream(EventFilter.all(), stream -> {});
    offer(events, 1);
    events.close();
    offer(events, 2);
    assertThat(events.next()).contains(event(1));
    assertThat(events.next()).isEmpty();
  }

  @Test
  void filtersAreByTypeAndContainer() {
    EngineEvent removed = event(1);
    EngineEvent paused = new EngineEvent.Paused(Instant.EPOCH, "c2");
    EventFilter all = EventFilter.all();
    assertThat(accepts(all, removed)).isTrue();
    assertThat(accepts(all.type(EngineEvent.Paused.class), removed)).isFalse();
    EventFilter both = all.type(EngineEvent.Paused.class).type(EngineEvent.Removed.class);
    assertThat(accepts(both, removed)).isTrue();
    assertThat(accepts(both, paused)).isTrue();
    assertThat(accepts(both.container("c1"), removed)).isTrue();
    assertThat(accepts(both.container("c1"), paused)).isFalse();
  }

  @Test
  void filtersAreByImageAndLabel() {
    EventSubject box = new EventSubject("registry.example/a:1", Map.of("x", "1", "y", ""));
    EventFilter all = EventFilter.all();
    assertThat(all.image("registry.example/a:1").accepts(event(1), box)).isTrue();
    assertThat(all.image("registry.example/a").accepts(event(1), box)).isFalse();
    assertThat(all.label("x").label("y", "").accepts(event(1), box)).isTrue();
    assertThat(all.label("x", "2").accepts(event(1), box)).isFalse();
    assertThat(all.label("x").label("z").accepts(event(1), box)).isFalse();
    EngineEvent untagged = new EngineEvent.ImageUntagged(Instant.EPOCH, "registry.example/a:1");
    assertThat(accepts(all.image("registry.example/a:1"), untagged)).isTrue();
    assertThat(accepts(all.label("x"), untagged)).isFalse();
    assertThat(accepts(all.container("c1"), untagged)).isFalse();
  }
}
