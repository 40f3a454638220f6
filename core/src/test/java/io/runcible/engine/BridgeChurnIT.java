package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.network.Network;
import io.runcible.network.NetworkSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Many containers on a network, and engines that are killed with theirs. */
class BridgeChurnIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final int AT_ONCE = 8;
  private static final int LONGEST_MILLIS = 1500;

  private final long seed = Rounds.seed("bridge");
  private final Random random = new Random(seed);
  private TestHost host;

  @BeforeEach
  void makeHost() {
    host = TestHost.create();
  }

  @AfterEach
  void removeHost() {
    try {
      host.verify();
    } finally {
      host.close();
    }
  }

  @Test
  void everyContainerOfManyReachesTheServer() {
    host.run(
        () -> {
          try (ContainerEngine engine = ENGINE.open()) {
            churn(engine, Rounds.of(100, 10));
          }
        });
  }

  private static void churn(ContainerEngine engine, int count) {
    ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
    try (Container server =
        BridgeIT.listening(
            engine.run(
                ENGINE
                    .sh("echo hello >/index.html; httpd -f -p 80 -h /")
                    .network(Network.BRIDGE.withAlias("web"))
                    .build()))) {
      List<Future<String>> answers = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        answers.add(
            threads.submit(
                () ->
                    runToEnd(
                        engine,
                        ENGINE.sh("timeout 20 wget -q -O - http://web/").network(Network.BRIDGE))));
      }
      for (Future<String> answer : answers) {
        assertThat(get(answer)).isEqualTo("hello");
      }
      assertThat(engine.networks().find("bridge").orElseThrow().members())
          .singleElement()
          .satisfies(member -> assertThat(member.containerId()).isEqualTo(server.id()));
    } finally {
      threads.shutdownNow();
    }
  }

  private static String runToEnd(ContainerEngine engine, ContainerSpec.Builder spec) {
    try (Container container = engine.run(spec.build())) {
      return TestEngine.ended(container).output();
    }
  }

  private static String get(Future<String> answer) {
    try {
      return answer.get();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Records on disk of what went with the power. */
  @Test
  void whatAPowerCutLeavesIsGivenBack() {
    // After its making, and its first container.
    Path leases = ENGINE.root().data().resolve("networks/cut/leases-1.json");
    host.run(
        () -> {
          try (ContainerEngine engine = ENGINE.open()) {
            engine.networks().create(NetworkSpec.builder("cut").build());
            try (Container container =
                engine.create(ENGINE.sh("true").network(Network.named("cut")).build())) {
              assertThat(read(leases)).contains(container.id());
              String text = read(leases).replaceAll("\"token\":\"[^\"]*", "\"token\":\"vanished");
              write(leases, text.replaceAll("\"engines\":\\[[^]]*", "\"engines\":[\"nobody\""));
            }
            assertThat(read(leases)).contains("vanished", "nobody");
          }
          try (ContainerEngine next = ENGINE.open()) {
            assertThat(next.networks().find("cut").orElseThrow().members()).isEmpty();
            assertThat(read(leases.resolveSibling("leases-3.json"))).doesNotContain("nobody");
            assertThat(next.networks().remove("cut")).isTrue();
          }
        });
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void killedEnginesLeaveNothingForTheNextOne() {
    for (int round = 0; round < Rounds.of(6, 15); round++) {
      ENGINE.leaks().begin();
      boolean watchdogToo = round % 2 == 1;
      host.run(() -> killAtRandom(watchdogToo));
      host.run(
          () -> {
            try (ContainerEngine next = ENGINE.open()) {
              // Those that were started, and so outlive their engine, with their ports.
              for (Container container : next.list()) {
                assertThat(container.inspect().detached()).isTrue();
                container.close();
              }
              next.networks().list().forEach(n -> assertThat(n.members()).isEmpty());
            }
          });
      host.verify();
      ENGINE.leaks().verify();
    }
  }

  private void killAtRandom(boolean watchdogToo) {
    try (ChildJvm jvm =
        ChildJvm.start(
            EngineProgram.class,
            "bridge-loop",
            ENGINE.root().path(),
            ENGINE.reference("busybox"))) {
      assertThat(jvm.line()).isEqualTo("working");
      sleep(random.nextInt(LONGEST_MILLIS));
      if (watchdogToo) {
        ProcessHandle.of(jvm.pid()).stream()
            .flatMap(ProcessHandle::children)
            .filter(child -> HostResources.commandLine(child.pid()).contains("runcible-watchdog"))
            .forEach(ProcessHandle::destroyForcibly);
      }
      jvm.kill();
    }
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
