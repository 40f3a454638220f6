package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.FaultyRegistry;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Several JVMs, each with an engine, on one store. */
class SharedStoreIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final int THREADS = 3;
  private static final int JVMS = 4;

  @Test
  void pullRunRemoveAndPruneDoNotDisturbEachOther() {
    List<ChildJvm> jvms = new ArrayList<>();
    try (Container bystander = ENGINE.get().run(ENGINE.sh("sleep 600").build())) {
      for (int i = 0; i < JVMS; i++) {
        String image = ENGINE.reference(i == 0 ? "slim" : "busybox");
        jvms.add(
            ChildJvm.start(
                EngineProgram.class, "share", ENGINE.root().path(), image, Rounds.of(8, 300)));
      }
      for (ChildJvm jvm : jvms) {
        List<String> said = jvm.rest();
        assertThat(jvm.waitFor()).as("%s", said).isZero();
        assertThat(said).first().isEqualTo("ready");
        assertThat(said).last().isEqualTo("done");
        assertThat(said.subList(1, said.size() - 1))
            .allMatch(ExitStatus.ofExit(7).toString()::equals);
      }
      assertThat(bystander.exec("true").waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(0));
    } finally {
      jvms.forEach(ChildJvm::close);
    }
    assertThat(ENGINE.get().images().check(true).problems()).isEmpty();
    assertThat(ENGINE.run(ENGINE.sh("echo fine")).output()).isEqualTo("fine");
    Images images = ENGINE.get().images();
    images.list().forEach(name -> images.pin(name.toString(), false));
    images.prune(PruneRules.unused());
    assertThat(ENGINE.root().leftInData(1)).isEmpty();
  }

  @Test
  void eachLayerIsFetchedOnceForAll() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try (FaultyRegistry registry = FaultyRegistry.serve(ImageLayout.open(TestImages.layout()));
        TestRoot root = TestRoot.create();
        ContainerEngine engine = root.engine().build();
        ChildJvm jvm = pullOnce(root, registry);
        ChildJvm other = pullOnce(root, registry)) {
      List<Future<Image>> pulls = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        pulls.add(threads.submit(() -> engine.images().pull(reference(registry))));
      }
      jvm.endInput();
      other.endInput();
      Set<String> digests = new HashSet<>();
      for (Future<Image> pull : pulls) {
        digests.add(pull.get().descriptor().digest().toString());
      }
      digests.addAll(jvm.rest());
      digests.addAll(other.rest());
      assertThat(List.of(jvm.waitFor(), other.waitFor())).containsOnly(0);
      assertThat(digests).hasSize(1);
      Image image = engine.images().find(reference(registry)).orElseThrow();
      for (Descriptor layer : image.manifest().layers()) {
        assertThat(registry.count("GET", "/blobs/" + layer.digest())).isEqualTo(1);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static ChildJvm pullOnce(TestRoot root, FaultyRegistry registry) {
    ChildJvm jvm =
        ChildJvm.start(EngineProgram.class, "pull-once", root.path(), reference(registry));
    assertThat(jvm.line()).isEqualTo("ready");
    return jvm;
  }

  private static String reference(FaultyRegistry registry) {
    return registry.host() + "/test:postgres";
  }
}
