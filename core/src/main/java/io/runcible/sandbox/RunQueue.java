package io.runcible.sandbox;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Who runs next: callers take turns, and of each caller the first to come is the first to run. Not
 * thread-safe.
 *
 * @param <T> what waits
 */
final class RunQueue<T> {
  /** In the order of the turns. */
  private final Map<String, Queue<T>> waiting = new LinkedHashMap<>();

  private int size;

  int size() {
    return size;
  }

  void add(String caller, T one) {
    waiting.computeIfAbsent(caller, name -> new ArrayDeque<>()).add(one);
    size++;
  }

  /** Takes the next one; null if there is none. */
  @Nullable T poll() {
    if (waiting.isEmpty()) {
      return null;
    }
    Map.Entry<String, Queue<T>> turn = waiting.entrySet().iterator().next();
    waiting.remove(turn.getKey());
    T next = turn.getValue().remove();
    if (!turn.getValue().isEmpty()) {
      waiting.put(turn.getKey(), turn.getValue());
    }
    size--;
    return next;
  }

  /** Takes one out of its turn; false if it is not there. */
  boolean remove(String caller, T one) {
    Queue<T> own = waiting.get(caller);
    if (own == null || !own.remove(one)) {
      return false;
    }
    if (own.isEmpty()) {
      waiting.remove(caller);
    }
    size--;
    return true;
  }
}
