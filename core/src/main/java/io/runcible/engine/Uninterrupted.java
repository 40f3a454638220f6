package io.runcible.engine;

/** Work that an interrupt must not cut short, such as a removal; the flag is set again after it. */
final class Uninterrupted {
  private Uninterrupted() {}

  static void run(Runnable work) {
    boolean interrupted = Thread.interrupted();
    try {
      work.run();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
