package io.runcible.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.HostTools;
import io.runcible.ProgressEvent;
import io.runcible.Tool;
import io.runcible.archive.FileTree;
import io.runcible.ffi.NativeAccess;
import io.runcible.ffi.OverlayMount;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.image.Image;
import io.runcible.image.Layer;
import io.runcible.registry.DockerRegistry;
import io.runcible.registry.RegistryClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The main job on a real service: an image from a real registry, unpacked, run and asked. */
class PostgresIT {
  @TempDir private Path directory;

  @Test
  void answersAQuery() throws Exception {
    HostTools.requireContainers();
    HostTools.requireRuntime();
    try (DockerRegistry registry = DockerRegistry.start(directory, DockerRegistry.Entrance.OPEN);
        RegistryClient client = registry.client().build();
        TestRoot root = TestRoot.create();
        ContainerEngine engine = root.engine().registry(client).build()) {
      String reference = registry.name() + "/test/postgres:15";
      fill(registry, reference);
      Image image = pullTwice(engine, reference);
      if (NativeAccess.isRoot()) {
        // The files of others cannot be looked at from outside of the holder.
        compareWithUmoci(root, image);
      }
      ask(engine, reference);
      prime(engine, reference);
    }
  }

  private static void fill(DockerRegistry registry, String reference) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("copy", "-q"));
    arguments.addAll(registry.skopeoOptions("dest-"));
    arguments.add("oci:" + TestImages.layout() + ":postgres");
    arguments.add("docker://" + reference);
    Tool.require("skopeo", "skopeo").run(arguments.toArray());
  }

  private static Image pullTwice(ContainerEngine engine, String reference) {
    List<ProgressEvent> first = Collections.synchronizedList(new ArrayList<>());
    Image image = engine.images().pull(reference, first::add);
    List<Digest> layers =
        image.layers().stream().map(Layer::descriptor).map(d -> d.digest()).toList();
    assertThat(layers).hasSize(2);
    assertThat(digests(first, ProgressEvent.Started.class))
        .containsExactlyInAnyOrderElementsOf(layers);
    assertThat(digests(first, ProgressEvent.Finished.class))
        .containsExactlyInAnyOrderElementsOf(layers);
    List<ProgressEvent> second = Collections.synchronizedList(new ArrayList<>());
    engine.images().pull(reference, second::add);
    assertThat(second).hasSize(2).allMatch(ProgressEvent.Skipped.class::isInstance);
    return image;
  }

  /** File by file, as a container sees them. */
  private void compareWithUmoci(TestRoot root, Image image) throws IOException {
    List<Path> layers = new ArrayList<>();
    for (Digest id : Images.chain(image)) {
      layers.add(0, root.data().resolve("snapshots").resolve(id.hex()).resolve("fs"));
    }
    Path target = Files.createDirectory(directory.resolve("merged"));
    try (PrivilegedHost host = PrivilegedHost.open()) {
      host.mountOverlay(OverlayMount.readOnly(layers), target);
      try {
        Map<String, String> expected = FileTree.read(TestImages.postgresTree());
        assertThat(expected).hasSizeGreaterThan(5_000);
        assertThat(FileTree.difference(FileTree.of(target), expected)).isEmpty();
      } finally {
        host.unmount(target);
      }
    }
  }

  private static Stream<Digest> digests(
      List<ProgressEvent> events, Class<? extends ProgressEvent> type) {
    return events.stream().filter(type::isInstance).map(ProgressEvent::digest);
  }

  private static void ask(ContainerEngine engine, String reference) throws IOException {
    ContainerSpec spec = ContainerSpec.builder(reference).memory("512m").build();
    try (Container postgres = engine.run(spec)) {
      postgres.awaitReady(Ready.onCommand("psql", "-c", "select 1").within(Rounds.patience(120)));
      try (ContainerProcess query = postgres.exec("psql", "-tAc", "select 6 * 7")) {
        assertThat(query.waitFor().code()).isZero();
        assertThat(new String(query.stdout().readAllBytes(), UTF_8)).isEqualTo("42\n");
      }
      assertThat(postgres.stop(Rounds.patience(60)).code()).isZero();
    }
  }

  /** Its image declares its data directory as a volume. */
  private static void prime(ContainerEngine engine, String reference) throws IOException {
    Ready ready = Ready.onCommand("psql", "-c", "select 1").within(Rounds.patience(120));
    Priming priming =
        Priming.of(
            "table",
            db -> {
              db.start();
              db.awaitReady(ready);
              ask(db, "create table t as select generate_series(1, 1000) n");
            });
    ContainerSpec spec = ContainerSpec.builder(reference).memory("512m").build();
    ContainerSpec fork = engine.prime(spec, priming);
    try (Container one = engine.run(fork);
        Container other = engine.run(engine.prime(spec, priming))) {
      one.awaitReady(ready);
      other.awaitReady(ready);
      ask(one, "delete from t where n > 10");
      assertThat(ask(one, "select count(*) from t")).isEqualTo("10");
      assertThat(ask(other, "select count(*) from t")).isEqualTo("1000");
    }
  }

  private static String ask(Container postgres, String sql) throws IOException {
    try (ContainerProcess query = postgres.exec("psql", "-tAqc", sql)) {
      assertThat(query.waitFor().code()).isZero();
      return new String(query.stdout().readAllBytes(), UTF_8).strip();
    }
  }
}
