package io.runcible.serve;

import static org.assertj.core.api.Assertions.assertThat;

/** The threads of registry servers in this JVM. */
final class ServerThreads {
  private static final long MILLIS = 5_000;

  private ServerThreads() {}

  /** Fails when one is still at work. A thread that has ended its work may be on its way out. */
  static void assertGone() throws InterruptedException {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      // Not those of clients, which have such names, too.
      if (thread.getName().matches("runcible-registry-[0-9]+(-[0-9]+)?")) {
        thread.join(MILLIS);
        assertThat(thread.isAlive()).as("%s", thread).isFalse();
      }
    }
  }
}
