package io.runcible.junit;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.engine.ContainerEngine;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A registry on loopback with the images that core's tests make of the host's packages, each by its
 * tag in whatever repository. Registered as an extension, it skips the tests where there are none,
 * and ends after the class with its nested ones.
 */
public final class TestRegistry implements ExecutionCondition, AfterAllCallback {
  /** A build takes minutes, and may wait for another one. */
  private static final Duration LIMIT = Duration.ofMinutes(30);

  private final String build;
  private final Duration limit;
  private @Nullable RegistryServer server;
  private @Nullable String missing;

  private TestRegistry(String build, Duration limit) {
    this.build = build;
    this.limit = limit;
  }

  /** Serves the images by what makes them, which core has. */
  public static TestRegistry serve() {
    return serve("../core/src/test/images/build");
  }

  /** Those that another program makes, which prints their directory last. */
  public static TestRegistry serve(String build) {
    return serve(build, LIMIT);
  }

  static TestRegistry serve(String build, Duration limit) {
    return new TestRegistry(build, limit);
  }

  /** Empty if there are images; they are made when first asked for, not where no test runs. */
  private synchronized String missing() {
    String known = missing;
    if (known == null) {
      known = build();
      missing = known;
    }
    return known;
  }

  private String build() {
    try {
      Process process =
          new ProcessBuilder(build).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      process.getOutputStream().close();
      // What it prints is one line, which the pipe holds.
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
        process.waitFor();
        return "no test images: '" + build + "' did not end in " + limit;
      }
      if (process.exitValue() != 0) {
        return "no test images: '" + build + "' ended with " + process.exitValue();
      }
      String output = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
      Path images = Path.of(output.substring(output.lastIndexOf('\n') + 1));
      server = RegistryServer.serve(ImageLayout.open(images.resolve("layout"))).start();
      return "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Its name; where there are no images, one that no test gets to use. */
  public synchronized String host() {
    return missing().isEmpty() ? Objects.requireNonNull(server).host() : "registry.example";
  }

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    String reason = missing();
    if (reason.isEmpty()) {
      return ConditionEvaluationResult.enabled("there are images");
    }
    if (Boolean.getBoolean("runcible.required")) {
      throw new IllegalStateException(reason);
    }
    return ConditionEvaluationResult.disabled(reason);
  }

  /** The port is another one each time, and so are the names of the images in the store. */
  @Override
  public synchronized void afterAll(ExtensionContext context) {
    RegistryServer served = server;
    boolean nested = context.getParent().flatMap(ExtensionContext::getTestClass).isPresent();
    if (served == null || nested) {
      return;
    }
    // Before somebody else can get the port.
    String images = served.host() + "/";
    try (ContainerEngine engine = ContainerEngine.create()) {
      engine.images().list().stream()
          .map(Object::toString)
          .filter(name -> name.startsWith(images))
          .forEach(engine.images()::remove);
    }
    served.close();
  }
}
