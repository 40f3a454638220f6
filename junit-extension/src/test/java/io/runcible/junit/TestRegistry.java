package io.runcible.junit;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.engine.ContainerEngine;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
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
  private final @Nullable RegistryServer server;
  private final String missing;

  private TestRegistry(@Nullable RegistryServer server, String missing) {
    this.server = server;
    this.missing = missing;
  }

  /** Serves the images by what makes them, which core has. */
  public static TestRegistry serve() {
    return serve("../core/src/test/images/build");
  }

  /** Those that another program makes, which prints their directory last. */
  public static TestRegistry serve(String build) {
    try {
      Process process =
          new ProcessBuilder(build).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
      int code = process.waitFor();
      if (code != 0) {
        return new TestRegistry(null, "no test images: '" + build + "' ended with " + code);
      }
      Path images = Path.of(output.substring(output.lastIndexOf('\n') + 1));
      return new TestRegistry(
          RegistryServer.serve(ImageLayout.open(images.resolve("layout"))).start(), "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Its name; where there are no images, one that no test gets to use. */
  public String host() {
    return server == null ? "registry.example" : server.host();
  }

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    if (missing.isEmpty()) {
      return ConditionEvaluationResult.enabled("there are images");
    }
    if (Boolean.getBoolean("runcible.required")) {
      throw new IllegalStateException(missing);
    }
    return ConditionEvaluationResult.disabled(missing);
  }

  /** The port is another one each time, and so are the names of the images in the store. */
  @Override
  public void afterAll(ExtensionContext context) {
    boolean nested = context.getParent().flatMap(ExtensionContext::getTestClass).isPresent();
    if (server == null || nested) {
      return;
    }
    server.close();
    try (ContainerEngine engine = ContainerEngine.create()) {
      engine.images().list().stream()
          .map(Object::toString)
          .filter(name -> name.startsWith(server.host()))
          .forEach(engine.images()::remove);
    }
  }
}
