package io.runcible.engine;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;

/** Several things that are all to be done, also after one that failed: ends, closes, releases. */
final class Each {
  private Each() {}

  /** Does them in this order. Throws the first failure, with the others as suppressed ones. */
  static void run(Runnable... works) {
    of(List.of(works), Runnable::run);
  }

  /** The same with each of some. */
  static <T> void of(Collection<T> all, Consumer<? super T> work) {
    List<RuntimeException> failures = new ArrayList<>();
    for (T one : all) {
      try {
        work.accept(one);
      } catch (RuntimeException e) {
        failures.add(e);
      }
    }
    if (!failures.isEmpty()) {
      RuntimeException first = failures.get(0);
      failures.stream().skip(1).filter(e -> e != first).forEach(first::addSuppressed);
      throw first;
    }
  }
}
