package io.runcible.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.engine.OutputDirectoryCreator;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;

/** Serves the shell's image to a test class, and runs small test classes with the extension. */
final class Kit implements BeforeAllCallback, BeforeEachCallback, AfterAllCallback {
  /** What the small tests tell: ids of containers, and other texts. */
  static final List<String> SEEN = Collections.synchronizedList(new ArrayList<>());

  private static final long PAUSE_NANOS = 20_000_000;

  /** Of an engine that other tests of this JVM use, as long as it runs. */
  private static Set<Long> processesBefore = Set.of();

  private Path directory;
  private ShellImage image;

  @Override
  public void beforeAll(ExtensionContext context) throws IOException {
    boolean present = Files.exists(ShellImage.BUSYBOX);
    if (!present && Boolean.getBoolean("runcible.required")) {
      throw new AssertionError("/bin/busybox is missing: apt-get install busybox-static");
    }
    Assumptions.assumeTrue(present, "/bin/busybox is missing: apt-get install busybox-static");
    directory = Files.createTempDirectory("runcible-kit");
    image = ShellImage.serve(directory);
    System.setProperty("shell.image", image.reference());
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    SEEN.clear();
    processesBefore = processes();
  }

  private static Set<Long> processes() {
    return ProcessHandle.current().children().map(ProcessHandle::pid).collect(Collectors.toSet());
  }

  @Override
  public void afterAll(ExtensionContext context) throws IOException {
    if (image == null) {
      return;
    }
    System.clearProperty("shell.image");
    try (ContainerEngine engine = ContainerEngine.create()) {
      engine.images().remove(image.reference());
    }
    image.close();
    try (Stream<Path> all = Files.walk(directory)) {
      all.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
    }
  }

  Path directory() {
    return directory;
  }

  String reference() {
    return image.reference();
  }

  EngineExecutionResults run(Class<?>... testClasses) {
    return run(Map.of(), testClasses);
  }

  /** With classes and methods at the same time. */
  EngineExecutionResults runConcurrently(Class<?>... testClasses) {
    Map<String, String> parameters = new HashMap<>();
    parameters.put("junit.jupiter.execution.parallel.enabled", "true");
    parameters.put("junit.jupiter.execution.parallel.mode.default", "concurrent");
    parameters.put("junit.jupiter.execution.parallel.config.strategy", "fixed");
    parameters.put("junit.jupiter.execution.parallel.config.fixed.parallelism", "4");
    return run(parameters, testClasses);
  }

  EngineExecutionResults run(Map<String, String> parameters, Class<?>... testClasses) {
    EngineTestKit.Builder kit =
        EngineTestKit.engine("junit-jupiter").outputDirectoryCreator(new Outputs(reports()));
    Arrays.stream(testClasses).forEach(type -> kit.selectors(selectClass(type)));
    parameters.forEach(kit::configurationParameter);
    return kit.execute();
  }

  /** Where the reports of the small tests are. */
  Path reports() {
    return directory.resolve("reports");
  }

  private record Outputs(Path getRootDirectory) implements OutputDirectoryCreator {
    @Override
    public Path getRootDirectory() {
      return getRootDirectory;
    }

    @Override
    public Path createOutputDirectory(TestDescriptor test) {
      try {
        return Files.createDirectories(
            getRootDirectory.resolve(test.getDisplayName().replaceAll("[^A-Za-z0-9]", "_")));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** All of so many tests. */
  static void assertPassed(EngineExecutionResults results, int tests) {
    assertThat(failures(results)).isEmpty();
    results.testEvents().assertStatistics(s -> s.started(tests).succeeded(tests));
  }

  /** The message of the only failure. */
  static String failure(EngineExecutionResults results) {
    assertThat(failures(results)).hasSize(1);
    return failures(results).get(0);
  }

  static List<String> failures(EngineExecutionResults results) {
    return results
        .allEvents()
        .failed()
        .map(
            event ->
                String.valueOf(
                    event
                        .getRequiredPayload(TestExecutionResult.class)
                        .getThrowable()
                        .orElseThrow()
                        .toString()))
        .toList();
  }

  /** Uses it, and tells its id. */
  static void use(Container container) {
    SEEN.add(container.id());
    assertThat(ShellImage.run(container, "echo hello")).isEqualTo("hello");
  }

  /** Of all that was told. */
  static void assertNoneRuns() {
    try (ContainerEngine engine = ContainerEngine.create()) {
      for (String id : SEEN) {
        assertThat(Path.of("/var/lib/runcible/containers", id)).doesNotExist();
        assertThat(engine.find(id)).isEmpty();
      }
    }
    // One of an engine that is closed may not be reaped yet, and what comes and goes is others'.
    Set<Long> left = processes();
    left.removeAll(processesBefore);
    for (int i = 0; i < 600 && !left.isEmpty(); i++) {
      LockSupport.parkNanos(PAUSE_NANOS);
      left.retainAll(processes());
    }
    assertThat(left).isEmpty();
  }
}
