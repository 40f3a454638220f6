package io.runcible.samples.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A Payara Micro in a JVM of its own, with the library in its class path. */
final class Server implements AutoCloseable {
  private static final int TRIES = 5;
  private static final Path TARGET = Path.of("target").toAbsolutePath();
  private static final Path BEFORE_START = Path.of("src/main/server/before-start").toAbsolutePath();

  /** What the launcher of the server would say of itself, if the test did not start it. */
  private static final Path OPTIONS = Path.of("src/test/server/java-options").toAbsolutePath();

  /** 127.0.0.1 and ::1 as the kernel writes them, the first also as an address of version 6. */
  private static final List<String> LOOPBACK =
      List.of("0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000");

  private static final int PATIENCE_SECONDS = 60;
  private static final int INSTALL_SECONDS = 300;
  private static final int PAUSE_MILLIS = 50;
  private static final int HTTP_THREADS = 5;

  private final Path directory;
  private final int port;
  private final Process process;
  private final BufferedReader answers;

  /** What is open when the server has had an application, and has none. */
  private @Nullable List<String> descriptors;

  private Server(Path directory, int port, Process process) {
    this.directory = directory;
    this.port = port;
    this.process = process;
    answers = process.inputReader(StandardCharsets.UTF_8);
  }

  /**
   * Starts it.
   *
   * @param directory for all that it writes
   */
  static Server start(Path directory) throws Exception {
    Path launcher = install(directory);
    addToApplication(directory.resolve("code-runner.war"), WebContainer.class);
    List<String> command = new ArrayList<>(java());
    command.add("-Xmx512m");
    // Otherwise what only soft references reach would stay for long.
    command.add("-XX:SoftRefLRUPolicyMSPerMB=0");
    command.addAll(Files.readAllLines(OPTIONS));
    command.add("-Druncible.data-root=" + directory.resolve("data"));
    command.add("-Druncible.state-root=" + directory.resolve("state"));
    command.addAll(List.of("-cp", launcher + File.pathSeparator + TARGET.resolve("test-classes")));
    command.add(ServerMain.class.getName());
    command.addAll(List.of("--prebootcommandfile", BEFORE_START.toString()));
    command.addAll(List.of("--disablephonehome", "--port"));
    for (int tries = 1; ; tries++) {
      try {
        return start(directory, command, freePort());
      } catch (IOException e) {
        // Another program has taken the port since it was free.
        if (tries == TRIES || !String.valueOf(e.getMessage()).contains("Address already in use")) {
          throw e;
        }
      }
    }
  }

  private static Server start(Path directory, List<String> options, int port) throws IOException {
    List<String> command = new ArrayList<>(options);
    command.add(String.valueOf(port));
    Server server = new Server(directory, port, run(command, directory.resolve("server.log")));
    try {
      server.answer();
      assertThat(Host.listening(port)).as("listens").isNotEmpty().isSubsetOf(LOOPBACK);
      return server;
    } catch (IOException | AssertionError e) {
      server.close();
      throw e;
    }
  }

