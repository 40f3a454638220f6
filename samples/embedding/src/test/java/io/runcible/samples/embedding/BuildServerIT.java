package io.runcible.samples.embedding;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.archive.LayerWriter;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.Platform;
import io.runcible.junit.EnabledIfContainersAvailable;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The server as a process: it is used, and ended in two ways. */
@EnabledIfContainersAvailable
class BuildServerIT {
  private static final Path BUSYBOX = Path.of("/bin/busybox");
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  @TempDir static Path directory;
  private static RegistryServer registry;

  @BeforeAll
  static void serveAnImage() throws IOException {
    boolean present = Files.exists(BUSYBOX);
    String missing = BUSYBOX + " is missing: apt-get install busybox-static";
    if (!present && Boolean.getBoolean("runcible.required")) {
      throw new AssertionError(missing);
    }
    Assumptions.assumeTrue(present, missing);
    LayerWriter layer =
        new LayerWriter()
            .addFile("bin/busybox", 0755, BUSYBOX.toRealPath())
            .addDirectory("reports", 0755)
            .addDirectory("tmp", 01777);
    for (String applet : List.of("sh", "sleep", "echo", "cat")) {
      layer.addSymlink("bin/" + applet, "busybox");
    }
    ImageLayout layout = ImageLayout.create(directory.resolve("layout"));
    ImageAssembly.builder(Platform.host())
        .layer(layer.writeTo(directory.resolve("layer.tar.gz")))
        .build()
        .writeTo(layout, ImageReference.parse("builder:latest"));
    registry = RegistryServer.serve(layout).start();
  }

  @AfterAll
  static void close() {
    if (registry != null) {
      registry.close();
    }
  }

  /** The server in a JVM of its own, on directories of its own. */
  private static final class Server implements AutoCloseable {
    private final Process process;
    private final URI builds;
    private final URI reports;

    Server(Path root) throws IOException {
      Path errors = directory.resolve(root.getFileName() + ".err");
      process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:+UseSerialGC",
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty("java.class.path"),
                  BuildServer.class.getName(),
                  registry.host() + "/library/builder:latest",
                  root.toString())
              .redirectError(errors.toFile())
              .start();
      BufferedReader output = process.inputReader(UTF_8);
      try {
        builds = url(output.readLine(), "builds ", errors);
        reports = url(output.readLine(), "reports ", errors);
      } catch (IOException | AssertionError e) {
        process.destroyForcibly();
        throw e;
      }
    }

    private static URI url(String line, String what, Path errors) throws IOException {
      assertThat(line).as(Files.readString(errors)).startsWith(what);
      return URI.create(line.substring(what.length()));
    }

    CompletableFuture<HttpResponse<String>> build(String name, String script) {
      return build(name, "text/x-shellscript", script);
    }

    CompletableFuture<HttpResponse<String>> build(String name, String type, String script) {
      HttpRequest request =
          HttpRequest.newBuilder(builds.resolve("/builds/" + name))
              .header("Content-Type", type)
              .POST(BodyPublishers.ofString(script))
              .build();
      return CLIENT.sendAsync(request, BodyHandlers.ofString());
    }

    String get(URI url) throws IOException, InterruptedException {
      HttpResponse<String> response =
          CLIENT.send(HttpRequest.newBuilder(url).build(), BodyHandlers.ofString());
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      return response.body();
    }

    int waitFor() throws InterruptedException {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("it ends").isTrue();
      return process.exitValue();
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }

  /** First by a signal that it does not see, then by one that it does. */
  @Test
  void leavesNothingHoweverItEnds() throws Exception {
    Path root = directory.resolve("server");
    List<String> before;
    try (Server server = new Server(root)) {
      before = containers(root);
      assertThat(before).isNotEmpty();
      server.process.destroyForcibly();
      server.waitFor();
      await("processes of the killed server", () -> processes(root).isEmpty());
    }
    try (Server server = new Server(root)) {
      List<String> containers = containers(root);
      assertThat(containers).isNotEmpty().doesNotContainAnyElementsOf(before);
      use(server);

      // A build that is under way comes to its end.
      CompletableFuture<HttpResponse<String>> last = underWay(server, root);
      server.process.destroy();
      assertThat(last.get(30, TimeUnit.SECONDS).body()).contains("exit code 0", "done");
      assertThat(server.waitFor()).isEqualTo(128 + 15);
      assertNothingLeft(root, containers);
    }
  }

