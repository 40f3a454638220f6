package io.runcible.engine;

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
    RuntimeException first = null;
    for (T one : all) {
      try {
        work.accept(one);
      } catch (RuntimeException e) {
        if (first == null) {
          first = e;
        } else if (first != e) {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }

  /** Does them after a failure, for the caller to throw; theirs are its suppressed ones. */
  static void after(RuntimeException failure, Runnable... works) {
    try {
      run(works);
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }
}
