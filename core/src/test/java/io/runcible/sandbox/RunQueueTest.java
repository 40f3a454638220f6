package io.runcible.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whose turn it is. */
class RunQueueTest {
  private final RunQueue<String> queue = new RunQueue<>();

  private List<String> rest() {
    List<String> rest = new ArrayList<>();
    for (String next = queue.poll(); next != null; next = queue.poll()) {
      rest.add(next);
    }
    return rest;
  }

  @Test
  void callersTakeTurnsAndKeepTheirOrder() {
    List.of("a1", "a2", "a3", "b1", "c1", "c2").forEach(one -> queue.add(one.substring(0, 1), one));
    assertThat(queue.size()).isEqualTo(6);
    assertThat(rest()).containsExactly("a1", "b1", "c1", "a2", "c2", "a3");
    assertThat(queue.size()).isZero();
  }

  @Test
  void laterCallerDoesNotWaitForAllOfAnEarlierOne() {
    List.of("a1", "a2", "a3").forEach(one -> queue.add("a", one));
    assertThat(queue.poll()).isEqualTo("a1");
    queue.add("b", "b1");
    assertThat(rest()).containsExactly("a2", "b1", "a3");
  }

  @Test
  void oneCanLeave() {
    queue.add("a", "a1");
    queue.add("a", "a2");
    assertThat(queue.remove("a", "a1")).isTrue();
    assertThat(queue.remove("a", "a1")).isFalse();
    assertThat(queue.remove("b", "a2")).isFalse();
    assertThat(queue.remove("a", "a2")).isTrue();
    assertThat(queue.size()).isZero();
    assertThat(queue.poll()).isNull();
  }
}
