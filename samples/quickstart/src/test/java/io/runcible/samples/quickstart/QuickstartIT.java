package io.runcible.samples.quickstart;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.archive.LayerWriter;
import io.runcible.engine.ContainerEngine;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.Platform;
import io.runcible.junit.EnabledIfContainersAvailable;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the program as its launcher does: on the module path, with no optional jar on it. */
@EnabledIfContainersAvailable
class QuickstartIT {
  private static final Path TARGET = Path.of("target");
  private static final Path BUSYBOX = Path.of("/bin/busybox");
  private static final Path SCRIPT = Path.of("/usr/bin/script");

  /**
   * Without a terminal, a line for each step and each layer, which another run may have brought.
   */
  private static final String STEPS =
      step("opened the engine")
          + "(layer [0-9a-f]{12}  [\\d,]+ bytes  (fetched|already here)\\R){2}"
          + step("pulled and unpacked 2 layers")
          + step("ran and removed the container, exit code 0");

  @TempDir private Path directory;

  /** How the program ended, and what it wrote; a terminal has only one output. */
  private record Ended(int code, String out, String err) {}

  private static String step(String what) {
    return " *\\d+ ms  " + what + "\\R";
  }

  @Test
  void runsOnTheModulePath() throws Exception {
    greets(
        run(
            "modules",
            java(
                "-p",
                jar() + File.pathSeparator + TARGET.resolve("lib"),
                "-m",
                "io.runcible.samples.quickstart/io.runcible.samples.quickstart.Quickstart")));
  }

  @Test
  void runsOnTheClassPath() throws Exception {
    greets(run("classes", onClassPath()));
  }

  /** They share the store of this user. */
  @Test
  void severalAtOnceDoNotDisturbEachOther() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try {
      List<Callable<Ended>> runs = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        String name = "run-" + i;
        runs.add(() -> run(name, onClassPath()));
      }
      for (Future<Ended> run : threads.invokeAll(runs)) {
        greets(run.get());
      }
    } finally {
      threads.shutdown();
    }
  }

  /** On a terminal, with a bar. */
  @Test
  void runsAnImageAndACommandOfTheCaller() throws Exception {
    require(Files.exists(BUSYBOX), BUSYBOX + " is missing: apt-get install busybox-static");
    require(Files.exists(SCRIPT), SCRIPT + " is missing: apt-get install bsdutils");
    try (RegistryServer registry = serveBusybox()) {
      String image = registry.host() + "/own/image:1";
      List<String> command =
          onClassPath(image, "/bin/busybox", "sh", "-c", "echo out; echo err >&2; exit 7");
      String quoted =
          command.stream().map(word -> "'" + word + "'").collect(Collectors.joining(" "));
      Ended ended = run("image", List.of(SCRIPT.toString(), "-qec", quoted, "/dev/null"));
      try (ContainerEngine engine = ContainerEngine.create()) {
        engine.images().remove(image);
      }
      assertThat(ended.code()).as(ended.out()).isEqualTo(7);
      assertThat(ended.out().lines()).contains("out", "err");
      assertThat(ended.out())
          .containsPattern("\\r\\[={40}] (\\d+\\.\\d) of \\1 MB\\R")
          .containsPattern(step("pulled and unpacked 1 layers"))
          .containsPattern(step("ran and removed the container, exit code 7"))
          .doesNotContain("fetched");
    }
  }

  @Test
  void imageThatIsNotThereIsOneLine() throws Exception {
    try (RegistryServer registry =
        RegistryServer.serve(ImageLayout.create(directory.resolve("empty"))).start()) {
      Ended ended = run("missing", onClassPath(registry.host() + "/own/image:1", "true"));
      assertThat(ended.code()).as(ended.err()).isEqualTo(125);
      assertThat(ended.out()).isEmpty();
      // Of the runtime there may be a warning before.
      assertThat(ended.err())
          .containsPattern(
              step("opened the engine") + "quickstart: [^\\n]*/own/image:1[^\\n]*\\R$");
    }
  }

  @Test
  void noOptionalJarIsOnThePath() throws IOException {
    try (Stream<Path> jars = Files.list(TARGET.resolve("lib"))) {
      assertThat(jars.map(jar -> jar.getFileName().toString()))
          .noneMatch(name -> name.startsWith("jakarta") || name.startsWith("micrometer"));
    }
  }

  private static void greets(Ended ended) {
    assertThat(ended.code()).as(ended.err()).isZero();
    assertThat(ended.out()).startsWith("Hello from a container: process 1 on Linux");
    assertThat(ended.err()).containsPattern(STEPS);
  }

  /** Its layer is another one each time, so that it has to be fetched. */
  private RegistryServer serveBusybox() throws IOException {
    ImageLayout layout = ImageLayout.create(directory.resolve("layout"));
    ImageAssembly.builder(Platform.host())
        .layer(
            new LayerWriter()
                .addFile("bin/busybox", 0755, BUSYBOX.toRealPath())
                .addFile("unique", 0644, UUID.randomUUID().toString().getBytes(UTF_8))
                .writeTo(directory.resolve("layer.tar.gz")))
        .build()
        .writeTo(layout, ImageReference.parse("own/image:1"));
    return RegistryServer.serve(layout).start();
  }

  private static List<String> onClassPath(String... arguments) throws IOException {
    List<String> command =
        java(
            "-cp",
            jar() + File.pathSeparator + TARGET.resolve("lib") + "/*",
            "io.runcible.samples.quickstart.Quickstart");
    command.addAll(List.of(arguments));
    return command;
  }

  private static List<String> java(String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of(arguments));
    return command;
  }

  private Ended run(String name, List<String> command) throws Exception {
    Path out = directory.resolve(name + ".out");
    Path err = directory.resolve(name + ".err");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    return new Ended(process.waitFor(), Files.readString(out, UTF_8), Files.readString(err, UTF_8));
  }

  private static Path jar() throws IOException {
    try (Stream<Path> jars = Files.list(TARGET)) {
      return jars.filter(
              jar -> jar.getFileName().toString().matches("runcible-quickstart-.*\\.jar"))
          .findFirst()
          .orElseThrow();
    }
  }

  /** Without it the test is skipped, or fails where nothing may be skipped. */
  private static void require(boolean present, String missing) {
    if (!present && Boolean.getBoolean("runcible.required")) {
      throw new AssertionError(missing);
    }
    Assumptions.assumeTrue(present, missing);
  }
}