  /** Unpacks the server, with the library among its own. */
  private static Path install(Path directory) throws Exception {
    Path root = directory.resolve("server");
    List<String> command = new ArrayList<>(java());
    command.addAll(List.of("-jar", TARGET + "/payara-micro.jar"));
    command.addAll(List.of("--rootdir", root.toString(), "--addlibs", TARGET + "/lib"));
    command.add("--outputlauncher");
    Path log = directory.resolve("install.log");
    Process install =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      assertThat(install.waitFor(INSTALL_SECONDS, TimeUnit.SECONDS)).as(() -> read(log)).isTrue();
    } finally {
      install.destroyForcibly();
    }
    assertThat(install.exitValue()).as(() -> read(log)).isZero();
    return root.resolve("launch-micro.jar");
  }

  /** Writes the application with a class of the tests. */
  private static void addToApplication(Path war, Class<?> type) throws IOException {
    Files.copy(TARGET.resolve("code-runner.war"), war);
    String name = type.getName().replace('.', '/') + ".class";
    try (FileSystem application = FileSystems.newFileSystem(war)) {
      Files.copy(
          TARGET.resolve("test-classes").resolve(name),
          application.getPath("WEB-INF/classes").resolve(name));
    }
  }

  private static List<String> java() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-XX:-UsePerfData");
  }

  private static Process run(List<String> command, Path log) throws IOException {
    return new ProcessBuilder(command).redirectError(log.toFile()).start();
  }

  /** Not one of those that the kernel gives to clients: the server takes a while to start. */
  private static int freePort() throws IOException {
    while (true) {
      int port = 20_000 + new Random().nextInt(10_000);
      try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return free.getLocalPort();
      } catch (java.net.BindException e) {
        // The next one.
      }
    }
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port + "/code-runner/" + path);
  }

  void deploy() throws IOException {
    assertThat(order("deploy " + directory.resolve("code-runner.war")))
        .as(this::log)
        .isEqualTo("true");
  }

  /** Removes the application, and waits until nothing is left of it. */
  void undeploy() throws Exception {
    order("undeploy");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    List<String> left = left();
    while (!left.isEmpty() && System.nanoTime() < deadline) {
      serveOthers();
      Thread.sleep(PAUSE_MILLIS);
      left = left();
    }
    assertThat(left).as("left behind").isEmpty();
    if (descriptors == null) {
      descriptors = Host.descriptors(process.pid());
    }
  }

  /**
   * Lets each thread of the server wait for the rest of a request: it opens a selector for that,
   * which the server keeps, and any request of a test may happen to come in two parts.
   */
  void waitOnEachThread(String type, byte[] program) throws Exception {
    long before = selectors();
    List<HttpURLConnection> requests = new ArrayList<>();
    for (int i = 0; i < HTTP_THREADS; i++) {
      requests.add(RunClient.begin(uri("api/runs?seconds=60"), type, program.length));
    }
    Host.await("a selector of each thread", () -> selectors() >= before + HTTP_THREADS);
    for (HttpURLConnection request : requests) {
      try (RunClient run = RunClient.end(request, program)) {
        run.next("result");
      }
    }
  }

  private long selectors() throws IOException {
    return Host.descriptors(process.pid()).stream()
        .filter("anon_inode:[eventpoll]"::equals)
        .count();
  }

  /**
   * Asks for something that is not of the application. A thread of the server keeps the last of its
   * requests that lost its client until it serves the next one.
   */
  private void serveOthers() throws IOException {
    List<HttpURLConnection> requests = new ArrayList<>();
    for (int i = 0; i < HTTP_THREADS; i++) {
      HttpURLConnection request = (HttpURLConnection) uri("").resolve("/").toURL().openConnection();
      request.setRequestProperty("Connection", "close");
      requests.add(request);
    }
    for (HttpURLConnection request : requests) {
      request.getResponseCode();
      request.disconnect();
    }
  }

  /** What there is of the application. */
  List<String> left() throws IOException {
    List<String> left = new ArrayList<>();
    left.addAll(list(order("threads")));
    left.addAll(list(order("objects")));
    left.addAll(Host.mounts(directory));
    for (String place : List.of("data/containers", "data/journal")) {
      left.addAll(files(directory.resolve(place)));
    }
    for (String runtime : files(directory.resolve("state"))) {
      // What the engine knows of the runtime itself stays.
      files(Path.of(runtime)).stream()
          .filter(f -> !f.endsWith("/.version.json"))
          .forEach(left::add);
    }
    if (descriptors != null) {
      List<String> more = Host.descriptors(process.pid());
      descriptors.forEach(more::remove);
      left.addAll(more);
    }
    return left;
  }

  private static List<String> list(String answer) {
    return Arrays.stream(answer.split(";", -1)).filter(name -> !name.isEmpty()).toList();
  }

  private static List<String> files(Path place) throws IOException {
    if (!Files.isDirectory(place)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(place)) {
      return files.map(Path::toString).toList();
    }
  }

  private String order(String order) throws IOException {
    process.getOutputStream().write((order + "\n").getBytes(StandardCharsets.UTF_8));
    process.getOutputStream().flush();
    return answer();
  }

  private String answer() throws IOException {
    String line = answers.readLine();
    while (line != null && !line.startsWith(ServerMain.MARK)) {
      line = answers.readLine();
    }
    if (line == null) {
      throw new IOException("the server has ended: " + log());
    }
    return line.substring(ServerMain.MARK.length());
  }

  private String log() {
    return read(directory.resolve("server.log"));
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** Stops it, as the end of its input says. */
  @Override
  public void close() throws IOException {
    process.getOutputStream().close();
    try {
      process.onExit().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      process.destroyForcibly().onExit().join();
      throw new IOException("the server did not stop: " + log(), e);
    }
  }
}
