package io.runcible.benchmarks;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerProcess;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.ExitStatus;
import io.runcible.layout.ImageLayout;
import io.runcible.network.Network;
import io.runcible.runtime.SeccompProfile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Our side of {@code benchmarks/compare/containers}, in a JVM that stays: {@code ROOT LAYOUT TAG
 * RUNTIME WARM_UPS}. It takes a command from each line of its input and answers with a line: the
 * milliseconds that it took, or what was asked for. It ends with its input.
 */
public final class Containers implements AutoCloseable {
  private static final int ROW = 10;
  private static final Duration GRACE = Duration.ofSeconds(10);
  private static final String[] FOR_EVER = {"sh", "-c", "trap exit TERM; sleep 100000 & wait"};

  private final ContainerEngine engine;
  private final Path data;
  private final String reference;
  private final List<Container> idle = new ArrayList<>();

  private Containers(Path root, Path layout, String tag, String runtime) {
    data = root.resolve("data");
    engine =
        ContainerEngine.builder()
            .dataRoot(data)
            .stateRoot(root.resolve("state"))
            .runtime(runtime)
            .build();
    reference = "registry.example/test:" + tag;
    try (ImageLayout source = ImageLayout.open(layout)) {
      engine.images().load(source, reference, event -> {});
    }
  }

  /** Answers until the input ends. */
  public static void main(String[] args) throws IOException {
    try (Containers containers =
        new Containers(Path.of(args[0]), Path.of(args[1]), args[2], args[3])) {
      containers.warmUp(Integer.parseInt(args[4]));
      System.out.println("ready");
      BufferedReader commands =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = commands.readLine(); line != null; line = commands.readLine()) {
        System.out.println(containers.answer(line.split(" ", -1)));
      }
    }
  }

  /** Each other start is on a bridge, whose code is another one. */
  private void warmUp(int times) {
    for (int i = 0; i < times; i++) {
      run(i % 2 == 0 ? "none" : "bridge");
    }
    // The first ones in a container are done otherwise than those that come next.
    for (int i = 0; i < times; i += ROW) {
      idle(1);
      execs(ROW);
      idle.remove(0).close();
    }
  }

  private String answer(String[] command) {
    return switch (command[0]) {
      case "run" -> millis(() -> run(command[1]));
      case "many" -> millis(() -> many(Integer.parseInt(command[1])));
      case "idle" -> idle(Integer.parseInt(command[1]));
      case "exec" -> millis(this::exec);
      case "execs" -> millis(() -> execs(Integer.parseInt(command[1])));
      case "stop" -> millis(() -> last().stop(GRACE));
      case "remove" -> millis(() -> idle.remove(idle.size() - 1).close());
      case "bundle" -> bundle(command[1]);
      case "threads" -> String.valueOf(Thread.getAllStackTraces().size());
      default -> throw new IllegalArgumentException(command[0]);
    };
  }

  private static String millis(Runnable work) {
    long start = System.nanoTime();
    work.run();
    return String.format(Locale.ROOT, "%.3f", (System.nanoTime() - start) / 1e6);
  }

  /** From nothing to the end of the process, and to nothing again. */
  private void run(String form) {
    try (Container container = engine.run(spec(form, "/bin/true"))) {
      require(container.waitFor());
    }
  }

  private ContainerSpec spec(String form, String... command) {
    ContainerSpec.Builder spec = ContainerSpec.builder(reference).command(command);
    return switch (form) {
      case "none" -> spec.build();
      case "bridge" -> spec.network(Network.BRIDGE).build();
      case "compat" -> spec.seccomp(SeccompProfile.standardWithCompat()).build();
      default -> throw new IllegalArgumentException(form);
    };
  }

  private static void require(ExitStatus status) {
    if (!status.isSuccess()) {
      throw new IllegalStateException("exit " + status);
    }
  }

  private void many(int count) {
    ExecutorService threads = Executors.newFixedThreadPool(count);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        all.add(threads.submit(() -> run("none")));
      }
      for (Future<?> one : all) {
        one.get();
      }
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    } finally {
      threads.shutdown();
    }
  }

  private String idle(int count) {
    for (int i = 0; i < count; i++) {
      idle.add(engine.run(spec("none", FOR_EVER)));
    }
    return last().id();
  }

  private Container last() {
    return idle.get(idle.size() - 1);
  }

  private void exec() {
    try (ContainerProcess process = last().exec("/bin/true")) {
      require(process.waitFor());
    }
  }

  private void execs(int times) {
    for (int i = 0; i < times; i++) {
      exec();
    }
  }

  /** The directory of a container that is not started, for a runtime that is started by hand. */
  private String bundle(String form) {
    Container container = engine.create(spec(form, "/bin/true"));
    return data.resolve("containers").resolve(container.id()).toString();
  }

  @Override
  public void close() {
    engine.close();
  }
}
