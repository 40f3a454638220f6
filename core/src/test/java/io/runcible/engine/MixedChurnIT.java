package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** All that is done with containers, networks and volumes, many at a time, also with kills. */
class MixedChurnIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final int AT_A_TIME = 16;
  private static final int LONGEST_MILLIS = 1500;

  /** What a thousand containers would leave of a thousand objects each is a multiple of that. */
  private static final long MOST_GROWTH = 16L << 20;

  private final long seed = Rounds.seed("mixed");
  private final Random random = new Random(seed);
  private TestHost host;

  @BeforeEach
  void makeHost() {
    host = TestHost.create();
  }

  @AfterEach
  void removeHost() {
    try {
      host.verify();
    } finally {
      host.close();
    }
  }

  @Test
  void everyResultIsRightAndNothingIsLeft() {
    host.run(
        () -> {
          try (ContainerEngine engine = ENGINE.open()) {
            Churn churn = new Churn(engine, ENGINE.reference("busybox"));
            // Loads the classes and fills what is kept from one to the next.
            int first = Rounds.of(AT_A_TIME / 2, 500);
            run(churn, 0, first);
            long before = heapInUse();
            run(churn, first, Rounds.of(AT_A_TIME, 500));
            assertThat(heapInUse() - before).isLessThan(MOST_GROWTH);
            assertThat(engine.list()).isEmpty();
            assertThat(engine.volumes().list()).isEmpty();
          }
        });
  }

  private static void run(Churn churn, int first, int count) {
    ExecutorService threads = Executors.newFixedThreadPool(AT_A_TIME);
    try {
      List<Future<?>> cycles = new ArrayList<>();
      for (int i = first; i < first + count; i++) {
        int number = i;
        cycles.add(threads.submit(() -> churn.cycle(number)));
      }
      for (Future<?> cycle : cycles) {
        cycle.get();
      }
    } catch (Exception e) {
      throw new AssertionError(e);
    } finally {
      threads.shutdownNow();
    }
  }

  private static long heapInUse() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  @Test
  void afterAnyKillTheNextEngineCleansUpAndDetachedContainersGoOn() {
    String[] steady = new String[1];
    OptionalInt[] pid = new OptionalInt[1];
    host.run(
        () -> {
          try (ContainerEngine engine = ENGINE.open()) {
            Container container = new Churn(engine, ENGINE.reference("busybox")).startDetached();
            steady[0] = container.id();
            pid[0] = container.pid();
          }
        });
    for (int round = 0; round < Rounds.of(1, 100); round++) {
      ENGINE.leaks().begin();
      host.begin();
      host.run(this::killAtRandom);
      host.run(() -> recover(steady[0], pid[0]));
      host.verify();
      ENGINE.leaks().verify();
    }
    host.run(
        () -> {
          try (ContainerEngine engine = ENGINE.open()) {
            Churn.end(engine.find(steady[0]).orElseThrow());
          }
        });
  }

  private void killAtRandom() {
    try (ChildJvm jvm =
        ChildJvm.start(
            EngineProgram.class, "churn-loop", ENGINE.root().path(), ENGINE.reference("busybox"))) {
      assertThat(jvm.line()).isEqualTo("working");
      Thread.sleep(random.nextInt(LONGEST_MILLIS));
      jvm.kill();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static void recover(String steady, OptionalInt pid) {
    long start = System.nanoTime();
    try (ContainerEngine next = ENGINE.open()) {
      System.out.println(
          "opened after a kill in " + (System.nanoTime() - start) / 1_000_000 + " ms");
      for (Container container : next.list()) {
        if (container.id().equals(steady)) {
          assertThat(container.isRunning()).isTrue();
          assertThat(container.pid()).isEqualTo(pid);
        } else {
          Churn.end(container);
        }
      }
      next.networks().list().forEach(network -> assertThat(network.members()).isEmpty());
      // Networks and volumes with a name are their user's, whatever became of who made them.
      next.networks().prune();
      next.volumes().prune();
    }
  }
}
