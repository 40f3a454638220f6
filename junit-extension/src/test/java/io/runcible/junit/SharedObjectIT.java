package io.runcible.junit;

import static io.runcible.junit.Kit.SEEN;
import static io.runcible.junit.Kit.assertNoneRuns;
import static io.runcible.junit.Kit.assertPassed;
import static io.runcible.junit.Kit.use;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerSpec;
import java.util.HashSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.RegisterExtension;

/** One object in the instance fields of tests that run at the same time. */
@EnabledIfContainersAvailable
class SharedObjectIT {
  @RegisterExtension static final Kit KIT = new Kit();

  private static final CountDownLatch FIRST_RUNS = new CountDownLatch(1);
  private static final CountDownLatch SECOND_RUNS = new CountDownLatch(1);
  private static final CountDownLatch FIRST_ENDED = new CountDownLatch(1);

  private static void await(CountDownLatch latch) throws InterruptedException {
    assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void containersOfATestOutliveAnotherOneThatBeganThem() {
    assertPassed(KIT.runConcurrently(Tests.class), 2);
    assertThat(new HashSet<>(SEEN)).hasSize(2);
    assertNoneRuns();
  }

  static class Tests {
    private static final ContainerExtension CONTAINER =
        ContainerExtension.of(ContainerSpec.builder(System.getProperty("shell.image")).build())
            .named("container");
    private static final ComposeExtension COMPOSE =
        ComposeExtension.ofText(
            """
            services:
              service:
                image: %s
            """
                .formatted(System.getProperty("shell.image")));

    /** Comes before the others, so that its store's value is closed after theirs. */
    @Order(1)
    @RegisterExtension
    final BeforeEachCallback order =
        context -> {
          if (context.getRequiredTestMethod().getName().equals("second")) {
            await(FIRST_RUNS);
          } else {
            AutoCloseable end = FIRST_ENDED::countDown;
            context.getStore(Namespace.create(Tests.class)).put("end", end);
          }
        };

    @RegisterExtension final ContainerExtension container = CONTAINER;
    @RegisterExtension final ComposeExtension compose = COMPOSE;

    @Test
    void first() throws InterruptedException {
      FIRST_RUNS.countDown();
      await(SECOND_RUNS);
    }

    @Test
    void second(
        @NamedContainer("container") Container known, @NamedContainer("service") Container service)
        throws InterruptedException {
      SECOND_RUNS.countDown();
      await(FIRST_ENDED);
      use(known);
      use(service);
      assertThat(container.container()).isSameAs(known);
      assertThat(compose.container("service")).isSameAs(service);
    }
  }
}
