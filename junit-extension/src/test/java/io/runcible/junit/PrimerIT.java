package io.runcible.junit;

import static io.runcible.junit.ShellImage.run;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Priming;
import io.runcible.engine.Ready;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Containers that begin with a state. */
@EnabledIfContainersAvailable
class PrimerIT {
  @RegisterExtension static final Kit KIT = new Kit();

  private static final String OURS = PrimerIT.class.getName();
  private static final AtomicInteger PRIMED = new AtomicInteger();

  /** States of other runs of this test are others. */
  private static String version = UUID.randomUUID().toString();

  @BeforeEach
  void count() {
    PRIMED.set(0);
  }

  @AfterAll
  static void removeStates() {
    try (ContainerEngine engine = ContainerEngine.create()) {
      for (String name : engine.images().list().stream().map(Object::toString).toList()) {
        boolean ours =
            engine
                .images()
                .find(name)
                .map(image -> image.config().labels().getOrDefault(Priming.LABEL, ""))
                .filter(state -> state.startsWith(OURS))
                .isPresent();
        if (ours) {
          engine.images().remove(name);
        }
      }
    }
  }

  static class Fill implements Primer<Container> {
    @Override
    public void prime(Container container) {
      PRIMED.incrementAndGet();
      run(container, "cat /etc/greeting >/tmp/state");
    }

    @Override
    public List<String> resources() {
      return List.of("files/greeting.txt");
    }

    @Override
    public String version() {
      return version;
    }
  }

  static class Filled {
    @RunContainer(
        image = "${shell.image}",
        command = {"sh", "-c", "trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done"},
        readyLog = "up",
        files = "files/greeting.txt:/etc/greeting",
        prime = Fill.class)
    Container container;

    private void change() {
      assertThat(run(container, "cat /tmp/state; ls /tmp"))
          .contains("state")
          .doesNotContain("mine");
      run(container, "touch /tmp/mine");
    }

    @Test
    void one() {
      change();
    }

    @Test
    void another() {
      change();
    }
  }

  static class FilledToo extends Filled {}

  @Test
  void eachTestHasItsOwnCopyOfWhatIsMadeOnce() {
    Kit.assertPassed(KIT.runConcurrently(Filled.class, FilledToo.class), 4);
    assertThat(PRIMED).hasValue(1);
    Kit.assertPassed(KIT.run(Filled.class), 2);
    assertThat(PRIMED).hasValue(1);
    version = "other " + version;
    Kit.assertPassed(KIT.run(Filled.class), 2);
    assertThat(PRIMED).hasValue(2);
    Kit.assertNoneRuns();
  }

  static class Fails implements Primer<Container> {
    @Override
    public void prime(Container container) throws Exception {
      PRIMED.incrementAndGet();
      throw new Exception("no such schema");
    }
  }

  static class Failing {
    @RunContainer(image = "${shell.image}", readyLog = "up", prime = Fails.class)
    Container container;

    @Test
    void one() {}
  }

  @Test
  void primerThatFailsFailsTheTestAndLeavesNothing() {
    assertThat(Kit.failure(KIT.run(Failing.class))).contains("Fails", "no such schema");
    assertThat(Kit.failure(KIT.run(Failing.class))).contains("no such schema");
    assertThat(PRIMED).hasValue(2);
    assertThat(KIT.reports()).isDirectoryRecursivelyContaining("glob:**log.txt");
    Kit.assertNoneRuns();
  }

  static class Programmatic {
    @RegisterExtension
    static final ContainerExtension SHELL =
        ContainerExtension.of(
                ContainerSpec.builder(System.getProperty("shell.image"))
                    .command(
                        "sh", "-c", "trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done")
                    .build())
            .ready(Ready.onLog("up"))
            .prime(
                OURS + version,
                shell -> {
                  PRIMED.incrementAndGet();
                  run(shell.container(), "echo x >/tmp/x");
                });

    @Test
    void one() {
      assertThat(run(SHELL.container(), "cat /tmp/x")).isEqualTo("x");
    }
  }

  static class Nameless {
    @RegisterExtension
    static final ContainerExtension SHELL =
        ContainerExtension.of(ContainerSpec.builder("registry.example/x").build())
            .prime(shell -> {});

    @Test
    void one() {}
  }

  @Test
  void primerOfAPresetGetsThePreset() {
    Kit.assertPassed(KIT.run(Programmatic.class), 1);
    Kit.assertPassed(KIT.run(Programmatic.class), 1);
    assertThat(PRIMED).hasValue(1);
    assertThat(Kit.failures(KIT.run(Nameless.class))).isNotEmpty();
  }
}
