package io.runcible.jakarta;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runcible.RuncibleException;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerProcess;
import io.runcible.sandbox.Sandbox;
import io.runcible.sandbox.SandboxRequest;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.context.RequestScoped;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;

/** The beans of an application with containers. What they say is for the test to look at. */
@ApplicationScoped
public class Probe {
  /** The property that says how the program of {@link #isBusy} ended: for when all this is gone. */
  static final String ENDED = "test.ended";

  @Inject ContainerEngine engine;
  @Inject Instance<Owner> owners;
  @Inject Instance<OfRequest> first;
  @Inject Instance<AlsoOfRequest> second;
  @Inject Instance<Other> other;

  @Inject
  @FromImage(
      value = "${test.image}",
      name = "web",
      ports = "8080",
      command = {"httpd", "-f", "-p", "8080", "-h", "/etc"},
      scope = FromImage.Scope.APPLICATION)
  Instance<Container> web;

  @Inject
  @FromImage(value = "${test.image}", name = "web", scope = FromImage.Scope.APPLICATION)
  Instance<Container> sameName;

  @Inject
  @FromImage(
      value = "${test.image}",
      command = {"sh", "-c", "echo no; exit 3"},
      readyLog = "^ready$")
  Instance<Container> failing;

  @Inject
  @InSandbox(
      value = "${test.image}",
      timeoutMillis = 10_000,
      warm = 1,
      maxRunning = 1,
      acceptMissingLimits = true)
  Instance<Sandbox> sandbox;

  @Inject
  @InSandbox(value = "${test.image}", timeoutMillis = 600_000, warm = 0, acceptMissingLimits = true)
  Instance<Sandbox> patient;

  @Inject Instance<Sandbox> usual;

  @Inject
  @FromImage("${test.nothing}")
  Instance<Container> unset;

  /** Whether two places have the one engine. */
  public boolean sharesTheEngine() {
    return engine == other.get().engine;
  }

  /** What a container says that belongs to a bean; then how many are left without the bean. */
  public String runsForItsOwner() {
    Owner owner = owners.get();
    String said = output(owner.container.exec("sh", "-c", "echo $GREETING"));
    int during = engine.list().size();
    owners.destroy(owner);
    return said + " " + during + " " + engine.list().size();
  }

  /**
   * Whether two places have the same of the application, and that it is theirs when asked again.
   */
  public boolean sharesTheContainer() {
    Container container = web.get();
    web.destroy(container);
    return container == web.get() && container == other.get().web && container.isRunning();
  }

  /** Whether two beans of one request have the same. */
  public String idsInOneRequest() {
    return first.get().id() + " " + second.get().id();
  }

  /** What a program says, why another ends, and whether there is one sandbox. */
  public String runsInASandbox() {
    Sandbox one = sandbox.get();
    return one.run("echo", "hi").stdout().strip()
        + " "
        + one.run("sleep", "600").reason()
        + " "
        + (one == sandbox.get());
  }

  /** What a program says in the usual sandbox, or why that takes none. */
  public String runsInTheUsualSandbox() {
    try {
      return usual.get().run("echo", "hi").stdout().strip();
    } catch (RuncibleException e) {
      return e.getMessage();
    }
  }

  /** Whether a program runs, which does so until the application ends. */
  public boolean isBusy() {
    CompletableFuture<Boolean> begun = new CompletableFuture<>();
    CompletableFuture<?> run =
        patient
            .get()
            .submit(
                SandboxRequest.builder("sh", "-c", "echo begun; sleep 600")
                    .output((stream, bytes) -> begun.complete(true))
                    .build());
    CompletableFuture<?> unused =
        run.whenComplete(
            (result, failure) -> {
              begun.complete(false);
              System.setProperty(
                  ENDED,
                  failure instanceof RuncibleException reason
                      ? reason.kind().name()
                      : String.valueOf(failure == null ? result : failure));
            });
    return begun.join();
  }

  /** The port of the host of what the application has. */
  public String port() {
    return String.valueOf(web.get().hostPort(8080));
  }

  public void endTheContainer() {
    web.get().kill("SIGKILL");
    web.get().waitFor();
  }

  public void failsToStart() {
    failing.get();
  }

  public void needsASetting() {
    unset.get();
  }

  public void needsTheUsualSandbox() {
    usual.get();
  }

  public void usesANameAgain() {
    web.get();
    sameName.get();
  }

  private static String output(ContainerProcess process) {
    try (process) {
      return new String(process.stdout().readAllBytes(), UTF_8).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Has a container of its own. */
  @Dependent
  public static class Owner {
    @Inject
    @FromImage(
        value = "${test.image}",
        command = {"sleep", "${test.seconds:600}"},
        environment = "GREETING=hello",
        memory = "64m",
        pids = 10,
        user = "app")
    Container container;
  }

  /** Shares what the application has. */
  @Dependent
  public static class Other {
    @Inject ContainerEngine engine;

    @Inject
    @FromImage(
        value = "${test.image}",
        name = "web",
        ports = "8080",
        command = {"httpd", "-f", "-p", "8080", "-h", "/etc"},
        scope = FromImage.Scope.APPLICATION)
    Container web;
  }

  /** Has a container for a request. */
  @RequestScoped
  public static class OfRequest {
    @Inject
    @FromImage(
        value = "${test.image}",
        command = {"sleep", "600"},
        scope = FromImage.Scope.REQUEST)
    Container container;

    public String id() {
      return container.id();
    }
  }

  /** Has the same for the same request. */
  @RequestScoped
  public static class AlsoOfRequest {
    @Inject
    @FromImage(
        value = "${test.image}",
        command = {"sleep", "600"},
        scope = FromImage.Scope.REQUEST)
    Container container;

    public String id() {
      return container.id();
    }
  }

  /** Has a sandbox that needs a setting. */
  @Dependent
  public static class OfSetting {
    @Inject Sandbox sandbox;
  }

  /** Has a sandbox of the application's own. */
  @ApplicationScoped
  public static class OwnSandbox {
    @Produces
    Sandbox sandbox() {
      throw new IllegalStateException("the application's own");
    }
  }
}