  private static void use(Server server) throws Exception {
    assertThat(server.build("hello", "echo it works; exit 3").get().body())
        .isEqualTo("exit code 3\nit works\n");
    assertThat(server.get(server.reports.resolve("/hello.txt"))).contains("it works");
    assertThat(server.build("../hello", "").get().statusCode()).isEqualTo(400);
    assertThat(server.build("hello", "text/plain", "").get().statusCode()).isEqualTo(415);
    assertThat(server.get(server.builds.resolve("/metrics")))
        .contains("runcible_operations_total{operation=\"start\"}")
        .contains("runcible_pulled_bytes_total")
        .containsPattern("runcible_service_memory_bytes [1-9]");
  }

  /** A build that was seen to run; on a busy machine one may end before that. */
  private static CompletableFuture<HttpResponse<String>> underWay(Server server, Path root)
      throws Exception {
    for (int seconds = 1; seconds < 20; seconds *= 2) {
      CompletableFuture<HttpResponse<String>> build =
          server.build("last", "sleep " + seconds + "; echo done");
      while (!build.isDone()) {
        if (processes(root).stream().anyMatch(command -> command.contains("build.sh"))) {
          return build;
        }
        TimeUnit.MILLISECONDS.sleep(20);
      }
    }
    throw new AssertionError("no build was seen to run");
  }

  private static List<String> containers(Path root) throws IOException {
    try (Stream<Path> all = Files.list(root.resolve("engine/containers"))) {
      return all.map(path -> path.getFileName().toString()).toList();
    }
  }

  private static void assertNothingLeft(Path root, List<String> containers) throws Exception {
    await("processes", () -> processes(root).isEmpty());
    assertThat(Files.readAllLines(Path.of("/proc/self/mountinfo")))
        .noneMatch(line -> line.contains(root.toString()));
    assertThat(containers(root)).isEmpty();
    assertThat(groups()).noneMatch(group -> containers.stream().anyMatch(group::contains));
  }

  private static List<String> groups() throws IOException {
    List<String> groups = new ArrayList<>();
    Files.walkFileTree(
        Path.of("/sys/fs/cgroup"),
        Set.of(),
        5,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path group, BasicFileAttributes attributes) {
            groups.add(group.toString());
            return FileVisitResult.CONTINUE;
          }

          // Groups of others come and go.
          @Override
          public FileVisitResult visitFileFailed(Path group, IOException e) {
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path group, IOException e) {
            return FileVisitResult.CONTINUE;
          }
        });
    return groups;
  }

  /** The commands of processes that were started for the server, or run on its files. */
  private static List<String> processes(Path root) throws IOException {
    List<String> found = new ArrayList<>();
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      for (Path process : all.filter(p -> p.getFileName().toString().matches("\\d+")).toList()) {
        try {
          String command = Files.readString(process.resolve("cmdline")).replace('\0', ' ');
          if (command.contains(root.toString())
              || Files.readAllLines(process.resolve("mountinfo")).stream()
                  .anyMatch(mount -> isRootBelow(mount, root))) {
            found.add(command);
          }
        } catch (IOException e) {
          // It has ended.
        }
      }
    }
    return found;
  }

  /** Whether a mount is the root of a container; the fifth field is where it is mounted. */
  private static boolean isRootBelow(String mount, Path root) {
    return mount.split(" ")[4].equals("/") && mount.contains(root + "/engine");
  }

  @FunctionalInterface
  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void await(String what, Condition condition) throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.holds()) {
      assertThat(System.nanoTime()).as(what).isLessThan(end);
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }
}
