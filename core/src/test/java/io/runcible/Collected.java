package io.runcible;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.util.List;

/** Waits for the garbage collector. */
public final class Collected {
  private static final int TRIES = 100;
  private static final long PAUSE_MILLIS = 50;

  private Collected() {}

  /** Fails if one of them is still reachable, other than by what gives way when memory is short. */
  public static void await(List<WeakReference<ClassLoader>> references)
      throws InterruptedException {
    for (int i = 0; i < TRIES && left(references) > 0; i++) {
      System.gc();
      Thread.sleep(PAUSE_MILLIS);
      if (i == TRIES / 10) {
        clearSoftReferences();
      }
    }
    assertThat(left(references)).as("class loaders that are still reachable").isZero();
  }

  private static long left(List<WeakReference<ClassLoader>> references) {
    return references.stream().filter(reference -> reference.get() != null).count();
  }

  private static void clearSoftReferences() {
    long whole = Runtime.getRuntime().maxMemory() / Long.BYTES;
    try {
      Reference.reachabilityFence(new long[(int) Math.min(Integer.MAX_VALUE - 8, whole)]);
    } catch (OutOfMemoryError e) {
      // As intended: they are cleared before that is thrown.
    }
  }
}
