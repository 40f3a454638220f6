package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.ffi.NativeAccess;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * For each test an engine, over a store that the tests of a class share and that has the busybox
 * image; a registry with the test images; and after each test a {@link LeakCheck}.
 */
public final class TestEngine
    implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback {
  static final Duration LIMIT = Rounds.patience(60);

  private @Nullable TestRoot root;
  private @Nullable RegistryServer registry;
  private @Nullable ContainerEngine engine;
  private final LeakCheck leaks = new LeakCheck(() -> List.of(root().path()));
  private UnaryOperator<EngineBuilder> settings = UnaryOperator.identity();
  private int classes;

  /** How a container ended and what it wrote. */
  record Ended(ExitStatus status, String stdout, String stderr) {
    /** The standard output without the line end; fails unless the exit code is 0. */
    String output() {
      assertThat(status)
          .as("stdout: %s, stderr: %s", stdout, stderr)
          .isEqualTo(ExitStatus.ofExit(0));
      return stdout.strip();
    }
  }

  /** Opens the engines with other settings than the defaults. */
  public TestEngine with(UnaryOperator<EngineBuilder> settings) {
    this.settings = settings;
    return this;
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    // Nested classes, for which this is called again, share what there is.
    if (++classes > 1) {
      return;
    }
    HostTools.requireContainers();
    HostTools.requireRuntime();
    registry = RegistryServer.serve(ImageLayout.open(TestImages.layout())).start();
    root = TestRoot.create();
    // What a JVM opens once and for all is open after this.
    try (ContainerEngine first = open();
        Container container = first.run(spec("busybox").command("true").build())) {
      assertThat(container.waitFor(LIMIT)).contains(ExitStatus.ofExit(0));
    }
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    leaks.begin();
    engine = open();
  }

  @Override
  public void afterEach(ExtensionContext context) {
    boolean clean = false;
    try {
      get().close();
      if (context.getExecutionException().isEmpty()) {
        // Otherwise what it left is waited for in vain.
        leaks.verify();
        clean = true;
      }
    } finally {
      if (!clean) {
        removeContainers();
      }
    }
  }

  /** Those that a test left which failed: neither it nor another class is to find them. */
  private void removeContainers() {
    try (ContainerEngine next = open()) {
      next.list().forEach(Container::close);
    }
  }

  @Override
  public void afterAll(ExtensionContext context) {
    if (--classes > 0) {
      return;
    }
    if (registry != null) {
      registry.close();
    }
    if (root != null) {
      root.close();
    }
  }

  /** A further engine on the same directories, for the caller to close. */
  ContainerEngine open() {
    return settings.apply(root().engine()).build();
  }

  /** The engine of this test. */
  public ContainerEngine get() {
    return Objects.requireNonNull(engine);
  }

  public TestRoot root() {
    return Objects.requireNonNull(root);
  }

  public LeakCheck leaks() {
    return leaks;
  }

  /** The reference of a test image in the registry. */
  public String reference(String image) {
    return Objects.requireNonNull(registry).host() + "/test:" + image;
  }

  ContainerSpec.Builder spec(String image) {
    return ContainerSpec.builder(reference(image));
  }

  /** Busybox with a shell script. */
  ContainerSpec.Builder sh(String script) {
    return spec("busybox").command("sh", "-c", script);
  }

  /** Runs a container to its end. */
  Ended run(ContainerSpec.Builder spec) {
    try (Container container = get().run(spec.build())) {
      return ended(container);
    }
  }

  static Ended ended(Container container) {
    return ended(container.process());
  }

  /** Waits for the end of a process with logged output, and reads all of that. */
  static Ended ended(ContainerProcess process) {
    ExitStatus status = process.waitFor(LIMIT).orElseThrow(() -> new AssertionError("still runs"));
    try (InputStream out = process.stdout();
        InputStream err = process.stderr()) {
      return new Ended(
          status,
          new String(out.readAllBytes(), StandardCharsets.UTF_8),
          new String(err.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What the kernel says of the file system of a running container. */
  static String rootMount(Container container) {
    return ended(container.exec("grep", " / / ", "/proc/self/mountinfo")).output();
  }

  /** The files of a container on the host. */
  Path directory(Container container) {
    return container.directory().path();
  }

  /**
   * The root file system of a container: that of an ordinary user is mounted in its holder alone.
   */
  Path rootFiles(Container container) {
    Path path = directory(container).resolve("rootfs");
    if (NativeAccess.isRoot()) {
      return path;
    }
    return HostResources.holders(root().path()).stream()
        .map(holder -> Path.of("/proc/" + holder.pid() + "/root" + path))
        .findFirst()
        .orElseThrow();
  }
}
