package io.runcible.engine;

import io.runcible.RuncibleException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * A second JVM that runs, stops, restarts and removes containers that are removed once they have
 * ended, until it is killed. Others have some of the same names. Says what is wrong.
 */
final class AutoRemovalProgram {
  private static final int THREADS = 2;
  private static final int NAMES = 3;
  private static final int LONGEST_TENTHS = 5;

  private final Path root;
  private final String reference;

  private AutoRemovalProgram(Path root, String reference) {
    this.root = root;
    this.reference = reference;
  }

  public static void main(String[] args) {
    AutoRemovalProgram program = new AutoRemovalProgram(Path.of(args[0]), args[1]);
    for (int i = 0; i < THREADS; i++) {
      Random random = new Random(Long.parseLong(args[2]) + i);
      new Thread(() -> program.work(random)).start();
    }
    System.out.println("working");
  }

  private void work(Random random) {
    while (true) {
      try (ContainerEngine engine =
          TestRoot.builder()
              .dataRoot(root.resolve("data"))
              .stateRoot(root.resolve("state"))
              .policy(new HostPolicy(List.of()))
              .build()) {
        for (int i = 0; i < 1 + random.nextInt(10); i++) {
          if (random.nextBoolean()) {
            own(engine);
          } else {
            shared(engine, random);
          }
        }
      } catch (RuntimeException e) {
        System.out.println("an engine fails: " + e);
      }
    }
  }

  private ContainerSpec.Builder sh(String script) {
    return ContainerSpec.builder(reference)
        .command("sh", "-c", script)
        .mount(Mount.volume("/own"))
        .detached()
        .autoRemove();
  }

  /** Nobody else ends it. */
  private void own(ContainerEngine engine) {
    Container container = engine.run(sh("sleep 0.1; test -d /own && exit 42").build());
    int code = container.waitFor().code();
    if (code != 42) {
      System.out.println("own container ended with " + code);
    }
  }

  /** Somebody else may do all this, too. */
  private void shared(ContainerEngine engine, Random random) {
    String name = "shared" + random.nextInt(NAMES);
    try {
      Optional<Container> found = engine.find(name);
      switch (random.nextInt(4)) {
        case 0 -> found.ifPresent(one -> one.stop(Duration.ZERO));
        case 1 -> found.ifPresent(Container::close);
        case 2 -> found.ifPresent(one -> one.restart(Duration.ZERO));
        default -> {
          String tenths = "0." + random.nextInt(LONGEST_TENTHS);
          engine.run(sh("sleep " + tenths).name(name).build());
        }
      }
    } catch (RuncibleException e) {
      // It is another one's.
    }
  }
}
