package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** States that are made once, and begun with often. */
class PrimeIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final String IMAGE = "registry.example/with-volume:1";
  private static final String UNTIL_STOPPED =
      "trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done";

  private final AtomicInteger primed = new AtomicInteger();

  @BeforeEach
  void makeImage() {
    if (ENGINE.get().images().find(IMAGE).isPresent()) {
      return;
    }
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").build())) {
      exec(
          container,
          "mkdir -p /data/sub && cd /data && echo old >kept && echo old >sub/gone && echo x >/gone"
              + " && chown 12:34 . && chmod 2770 .");
      container.commit(IMAGE, config -> config.volumes(Set.of("/data")));
    }
  }

  private static String exec(Container container, String script) {
    return TestEngine.ended(container.exec("sh", "-e", "-c", script)).output();
  }

  private static ContainerSpec.Builder spec() {
    return ContainerSpec.builder(IMAGE).command("sh", "-c", UNTIL_STOPPED);
  }

  /** Runs a script in the container that is primed. */
  private Priming priming(String name, String script) {
    return Priming.of(
        name,
        container -> {
          primed.incrementAndGet();
          start(container);
          exec(container, script);
        });
  }

  /** Until it can be asked to stop. */
  private static void start(Container container) {
    container.start();
    container.awaitReady(Ready.onLog("up"));
  }

  private static String state(Container container) {
    return exec(
        container,
        "cd /data; cat kept new; ls sub; stat -c '%u:%g %a' . new; ls -d /g* || true;"
            + " cat /root/file /more/file; hostname");
  }

  @Test
  void forksBeginWithTheStateAndKeepTheirWritesToThemselves() {
    Priming priming =
        priming(
            "state",
            "cd /data && rm -r sub && mkdir sub && echo changed >kept && echo new >new"
                + " && chown 56:78 new && rm /gone && echo root >/root/file && echo more >/more/file");
    ContainerSpec spec = spec().mount(Mount.volume("/more")).build();
    ContainerSpec fork = ENGINE.get().prime(spec, priming);
    String wanted = "changed\nnew\n12:34 2770\n56:78 644\nroot\nmore\nprimed";
    try (Container one = ENGINE.get().run(fork);
        Container other = ENGINE.get().run(fork.toBuilder().readOnlyRoot().build())) {
      assertThat(state(one)).isEqualTo(wanted);
      assertThat(state(other)).isEqualTo(wanted);
      exec(one, "echo mine >/data/new; rm /data/kept; echo mine >/more/file");
      exec(other, "echo other >/data/other");
      assertThat(exec(one, "cat /data/new; ls /data; cat /more/file"))
          .isEqualTo("mine\nnew\nsub\nmine");
      assertThat(exec(other, "ls /data; cat /more/file")).isEqualTo("kept\nnew\nother\nsub\nmore");
      assertThat(ENGINE.get().volumes().list()).isEmpty();
    }
    // By another engine, too, and without doing it again.
    try (ContainerEngine next = ENGINE.open()) {
      assertThat(next.prime(spec, priming).image()).isEqualTo(fork.image());
      try (Container again = next.run(fork)) {
        assertThat(state(again)).isEqualTo(wanted);
      }
    }
    assertThat(primed).hasValue(1);
    Image image = ENGINE.get().images().find(fork.image().toString()).orElseThrow();
    assertThat(image.config().labels()).containsEntry(Priming.LABEL, "state");
    assertThat(image.config().volumes()).containsExactlyInAnyOrder("/data", "/more");
    // As any image, if not by the spec: its volumes are filled from it.
    assertThat(
            ENGINE
                .run(ContainerSpec.builder(fork.image().toString()).command("cat", "/data/new"))
                .output())
        .isEqualTo("new");
  }

  @Test
  void anotherInputMakesAnotherState(@TempDir Path directory) throws IOException {
    Path schema = Files.createDirectories(directory.resolve("sql")).resolve("schema");
    Files.writeString(schema, "1");
    Priming priming =
        Priming.of(
                "inputs",
                container -> {
                  primed.incrementAndGet();
                  container.files().copyTo(schema, "/schema");
                })
            .input(schema.getParent());
    ContainerEngine engine = ENGINE.get();
    Set<String> images = new HashSet<>();
    images.add(engine.prime(spec().build(), priming).image().toString());
    images.add(
        engine.prime(spec().name("named").memory("64m").build(), priming).image().toString());
    assertThat(primed).hasValue(1);
    Files.writeString(schema, "2");
    ContainerSpec second = engine.prime(spec().build(), priming);
    assertThat(ENGINE.run(second.toBuilder().command("cat", "/schema")).output()).isEqualTo("2");
    images.add(second.image().toString());
    images.add(engine.prime(spec().build(), priming.input("text")).image().toString());
    images.add(engine.prime(spec().environment("K", "V").build(), priming).image().toString());
    images.add(engine.prime(spec().hostname("h").build(), priming).image().toString());
    assertThat(primed).hasValue(5);
    assertThat(images).hasSize(5);
    Files.delete(schema);
    Files.delete(schema.getParent());
    assertThat(kind(() -> engine.prime(spec().build(), priming))).isEqualTo(ErrorKind.NOT_FOUND);
  }

  private static ErrorKind kind(Runnable work) {
    try {
      work.run();
    } catch (RuncibleException e) {
      return e.kind();
    }
    throw new AssertionError("it went well");
  }

  @Test
  void whatFailsLeavesNothing() {
    ContainerEngine engine = ENGINE.get();
    int names = engine.images().list().size();
    Priming thrown =
        Priming.of(
            "fails",
            container -> {
              primed.incrementAndGet();
              start(container);
              if (primed.get() == 1) {
                throw new IOException("no such schema");
              }
            });
    assertThatThrownBy(() -> engine.prime(spec().build(), thrown))
        .isInstanceOf(RuncibleException.class)
        .hasMessageContaining("fails")
        .hasMessageContaining("no such schema")
        .hasCauseInstanceOf(IOException.class);
    assertThat(engine.list()).isEmpty();
    ContainerSpec stubborn =
        spec().command("sh", "-c", "trap '' TERM; while :; do sleep 9; done").build();
    Priming killed = Priming.of("killed", Container::start).grace(Duration.ofMillis(50));
    assertThatThrownBy(() -> engine.prime(stubborn, killed))
        .hasMessageContaining("code 137, not within PT0.05S");
    Priming ended = Priming.of("ended", container -> container.start().waitFor());
    assertThatThrownBy(() -> engine.prime(spec().command("sh", "-c", "exit 3").build(), ended))
        .hasMessageContaining("code 3, before it was to stop");
    assertThatThrownBy(
            () -> engine.prime(spec().mount(Mount.volume("named", "/data")).build(), ended))
        .hasMessageContaining("'named'");
    assertThat(engine.images().list()).hasSize(names);
    assertThat(engine.list()).isEmpty();
    assertThat(engine.volumes().list()).isEmpty();
    String[] kept = ENGINE.root().data().resolve("primed").toFile().list();
    engine.prime(spec().build(), thrown);
    assertThat(ENGINE.root().data().resolve("primed").toFile().list())
        .hasSize(kept.length + 2)
        .contains(kept);
    assertThat(primed).hasValue(2);
  }

  @Test
  void whoAsksAtTheSameTimeWaits() throws InterruptedException, ExecutionException {
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try {
      Priming priming = priming("threads", "echo x >/data/x");
      List<Future<ContainerSpec>> all = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        all.add(threads.submit(() -> ENGINE.get().prime(spec().build(), priming)));
      }
      for (Future<ContainerSpec> one : all) {
        assertThat(one.get().image()).isEqualTo(all.get(0).get().image());
      }
      assertThat(primed).hasValue(1);
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void afterAKilledJvmTheNextOneTakesOver() {
    try (ChildJvm begun = prime()) {
      assertThat(begun.line()).isEqualTo("asking");
      assertThat(begun.line()).isEqualTo("priming");
      try (ChildJvm waiting = prime()) {
        assertThat(waiting.line()).isEqualTo("asking");
        begun.kill();
        assertThat(waiting.line()).isEqualTo("priming");
        waiting.endInput();
        String image = waiting.line();
        assertThat(waiting.waitFor()).isZero();
        try (ContainerEngine next = ENGINE.open()) {
          assertThat(next.images().find(image)).isPresent();
          assertThat(next.list()).isEmpty();
        }
      }
    }
  }

  private static ChildJvm prime() {
    return ChildJvm.start(
        EngineProgram.class, "prime", ENGINE.root().path(), ENGINE.reference("busybox"));
  }

  @Test
  void whatNobodyAsksForIsRemoved() {
    ContainerEngine engine = ENGINE.get();
    String old =
        name(
            engine.prime(
                spec().build(), priming("old", "echo 1 >/data/x").keepUnused(Duration.ZERO)));
    assertThat(images()).contains(old);
    ChildJvm.pause(5);
    Priming next = priming("next", "echo 2 >/data/x");
    ContainerSpec kept = engine.prime(spec().build(), next);
    assertThat(images()).doesNotContain(old).contains(name(kept));
    assertThat(engine.images().prune().layers()).isZero();
    assertThat(ENGINE.run(kept.toBuilder().command("cat", "/data/x")).output()).isEqualTo("2");
    // And one that somebody removed is made again.
    engine.images().prune(PruneRules.unused().label(Priming.LABEL, "next"));
    assertThat(engine.images().find(kept.image().toString())).isEmpty();
    assertThat(kind(() -> engine.run(kept))).isEqualTo(ErrorKind.NOT_FOUND);
    assertThat(
            ENGINE
                .run(engine.prime(spec().build(), next).toBuilder().command("cat", "/data/x"))
                .output())
        .isEqualTo("2");
    assertThat(primed).hasValue(3);
  }

  @Test
  void stateOfOneImageIsNotThatOfAnother() {
    Images images = ENGINE.get().images();
    String moving = "registry.example/moving:1";
    images.tag(IMAGE, moving);
    Priming priming =
        Priming.of(
            "moving",
            container -> {
              if (primed.incrementAndGet() == 1) {
                images.tag(ENGINE.reference("busybox"), moving);
              }
            });
    ContainerSpec spec = ContainerSpec.builder(moving).command("ls", "/").build();
    ContainerSpec second = ENGINE.get().prime(spec, priming);
    assertThat(ENGINE.run(second.toBuilder()).output().lines()).doesNotContain("gone", "data");
    assertThat(primed).hasValue(2);
    images.tag(IMAGE, moving);
    ContainerSpec first = ENGINE.get().prime(spec, priming);
    assertThat(ENGINE.run(first.toBuilder()).output().lines()).contains("gone", "data");
    assertThat(primed).hasValue(3);
    assertThat(name(first)).isNotEqualTo(name(second));
    Priming restless =
        Priming.of(
            "restless",
            container ->
                images.tag(
                    primed.incrementAndGet() % 2 == 0 ? ENGINE.reference("busybox") : IMAGE,
                    moving));
    RunIT.assertFails(
        () -> ENGINE.get().prime(spec, restless), ErrorKind.FAILED_PRECONDITION, moving, "another");
  }

  @Test
  void damagedStateIsMadeAgain() throws IOException {
    ContainerEngine engine = ENGINE.get();
    Priming priming = priming("damaged", "echo 1 >/data/x");
    ContainerSpec fork = engine.prime(spec().build(), priming);
    Image image = engine.images().find(name(fork)).orElseThrow();
    List<Descriptor> layers = image.manifest().layers();
    Digest top = Images.chain(image).get(layers.size() - 1);
    Digest blob = layers.get(layers.size() - 1).digest();
    Path data = ENGINE.root().data();
    for (Path lost :
        List.of(
            data.resolve("snapshots").resolve(top.hex()),
            data.resolve("blobs/sha256").resolve(blob.hex()))) {
      String name = lost.getFileName().toString();
      Files.move(lost, lost.resolveSibling(name + ".gone." + name));
    }
    assertThat(kind(() -> engine.run(fork))).isEqualTo(ErrorKind.NOT_FOUND);
    ContainerSpec again = engine.prime(spec().build(), priming);
    assertThat(primed).hasValue(2);
    assertThat(ENGINE.run(again.toBuilder().command("cat", "/data/x")).output()).isEqualTo("1");
  }

  private static String name(ContainerSpec spec) {
    return spec.image().toString();
  }

  private static List<String> images() {
    return ENGINE.get().images().list().stream().map(Object::toString).toList();
  }
}
