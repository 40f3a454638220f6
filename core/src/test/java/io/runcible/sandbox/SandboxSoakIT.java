package io.runcible.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Rounds;
import io.runcible.engine.TestEngine;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Many programs from many threads. Prints what that took, and of all what of the polite ones. */
class SandboxSoakIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final int THREADS = 32;
  private static final double MILLIS = 1e6;

  private final Random random = new Random(Rounds.seed("sandbox"));

  /** Nanoseconds from the call to the result, of that in the queue, and with the container. */
  private record Times(Hostile program, long call, long queue, long wall) {}

  private static Times run(Sandbox sandbox, Hostile program) {
    long begin = System.nanoTime();
    SandboxResult result = sandbox.run(program.request());
    long call = System.nanoTime() - begin;
    program.check(result);
    SandboxUsage usage = result.usage();
    return new Times(program, call, usage.queueTime().toNanos(), usage.wallTime().toNanos());
  }

  @Test
  void noProgramAffectsAnother() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try (Sandbox sandbox =
        Sandbox.builder(ENGINE.reference("busybox"))
            .profile(Hostile.PROFILE)
            .engine(ENGINE.get())
            .build()) {
      List<Hostile> all = List.of(Hostile.values());
      List<Future<Times>> runs = new ArrayList<>();
      int rounds = Rounds.of(40, 10_000);
      long begin = System.nanoTime();
      for (int i = 0; i < rounds; i++) {
        // Most are polite: those that time out take no processor.
        Hostile program =
            random.nextInt(4) > 0 ? Hostile.POLITE : all.get(random.nextInt(all.size()));
        runs.add(threads.submit(() -> run(sandbox, program)));
      }
      List<Times> times = new ArrayList<>();
      for (Future<Times> run : runs) {
        times.add(run.get());
      }
      print(times, (System.nanoTime() - begin) / MILLIS);
      assertThat(sandbox.waiting()).isZero();
    } finally {
      threads.shutdown();
    }
  }

  private static void print(List<Times> all, double millis) {
    Map<Hostile, Integer> counts = new EnumMap<>(Hostile.class);
    all.forEach(one -> counts.merge(one.program(), 1, Integer::sum));
    System.out.printf(
        Locale.ROOT,
        "%d runs from %d threads in %.1f s, %.1f a second: %s%n",
        all.size(),
        THREADS,
        millis / 1000,
        all.size() / millis * 1000,
        counts);
    List<Times> polite = all.stream().filter(one -> one.program() == Hostile.POLITE).toList();
    print("all, call to result", all.stream().mapToLong(Times::call).toArray());
    print("all, in the queue", all.stream().mapToLong(Times::queue).toArray());
    print("polite, call to result", polite.stream().mapToLong(Times::call).toArray());
    print("polite, in the queue", polite.stream().mapToLong(Times::queue).toArray());
    print("polite, container to end", polite.stream().mapToLong(Times::wall).toArray());
  }

  private static void print(String what, long[] nanos) {
    Arrays.sort(nanos);
    System.out.printf(
        Locale.ROOT,
        "%-26s ms: 50 %% %9.2f  90 %% %9.2f  99 %% %9.2f  most %9.2f%n",
        what,
        percentile(nanos, 50),
        percentile(nanos, 90),
        percentile(nanos, 99),
        percentile(nanos, 100));
  }

  private static double percentile(long[] sorted, int percent) {
    int last = sorted.length - 1;
    return last < 0 ? 0 : sorted[last * percent / 100] / MILLIS;
  }
}
