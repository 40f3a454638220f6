package io.runcible.benchmarks;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.ExitStatus;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Our side of the comparison with other engines: {@code pull REF ROOT COUNT} and {@code run REF
 * ROOT COUNT} print the milliseconds of each round, one a line, in one warm JVM. {@code bundle REF
 * ROOT} makes a container of {@code /bin/true}, prints the directory of its bundle for a runtime
 * that is started by hand, and removes it when its input ends.
 */
public final class Compare {
  private static final int WARM_UP_RUNS = 10;

  private Compare() {}

  /** Runs one of the three. */
  public static void main(String[] args) throws IOException {
    String reference = args[1];
    Path root = Path.of(args[2]);
    int count = args.length > 3 ? Integer.parseInt(args[3]) : 1;
    switch (args[0]) {
      case "pull" -> pull(reference, root, count);
      case "run" -> run(reference, root, count);
      case "bundle" -> bundle(reference, root);
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static void pull(String reference, Path root, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      try (ContainerEngine engine = open(root)) {
        long start = System.nanoTime();
        engine.images().pull(reference);
        print(start);
      }
      delete(root);
    }
  }

  private static void run(String reference, Path root, int count) {
    try (ContainerEngine engine = open(root)) {
      engine.images().pull(reference);
      ContainerSpec spec = ContainerSpec.builder(reference).command("/bin/true").build();
      for (int i = -WARM_UP_RUNS; i < count; i++) {
        long start = System.nanoTime();
        try (Container container = engine.run(spec)) {
          ExitStatus status = container.waitFor();
          if (!status.isSuccess()) {
            throw new IllegalStateException("exit " + status);
          }
        }
        if (i >= 0) {
          print(start);
        }
      }
    }
  }

  private static void bundle(String reference, Path root) throws IOException {
    ContainerSpec spec = ContainerSpec.builder(reference).command("/bin/true").build();
    try (ContainerEngine engine = open(root);
        Container container = engine.create(spec)) {
      System.out.println(root.resolve("data/containers").resolve(container.id()));
      System.in.transferTo(OutputStream.nullOutputStream());
    }
  }

  private static ContainerEngine open(Path root) {
    return ContainerEngine.builder()
        .dataRoot(root.resolve("data"))
        .stateRoot(root.resolve("state"))
        .build();
  }

  private static void print(long start) {
    System.out.printf(Locale.ROOT, "%.1f%n", (System.nanoTime() - start) / 1e6);
  }

  private static void delete(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
      for (Path file : deepestFirst) {
        if (!file.equals(root)) {
          Files.delete(file);
        }
      }
    }
  }
}
