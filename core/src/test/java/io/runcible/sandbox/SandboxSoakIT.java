package io.runcible.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Rounds;
import io.runcible.engine.TestEngine;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Many programs from many threads. */
class SandboxSoakIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final int THREADS = 32;
  private static final long NANOS = 1_000_000_000;

  private final Random random = new Random(Rounds.seed("sandbox"));

  @Test
  void noProgramAffectsAnother() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try (Sandbox sandbox =
        Sandbox.builder(ENGINE.reference("busybox"))
            .profile(Hostile.PROFILE)
            .engine(ENGINE.get())
            .build()) {
      List<Hostile> all = List.of(Hostile.values());
      Map<Hostile, Integer> counts = new EnumMap<>(Hostile.class);
      List<Future<?>> runs = new ArrayList<>();
      int rounds = Rounds.of(40, 10_000);
      long begin = System.nanoTime();
      for (int i = 0; i < rounds; i++) {
        // Most are polite: those that time out take no processor.
        Hostile program =
            random.nextInt(4) > 0 ? Hostile.POLITE : all.get(random.nextInt(all.size()));
        counts.merge(program, 1, Integer::sum);
        runs.add(threads.submit(() -> program.check(sandbox.run(program.request()))));
      }
      for (Future<?> run : runs) {
        run.get();
      }
      System.out.printf(
          "%d runs in %d s: %s%n", rounds, (System.nanoTime() - begin) / NANOS, counts);
      assertThat(sandbox.waiting()).isZero();
    } finally {
      threads.shutdown();
    }
  }
}
