package io.runcible.jakarta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Collected;
import io.runcible.HostTools;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.Differences;
import io.runcible.engine.LeakCheck;
import io.runcible.engine.Rounds;
import io.runcible.engine.TestImages;
import io.runcible.engine.TestRoot;
import io.runcible.jakarta.Server.Application;
import io.runcible.jakarta.Server.Cdi;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What an application has of the library, in each implementation of CDI. */
class CdiIT {
  private static final String SANDBOX_IMAGE = "runcible.sandbox.image";
  private static final String RUNTIME = "runcible.runtime";

  private static TestRoot root;
  private static Server server;

  @RegisterExtension final LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
  @TempDir private Path archive;

  @BeforeAll
  static void prepare() {
    HostTools.requireContainers();
    HostTools.requireRuntime();
    root = TestRoot.create();
    server = new Server();
    // In the store already, so that no application needs the registry.
    try (RegistryServer registry =
            RegistryServer.serve(ImageLayout.open(TestImages.layout())).start();
        ContainerEngine engine =
            TestRoot.builder()
                .dataRoot(root.path().resolve("data"))
                .stateRoot(root.path().resolve("state"))
                .build()) {
      System.setProperty("test.image", registry.host() + "/test:busybox");
      engine.images().pull(System.getProperty("test.image"));
    }
    System.setProperty(SANDBOX_IMAGE, System.getProperty("test.image"));
    HostTools.chosenRuntime().ifPresent(name -> System.setProperty(RUNTIME, name));
    System.setProperty("runcible.data-root", root.path().resolve("data").toString());
    System.setProperty("runcible.state-root", root.path().resolve("state").toString());
  }

  @AfterAll
  static void clear() throws IOException {
    List.of(
            "test.image",
            "test.archive",
            SANDBOX_IMAGE,
            RUNTIME,
            "runcible.data-root",
            "runcible.state-root")
        .forEach(System::clearProperty);
    if (server != null) {
      server.close();
    }
    if (root != null) {
      root.close();
    }
  }

  /** All of one deployment, as each of them loads everything again. */
  @ParameterizedTest
  @EnumSource
  void applicationHasTheEngineAndContainersWhileItRuns(Cdi cdi) throws Exception {
    boolean hasMicroProfile = cdi != Cdi.OPEN_WEB_BEANS_ALONE;
    try (Application application = deploy(cdi)) {
      if (hasMicroProfile) {
        assertThat(application.ask("config")).isEqualTo("none");
        assertThat(application.ask("health")).isEqualTo("runcible UP {}");
      }
      injectsTheEngineAndContainersInEachScope(application);
      if (hasMicroProfile) {
        offersPortsAsSettingsAndItsStateAsReadiness(application);
      }
      assertThat(application.ask("busy")).isEqualTo("true");
    }
    // Programs that run are cancelled when the application ends; who waits may hear it after that.
    long end = System.nanoTime() + Rounds.patience(60).toNanos();
    while (System.getProperty(Probe.ENDED) == null && System.nanoTime() < end) {
      Thread.sleep(1);
    }
    assertThat(System.clearProperty(Probe.ENDED)).isEqualTo("CANCELLED");
  }

  private static void injectsTheEngineAndContainersInEachScope(Application application)
      throws Exception {
    assertThat(application.ask("owner")).isEqualTo("hello 1 0");
    assertThat(application.ask("engine")).isEqualTo("true");
    assertThat(application.ask("application")).isEqualTo("true");
    assertThat(application.ask("sandbox")).isEqualTo("hi TIMEOUT true");
    assertThat(application.ask("usual sandbox"))
        .startsWith(Differences.hasControlGroups() ? "hi" : "a sandbox has no limits");
    String first = application.ask("request");
    String second = application.ask("request");
    List<String> ids = List.of(first.split(" "));
    assertThat(ids.get(0)).isEqualTo(ids.get(1));
    assertThat(second).doesNotContain(ids.get(0));
    assertThat(get("http://127.0.0.1:" + application.ask("port") + "/passwd")).contains("root");
  }

  private static void offersPortsAsSettingsAndItsStateAsReadiness(Application application) {
    String port = application.ask("port");
    assertThat(application.ask("config")).isEqualTo("http://127.0.0.1:" + port);
    assertThat(application.ask("health")).isEqualTo("runcible UP {web=running}");
    application.ask("end");
    assertThat(application.ask("health")).isEqualTo("runcible DOWN {web=ended}");
  }

  @Test
  void sandboxWithoutAnImageIsSaidWhenTheApplicationIsDeployed() throws Exception {
    System.clearProperty(SANDBOX_IMAGE);
    System.setProperty(Deployment.MORE, Probe.OfSetting.class.getName());
    try {
      assertThatThrownBy(() -> deploy(Cdi.WELD))
          .hasStackTraceContaining("OfSetting.sandbox")
          .hasStackTraceContaining("set 'runcible.sandbox.image'");
    } finally {
      System.clearProperty(Deployment.MORE);
      System.setProperty(SANDBOX_IMAGE, System.getProperty("test.image"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void usualSandboxGivesWayToOneOfTheApplication(Cdi cdi) throws Exception {
    System.setProperty(Deployment.MORE, Probe.OwnSandbox.class.getName());
    try (Application application = deploy(cdi)) {
      assertThat(application.ask("usual")).contains("the application's own");
    } finally {
      System.clearProperty(Deployment.MORE);
    }
  }

  @Test
  void saysWhatIsWrongWithAContainer() throws Exception {
    try (Application application = deploy(Cdi.WELD)) {
      assertThat(application.ask("fail")).contains("'^ready$'").contains("no");
      assertThat(application.ask("unset")).contains("'test.nothing', which is not set");
      assertThat(application.ask("name")).contains("have the name 'web'");
    }
  }

  @Test
  void whatUsesTheEngineIsClosedBeforeIt() {
    EngineProducer producer = new EngineProducer();
    ContainerEngine engine = producer.engine();
    List<Integer> containers = new ArrayList<>();
    // An engine that is closed would refuse to tell.
    producer.closeBefore(() -> containers.add(engine.list().size()));
    producer.close();
    assertThat(containers).containsExactly(0);
    assertThatThrownBy(engine::list).hasMessageContaining("closed");
  }

  @Test
  void nothingIsLeftAfterManyDeployments() throws Exception {
    List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
    // Weld keeps an exception that it made for the first, with its stack.
    deployAndUse();
    for (int i = 0; i < Rounds.of(2, 50); i++) {
      loaders.add(deployAndUse());
    }
    Collected.await(loaders);
  }

  private WeakReference<ClassLoader> deployAndUse() throws Exception {
    Application application = deploy(Cdi.WELD);
    application.ask("owner");
    application.ask("port");
    return application.undeploy();
  }

  private Application deploy(Cdi cdi) throws IOException {
    Archive.write(archive);
    System.setProperty("test.archive", archive.toString());
    return server.deploy(cdi, archive);
  }

  private static String get(String url) throws Exception {
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString())
        .body();
  }
}
