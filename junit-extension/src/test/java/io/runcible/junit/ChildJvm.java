package io.runcible.junit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A JVM of its own that runs one test class on the JUnit platform of some version. */
final class ChildJvm implements AutoCloseable {
  private static final Path PLATFORMS = Path.of("target", "junit-platforms");

  private final Process process;
  private final Path output;

  private ChildJvm(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  /**
   * Starts it.
   *
   * @param platform the beginning of the version, such as {@code 6.}
   * @param directory for what it writes
   * @param prefix of the command
   * @param properties system properties
   */
  static ChildJvm start(
      String platform,
      Path directory,
      Class<?> test,
      List<String> prefix,
      Map<String, String> properties)
      throws IOException {
    return launch(classPath(platform), directory, test, prefix, properties);
  }

  /** The same with the jars of a directory in the place of those of Spring. */
  static ChildJvm start(
      String platform, Path jars, Path directory, Class<?> test, Map<String, String> properties)
      throws IOException {
    String classPath = classPath(platform) + File.pathSeparator + jars.toAbsolutePath() + "/*";
    return launch(classPath, directory, test, List.of(), properties);
  }

  /**
   * The same as another user.
   *
   * @param directory of that user
   */
  static ChildJvm start(
      String platform,
      OrdinaryUser user,
      Path directory,
      Class<?> test,
      Map<String, String> properties)
      throws IOException {
    return launch(user.readable(classPath(platform)), directory, test, user.prefix(), properties);
  }

  private static ChildJvm launch(
      String classPath,
      Path directory,
      Class<?> test,
      List<String> prefix,
      Map<String, String> properties)
      throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData"));
    properties.forEach((key, value) -> command.add("-D" + key + "=" + value));
    if (Runtime.version().feature() >= 22) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(
        List.of(
            "-cp",
            classPath,
            "org.junit.platform.console.ConsoleLauncher",
            "execute",
            "--disable-banner",
            "--disable-ansi-colors",
            "--details=tree",
            "--config=junit.platform.reporting.output.dir=" + directory,
            "--select-class=" + test.getName()));
    Path output = Files.createDirectories(directory).resolve("output.txt");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    return new ChildJvm(process, output);
  }

  private static Path jar(String platform) throws IOException {
    try (Stream<Path> all = Files.list(PLATFORMS)) {
      return all.filter(
              path ->
                  path.getFileName()
                      .toString()
                      .startsWith("junit-platform-console-standalone-" + platform))
          .findFirst()
          .orElseThrow(() -> new AssertionError("no platform " + platform + " in " + PLATFORMS));
    }
  }

  /**
   * The jar has all of JUnit; clients that an application on Spring Boot would find are left out.
   */
  private static String classPath(String platform) throws IOException {
    return jar(platform)
        + File.pathSeparator
        + Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(
                entry ->
                    !entry.matches(
                        ".*/(junit-|opentest4j|apiguardian|surefire|console|spring-|mongo|bson)[^/]*"))
            .collect(Collectors.joining(File.pathSeparator));
  }

  /** Waits for its end, and returns all that it wrote. */
  String await() throws IOException, InterruptedException {
    boolean ended = process.waitFor(5, TimeUnit.MINUTES);
    assertThat(ended).as(output()).isTrue();
    return output();
  }

  /** Waits until a file is there, which it is to write. */
  void await(Path file) throws IOException, InterruptedException {
    while (!Files.exists(file)) {
      assertThat(process.isAlive()).as(output()).isTrue();
      Thread.sleep(20);
    }
  }

  /** Waits until it writes something, and returns the first group of that. */
  String await(Pattern written) throws IOException, InterruptedException {
    Matcher found = written.matcher(output());
    while (!found.find()) {
      assertThat(process.isAlive()).as(output()).isTrue();
      Thread.sleep(20);
      found = written.matcher(output());
    }
    return found.group(1);
  }

  private String output() throws IOException {
    return Files.readString(output, StandardCharsets.UTF_8);
  }

  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
