package io.runcible.archive;

import java.lang.ref.SoftReference;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What takes long to make, kept for the next one who needs it, a few of them and only while memory
 * is not short. Thread-safe.
 */
final class Spares<T> {
  private final int most;
  private SoftReference<ArrayDeque<T>> kept = new SoftReference<>(null);

  Spares(int most) {
    this.most = most;
  }

  /** One that nobody else uses, or null. */
  synchronized @Nullable T take() {
    ArrayDeque<T> spares = kept.get();
    return spares == null ? null : spares.pollLast();
  }

  /** Takes over one that nobody uses any more. */
  synchronized void give(T spare) {
    ArrayDeque<T> spares = kept.get();
    if (spares == null) {
      spares = new ArrayDeque<>(most);
      kept = new SoftReference<>(spares);
    }
    if (spares.size() < most) {
      spares.add(spare);
    }
  }
}
