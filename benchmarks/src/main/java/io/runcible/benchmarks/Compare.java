package io.runcible.benchmarks;

import io.runcible.archive.Compression;
import io.runcible.archive.LayerDiff;
import io.runcible.archive.LayerFormat;
import io.runcible.archive.WrittenLayer;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.ExitStatus;
import io.runcible.image.Image;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import io.runcible.image.Platform;
import io.runcible.layout.ImageLayout;
import io.runcible.snapshot.PlainUnpacker;
import io.runcible.transfer.ImageLocation;
import io.runcible.transfer.OpenLocation;
import io.runcible.transfer.Transports;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Our side of the comparison with other engines: {@code pull REF ROOT ROUNDS} prints the
 * milliseconds of each pull and unpack into an empty store, one a line, in a JVM that has done it
 * before. {@code run REF ROOT COUNT} prints those of each run of {@code /bin/true}, also in one
 * warm JVM. {@code bundle REF ROOT} makes a container of it, prints the directory of its bundle for
 * a runtime that is started by hand, and removes it when its input ends. {@code commit UPPER LAYOUT
 * COMPRESSION} makes an image of what was changed through an overlay. {@code unpack LOCATION
 * DIRECTORY ROUNDS} is {@code pull} for unpacking alone.
 */
public final class Compare {
  private static final int WARM_UP_PULLS = 15;
  private static final int WARM_UP_RUNS = 10;

  private Compare() {}

  /** Runs one of the five. */
  public static void main(String[] args) throws IOException, InterruptedException {
    Path path = Path.of(args[args[0].equals("commit") ? 1 : 2]);
    switch (args[0]) {
      case "pull" -> pull(args[1], path, Integer.parseInt(args[3]));
      case "run" -> run(args[1], path, Integer.parseInt(args[3]));
      case "bundle" -> bundle(args[1], path);
      case "unpack" -> unpack(args[1], path, Integer.parseInt(args[3]));
      case "commit" -> commit(path, Path.of(args[2]), Compression.valueOf(args[3]));
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static void pull(String reference, Path root, int rounds) {
    try (ContainerEngine engine = open(root)) {
      for (int i = -WARM_UP_PULLS; i < rounds; i++) {
        long start = System.nanoTime();
        engine.images().pull(reference);
        if (i >= 0) {
          print(start);
        }
        engine.images().remove(reference);
        engine.images().prune();
      }
    }
  }

  private static void unpack(String location, Path directory, int rounds)
      throws IOException, InterruptedException {
    Transports transports = Transports.standard();
    for (int i = -WARM_UP_PULLS; i < rounds; i++) {
      long start = System.nanoTime();
      try (OpenLocation<ImageSource> open = transports.source(ImageLocation.parse(location))) {
        Image image = Image.resolve(open.images(), open.reference(), Platform.host());
        new PlainUnpacker().unpack(image, directory);
      }
      if (i >= 0) {
        print(start);
      }
      new ProcessBuilder("rm", "-rf", directory.toString()).start().waitFor();
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

  private static void commit(Path upper, Path directory, Compression compression)
      throws IOException {
    Path file = directory.resolveSibling(directory.getFileName() + ".layer");
    ExecutorService threads =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
    try (ImageLayout layout = ImageLayout.create(directory)) {
      WrittenLayer layer =
          LayerDiff.ofOverlay(upper, LayerFormat.OVERLAY)
              .compression(compression, compression.defaultLevel())
              .executor(threads)
              .writeTo(file);
      ImageAssembly.builder(Platform.host())
          .layer(layer)
          .build()
          .writeTo(layout, ImageReference.parse("registry.example/changed:1"));
    } finally {
      threads.shutdown();
      Files.deleteIfExists(file);
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
}
