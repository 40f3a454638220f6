package io.runcible.benchmarks;

import io.runcible.engine.ContainerEngine;
import io.runcible.sandbox.Sandbox;
import io.runcible.sandbox.SandboxRequest;
import io.runcible.sandbox.SandboxResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Sandboxes: {@code REF ROOT COUNT PAUSE} runs {@code /bin/true} so often, with so many
 * milliseconds between two runs and a pool that is full, and prints the percentiles of the time
 * from the call to the result; then as often again as fast as it goes, and prints how many a second
 * that were, and the percentiles of the time without the wait for a container. Last it prints the
 * directory of a container that waits, and ends with its input.
 */
public final class SandboxRuns {
  private static final int WARM = 4;
  private static final int WARM_UP = 40;

  private SandboxRuns() {}

  /** Runs it. */
  public static void main(String[] args) throws Exception {
    Path root = Path.of(args[1]);
    int count = Integer.parseInt(args[2]);
    try (ContainerEngine engine =
            ContainerEngine.builder()
                .dataRoot(root.resolve("data"))
                .stateRoot(root.resolve("state"))
                .build();
        Sandbox sandbox = Sandbox.builder(args[0]).engine(engine).warm(WARM).build()) {
      paced(sandbox, WARM_UP, 0);
      print("paced, call to result", paced(sandbox, count, Long.parseLong(args[3])));
      drained(sandbox, count);
      awaitFull(sandbox);
      String id = engine.list().get(0).id();
      System.out.println("bundle " + root.resolve("data/containers").resolve(id));
      while (System.in.read() >= 0) {
        // Until it ends.
      }
    }
  }

  private static void awaitFull(Sandbox sandbox) throws InterruptedException {
    while (sandbox.ready() < WARM) {
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  private static double[] paced(Sandbox sandbox, int count, long pause)
      throws InterruptedException {
    double[] times = new double[count];
    for (int i = 0; i < count; i++) {
      awaitFull(sandbox);
      TimeUnit.MILLISECONDS.sleep(pause);
      long begin = System.nanoTime();
      require(sandbox.run("/bin/true"));
      times[i] = (System.nanoTime() - begin) / 1e6;
    }
    return times;
  }

  private static void drained(Sandbox sandbox, int count) throws Exception {
    List<CompletableFuture<SandboxResult>> results = new ArrayList<>();
    long begin = System.nanoTime();
    for (int i = 0; i < count; i++) {
      results.add(sandbox.submit(SandboxRequest.builder("/bin/true").build()));
    }
    double[] times = new double[count];
    for (int i = 0; i < count; i++) {
      SandboxResult result = results.get(i).get();
      require(result);
      times[i] = result.usage().wallTime().toNanos() / 1e6;
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    System.out.printf(Locale.ROOT, "drained, runs a second: %.1f%n", count / seconds);
    print("drained, container to result", times);
  }

  private static void require(SandboxResult result) {
    if (!result.isSuccess()) {
      throw new IllegalStateException(result.toString());
    }
  }

  private static void print(String what, double[] times) {
    Arrays.sort(times);
    System.out.printf(
        Locale.ROOT,
        "%s, ms: median %.1f, 90 %% %.1f, 99 %% %.1f, most %.1f of %d%n",
        what,
        times[times.length / 2],
        times[times.length * 9 / 10],
        times[times.length * 99 / 100],
        times[times.length - 1],
        times.length);
  }
}
