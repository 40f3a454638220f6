package io.runcible.sandbox;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.TestRoot;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** What is done with sandboxes in a second JVM; it says on its output what it saw. */
final class HostilePrograms {
  private HostilePrograms() {}

  /**
   * With {@code all IMAGE}, runs all as an ordinary user; with {@code endless IMAGE DATA STATE},
   * runs some that do not end, until it is killed.
   */
  public static void main(String[] args) throws Exception {
    if (args[0].equals("all")) {
      all(args[1]);
    } else {
      endless(args[1], Path.of(args[2]), Path.of(args[3]));
    }
  }

  private static void all(String image) throws Exception {
    System.setProperty("sandbox.unlimited", "true");
    try (ContainerEngine engine = TestRoot.builder().build()) {
      try (Sandbox limited = Sandbox.builder(image).engine(engine).build()) {
        say("limited", limited);
      } catch (RuncibleException e) {
        say("limited", e.kind() == ErrorKind.UNSUPPORTED ? "UNSUPPORTED" : e);
      }
      SandboxProfile profile = Hostile.PROFILE.toBuilder().acceptMissingLimits().build();
      Map<Hostile, CompletableFuture<SandboxResult>> results = new EnumMap<>(Hostile.class);
      try (Sandbox sandbox =
          Sandbox.builder(image).profile(profile).engine(engine).maxRunning(4).build()) {
        for (Hostile program : Hostile.values()) {
          results.put(program, sandbox.submit(program.request()));
        }
        for (Hostile program : Hostile.values()) {
          say(program.toString(), outcome(program, results.get(program)));
        }
      }
    }
  }

  private static Object outcome(Hostile program, CompletableFuture<SandboxResult> result)
      throws InterruptedException {
    try {
      program.check(result.get());
      return "right";
    } catch (java.util.concurrent.ExecutionException | AssertionError e) {
      return String.valueOf(e).replace("\n", " ");
    }
  }

  private static void endless(String image, Path data, Path state) throws Exception {
    SandboxRequest request =
        SandboxRequest.builder("sh", "-c", "echo up; sleep 600 & sleep 600")
            .timeout(Duration.ofMinutes(5))
            .output((stream, bytes) -> say("up", ""))
            .build();
    SandboxProfile profile =
        SandboxProfile.untrusted().toBuilder().timeout(Duration.ofMinutes(5)).build();
    ContainerEngine engine = TestRoot.builder().dataRoot(data).stateRoot(state).build();
    Sandbox sandbox = Sandbox.builder(image).profile(profile).engine(engine).warm(2).build();
    List<CompletableFuture<SandboxResult>> runs =
        List.of(sandbox.submit(request), sandbox.submit(request));
    Thread.sleep(Duration.ofMinutes(10).toMillis());
    throw new AssertionError("this JVM was not killed while these were under way: " + runs);
  }

  private static synchronized void say(String key, Object value) {
    System.out.println(key + "=" + value);
  }
}
