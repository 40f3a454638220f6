package io.runcible.benchmarks;

import io.runcible.engine.ContainerEngine;
import io.runcible.layout.ImageLayout;
import io.runcible.runtime.SeccompProfile;
import io.runcible.sandbox.Sandbox;
import io.runcible.sandbox.SandboxRequest;
import io.runcible.sandbox.SandboxResult;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Sandboxes: {@code ROOT STATE LAYOUT TAG WARM_UPS} makes a pool for an image of an OCI layout,
 * with its files and state in these directories, runs {@code /bin/true} so often, says {@code
 * ready}, and then does what each line of its input says, until that ends:
 *
 * <ul>
 *   <li>{@code paced COUNT PAUSE}: so many runs, each when the pool is full and so many
 *       milliseconds have passed; the milliseconds from each call to its result
 *   <li>{@code drained COUNT}: so many runs as fast as it goes; the milliseconds that all took,
 *       then those of each from its container to its result
 *   <li>{@code bundle}: the directory of a container that waits, for ever
 *   <li>{@code seccomp}: the profile that its init program has loaded, as a runtime is told it
 * </ul>
 */
public final class SandboxRuns {
  private static final int WARM = 4;

  private SandboxRuns() {}

  /** Runs it. */
  public static void main(String[] args) throws Exception {
    Path root = Path.of(args[0]);
    String image = "registry.example/test:" + args[3];
    try (ContainerEngine engine =
            ContainerEngine.builder().dataRoot(root).stateRoot(Path.of(args[1])).build();
        BufferedReader input =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII))) {
      try (ImageLayout layout = ImageLayout.open(Path.of(args[2]))) {
        engine.images().load(layout, image, event -> {});
      }
      Sandbox.Builder builder = Sandbox.builder(image).engine(engine);
      try (Sandbox apart = builder.warm(1).build()) {
        awaitReady(apart, 1);
        String waiting = engine.list().get(0).id();
        try (Sandbox sandbox = builder.warm(WARM).build()) {
          drained(sandbox, Integer.parseInt(args[4]));
          System.out.println("ready");
          for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] words = line.split(" ", -1);
            switch (words[0]) {
              case "paced" ->
                  print(paced(sandbox, Integer.parseInt(words[1]), Long.parseLong(words[2])));
              case "drained" -> print(drained(sandbox, Integer.parseInt(words[1])));
              case "bundle" -> System.out.println(root.resolve("containers").resolve(waiting));
              case "seccomp" ->
                  System.out.println(SeccompProfile.untrusted().json(Set.of()).orElseThrow());
              default -> throw new IllegalArgumentException(line);
            }
          }
        }
      }
    }
  }

  private static void awaitReady(Sandbox sandbox, int containers) throws InterruptedException {
    while (sandbox.ready() < containers) {
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  private static double[] paced(Sandbox sandbox, int count, long pause)
      throws InterruptedException {
    double[] times = new double[count];
    for (int i = 0; i < count; i++) {
      awaitReady(sandbox, WARM);
      TimeUnit.MILLISECONDS.sleep(pause);
      long begin = System.nanoTime();
      require(sandbox.run("/bin/true"));
      times[i] = (System.nanoTime() - begin) / 1e6;
    }
    return times;
  }

  private static double[] drained(Sandbox sandbox, int count) throws Exception {
    List<CompletableFuture<SandboxResult>> results = new ArrayList<>();
    double[] times = new double[count + 1];
    long begin = System.nanoTime();
    for (int i = 0; i < count; i++) {
      results.add(sandbox.submit(SandboxRequest.builder("/bin/true").build()));
    }
    for (int i = 0; i < count; i++) {
      SandboxResult result = results.get(i).get();
      require(result);
      times[i + 1] = result.usage().wallTime().toNanos() / 1e6;
    }
    times[0] = (System.nanoTime() - begin) / 1e6;
    // What they leave to do belongs to them.
    awaitReady(sandbox, WARM);
    return times;
  }

  private static void require(SandboxResult result) {
    if (!result.isSuccess()) {
      throw new IllegalStateException(result.toString());
    }
  }

  private static void print(double[] times) {
    System.out.println(
        Arrays.stream(times)
            .mapToObj(time -> String.format(Locale.ROOT, "%.3f", time))
            .collect(Collectors.joining(" ")));
  }
}
