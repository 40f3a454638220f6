package io.runcible.samples.quickstart;

import java.util.Locale;

/** Says on the error output what each step took. */
final class Steps {
  private long last = System.nanoTime();

  void done(String what) {
    long now = System.nanoTime();
    System.err.printf(Locale.ROOT, "%6.0f ms  %s%n", (now - last) / 1e6, what);
    last = now;
  }
}
