package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.network.Network;
import io.runcible.network.NetworkSpec;

/**
 * Containers from their making to their removal, each started, entered and stopped, on and off
 * networks and volumes that come and go with them.
 */
final class Churn {
  /** What the detached ones end with, and have written then. */
  private static final ExitStatus DETACHED = ExitStatus.ofExit(42);

  private static final String DETACHED_OUTPUT = "started\ndone\n";

  private static final int KINDS = 4;
  private static final int CODES = 100;

  private final ContainerEngine engine;
  private final String reference;

  Churn(ContainerEngine engine, String reference) {
    this.engine = engine;
    this.reference = reference;
  }

  /** One of them; the number tells which kind. */
  void cycle(int number) {
    String name = "churn" + ContainerFactory.randomId();
    int code = 1 + number % CODES;
    ContainerSpec.Builder spec =
        sh("trap 'exit " + code + "' TERM; echo up; sleep 600 & wait").name(name);
    switch (number % KINDS) {
      case 0 -> onOwnNetwork(spec, name, code);
      case 1 -> withOwnVolume(spec, name, code);
      case 2 -> run(spec.network(Network.BRIDGE), code);
      default -> run(spec, code);
    }
  }

  private ContainerSpec.Builder sh(String script) {
    return ContainerSpec.builder(reference).command("sh", "-c", script);
  }

  private void onOwnNetwork(ContainerSpec.Builder spec, String name, int code) {
    engine.networks().create(NetworkSpec.builder(name).build());
    run(spec.network(Network.BRIDGE, Network.named(name)), code);
    assertThat(engine.networks().remove(name)).isTrue();
  }

  private void withOwnVolume(ContainerSpec.Builder spec, String name, int code) {
    run(spec.mount(Mount.volume(name, "/etc")).mount(Mount.volume("/usr/bin")), code);
    assertThat(engine.volumes().remove(name)).isTrue();
  }

  private void run(ContainerSpec.Builder spec, int code) {
    try (Container container = engine.create(spec.build())) {
      container.start();
      container.awaitReady(Ready.onLog("up"));
      try (ContainerProcess process = container.exec("sh", "-c", "exit " + code)) {
        assertThat(process.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(code));
      }
      assertThat(container.stop(TestEngine.LIMIT)).isEqualTo(ExitStatus.ofExit(code));
      assertThat(container.logs().text()).isEqualTo("up\n");
    }
  }

  /** One that outlives its engine; {@link #end} ends it. */
  Container startDetached() {
    return engine.run(
        sh("echo started; while [ ! -e /end ]; do sleep 0.05; done; echo done; exit 42")
            .detached()
            .build());
  }

  /**
   * It goes on, whatever became of its engine, until it is told to end; if it has ended, then
   * because that engine told it so before it was killed.
   */
  static void end(Container container) {
    assertThat(container.inspect().detached()).isTrue();
    startUnlessStarted(container);
    if (container.isRunning()) {
      touchEnd(container);
    }
    assertThat(container.waitFor(TestEngine.LIMIT)).contains(DETACHED);
    assertThat(container.logs().text()).isEqualTo(DETACHED_OUTPUT);
    container.close();
  }

  /**
   * Tells a container to end that waits for the file, which may then end before the program that
   * made it has: that is killed. It may also have been told so before, or be ended and removed
   * before its engine knows that the program has begun.
   */
  static void touchEnd(Container container) {
    try (ContainerProcess process = container.exec("touch", "/end")) {
      assertThat(process.waitFor(TestEngine.LIMIT))
          .hasValueSatisfying(status -> assertThat(status.code()).isIn(0, 137));
    } catch (RuncibleException e) {
      assertThat(e.kind()).as("%s", e.getMessage()).isEqualTo(ErrorKind.FAILED_PRECONDITION);
    }
  }

  /** It outlives its engine from its making on, also where its start was not begun. */
  static void startUnlessStarted(Container container) {
    try {
      container.start();
    } catch (RuncibleException e) {
      assertThat(e.kind()).as("%s", e.getMessage()).isEqualTo(ErrorKind.FAILED_PRECONDITION);
    }
  }
}
