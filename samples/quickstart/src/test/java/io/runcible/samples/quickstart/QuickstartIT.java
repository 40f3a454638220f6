package io.runcible.samples.quickstart;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.junit.EnabledIfContainersAvailable;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the program as its launcher does: on the module path, with no optional jar on it. */
@EnabledIfContainersAvailable
class QuickstartIT {
  private static final Path TARGET = Path.of("target");

  @TempDir private Path directory;

  @Test
  void runsOnTheModulePath() throws Exception {
    run(
        "modules",
        "-p",
        jar() + File.pathSeparator + TARGET.resolve("lib"),
        "-m",
        "io.runcible.samples.quickstart/io.runcible.samples.quickstart.Quickstart");
  }

  @Test
  void runsOnTheClassPath() throws Exception {
    run(
        "classes",
        "-cp",
        jar() + File.pathSeparator + TARGET.resolve("lib") + "/*",
        "io.runcible.samples.quickstart.Quickstart");
  }

  /** They share the store of this user. */
  @Test
  void severalAtOnceDoNotDisturbEachOther() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Callable<Boolean>> runs = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        String name = "run-" + i;
        runs.add(
            () -> {
              run(
                  name,
                  "-cp",
                  jar() + File.pathSeparator + TARGET.resolve("lib") + "/*",
                  "io.runcible.samples.quickstart.Quickstart");
              return true;
            });
      }
      for (Future<Boolean> run : threads.invokeAll(runs)) {
        assertThat(run.get()).isTrue();
      }
    } finally {
      threads.shutdown();
    }
  }

  @Test
  void noOptionalJarIsOnThePath() throws IOException {
    try (Stream<Path> jars = Files.list(TARGET.resolve("lib"))) {
      assertThat(jars.map(jar -> jar.getFileName().toString()))
          .noneMatch(name -> name.startsWith("jakarta") || name.startsWith("micrometer"));
    }
  }

  private void run(String name, String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of(arguments));
    Path out = directory.resolve(name + ".out");
    Path err = directory.resolve(name + ".err");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    int code = process.waitFor();
    assertThat(code).as(() -> read(err)).isZero();
    assertThat(read(out)).startsWith("Hello from a container: process 1 on Linux");
  }

  private static Path jar() throws IOException {
    try (Stream<Path> jars = Files.list(TARGET)) {
      return jars.filter(
              jar -> jar.getFileName().toString().matches("runcible-quickstart-.*\\.jar"))
          .findFirst()
          .orElseThrow();
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, UTF_8);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
