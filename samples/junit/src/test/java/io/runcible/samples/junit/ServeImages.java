package io.runcible.samples.junit;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.engine.ContainerEngine;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

/**
 * Only here, so that the sample runs on a host without a way out: it serves images that are made of
 * the host's own packages, and skips the tests where there are none. In a project of your own,
 * {@code ${registry}} in the tests is the name of a registry, or the build says it: {@code
 * -Dregistry=registry.example}.
 */
public final class ServeImages implements LauncherSessionListener, ExecutionCondition {
  private static final String BUILD = "../../core/src/test/images/build";

  /**
   * Why there are no images; of the test run, as the launcher makes one of these, JUnit another.
   */
  private static volatile String missing = "";

  private RegistryServer registry;

  @Override
  public void launcherSessionOpened(LauncherSession session) {
    // Otherwise @EnabledIfContainersAvailable says what is missing.
    if (ContainerEngine.capabilities().canRun()) {
      try {
        serve();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void serve() throws IOException, InterruptedException {
    Process build =
        new ProcessBuilder(BUILD).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    build.getOutputStream().close();
    String output = new String(build.getInputStream().readAllBytes(), UTF_8).strip();
    int code = build.waitFor();
    if (code != 0) {
      missing = "the test images cannot be built: '" + BUILD + "' ended with " + code;
      return;
    }
    Path images = Path.of(output.substring(output.lastIndexOf('\n') + 1));
    registry = RegistryServer.serve(ImageLayout.open(images.resolve("layout"))).start();
    System.setProperty("registry", registry.host());
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

  /** The port is another one each time, and so are the names of the images. */
  @Override
  public void launcherSessionClosed(LauncherSession session) {
    if (registry == null) {
      return;
    }
    // Before somebody else can get the port.
    String images = registry.host() + "/";
    try (ContainerEngine engine = ContainerEngine.create()) {
      engine.images().list().stream()
          .map(Object::toString)
          .filter(name -> name.startsWith(images))
          .forEach(engine.images()::remove);
    }
    registry.close();
  }
}
