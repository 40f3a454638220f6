package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.ffi.Fifo;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import io.runcible.state.LockFile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Engines that cannot be opened: what they say, and that they leave nothing open. */
class OpeningIT {
  private final TestRoot root = TestRoot.create();
  private final LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));

  @BeforeEach
  void host() {
    HostTools.requireContainers();
    HostTools.requireRuntime();
    // What a JVM opens once and for all is open after this.
    root.engine().build().close();
    leaks.begin();
  }

  @AfterEach
  void nothingIsLeft() {
    leaks.verify();
    root.close();
  }

  /** As after a power cut, which may take what was not synced. */
  @Test
  void containersThatNobodyKnowsOfAreRemoved() throws IOException {
    try (RegistryServer registry =
            RegistryServer.serve(ImageLayout.open(TestImages.layout())).start();
        ContainerEngine first = root.engine().build()) {
      ContainerSpec spec =
          ContainerSpec.builder(registry.host() + "/test:busybox").command("sleep", "60").build();
      first.create(spec.toBuilder().name("forgotten").build());
      first.create(spec.toBuilder().name("cut-off").build());
      try (Stream<Path> notes = Files.walk(root.data().resolve("journal"))) {
        for (Path note : notes.filter(path -> path.toString().endsWith(".json")).toList()) {
          Files.delete(note);
        }
      }
      Files.writeString(root.data().resolve("containers/cut-off/container.json"), "");
      first.run(spec.toBuilder().name("detached").detached().build());
      first.run(spec.toBuilder().name("owned").build());

      try (ContainerEngine second = root.engine().build()) {
        assertThat(second.list()).extracting(Container::id).containsExactly("detached");
        assertThat(root.data().resolve("containers").toFile().list())
            .containsExactlyInAnyOrder("detached", "owned");
        assertThat(first.find("owned").orElseThrow().isRunning()).isTrue();
        second.find("detached").orElseThrow().close();
      }
    }
    leaks.verify();
  }

  /** As one that was being removed when the engine looked, and whose name somebody waited for. */
  @Test
  @SuppressWarnings("try")
  void containerStaysThatHasTheNameOfOneThatIsGone() throws Exception {
    Path journal = root.data().resolve("journal/alive");
    Path note = journal.resolve("000000000001.json");
    ExecutorService other = Executors.newSingleThreadExecutor();
    try (RegistryServer registry =
            RegistryServer.serve(ImageLayout.open(TestImages.layout())).start();
        ContainerEngine first = root.engine().build()) {
      Files.createDirectory(root.data().resolve("containers/named"));
      Files.createDirectory(journal);
      LockFile alive = LockFile.tryAcquire(journal.resolve("lock"), true).orElseThrow();
      Fifo.make(note);
      Future<ContainerEngine> opening = other.submit(() -> root.engine().build());
      Container named;
      // Opened when the engine has listed the containers, and reads here who has them.
      try (OutputStream text = Files.newOutputStream(note)) {
        Files.delete(note);
        named =
            first.run(
                ContainerSpec.builder(registry.host() + "/test:busybox")
                    .command("sleep", "600")
                    .name("named")
                    .detached()
                    .build());
        text.write('{');
      }
      try (ContainerEngine second = opening.get()) {
        assertThat(second.find("named").orElseThrow().isRunning()).isTrue();
      }
      assertThat(named.isRunning()).isTrue();
      named.close();
      alive.closeAndRemove();
      Files.delete(journal);
    } finally {
      other.shutdown();
    }
    leaks.verify();
  }

  /** What runs was left by no power cut, and is not lost for a file that somebody has damaged. */
  @ParameterizedTest
  @ValueSource(strings = {"", "{", "{}"})
  void containersThatRunStayWhenTheirRecordIsDamaged(String damaged) throws IOException {
    try (RegistryServer registry =
            RegistryServer.serve(ImageLayout.open(TestImages.layout())).start();
        ContainerEngine first = root.engine().build()) {
      ContainerSpec spec =
          ContainerSpec.builder(registry.host() + "/test:busybox").command("sleep", "600").build();
      Container detached = first.run(spec.toBuilder().name("detached").detached().build());
      Container owned =
          first.run(spec.toBuilder().name("owned").mount(Mount.volume("/data")).build());
      Path containers = root.data().resolve("containers");
      Files.writeString(containers.resolve("detached/container.json"), damaged);
      Files.writeString(containers.resolve("owned/container.json"), damaged);
      try (ContainerEngine second = root.engine().build()) {
        RunIT.assertFails(second::list, ErrorKind.CORRUPT_DATA, "container.json");
      }
      assertThat(detached.exec("true").waitFor()).isEqualTo(ExitStatus.ofExit(0));
      assertThat(owned.exec("true").waitFor()).isEqualTo(ExitStatus.ofExit(0));
      owned.close();
      detached.kill("KILL");
      RestartIT.await(() -> Files.exists(containers.resolve("detached/exit")));
      try (ContainerEngine third = root.engine().build()) {
        assertThat(third.list()).isEmpty();
      }
      assertThat(containers).isEmptyDirectory();
      // It stayed as long as the container that cannot be read might have had it.
      assertThat(first.volumes().list()).isEmpty();
    }
    leaks.verify();
  }

  @Test
  void withoutTheRuntime() {
    RunIT.assertFails(
        () -> root.engine().runtime("runc-that-is-missing").build(),
        ErrorKind.UNSUPPORTED,
        "'runc-that-is-missing'",
        "not installed",
        "apt-get install runc");
  }

  @Test
  void withAProgramThatIsNoRuntime() {
    RunIT.assertFails(
        () -> root.engine().runtime("cat").build(), ErrorKind.UNSUPPORTED, "cat", "OCI runtime");
  }

  @Test
  void whereTheDataCannotBe() throws IOException {
    Path file = Files.writeString(root.path().resolve("file"), "kept");
    for (Path data : List.of(file, file.resolve("below"), Path.of("/proc/runcible"))) {
      RunIT.assertFails(
          () -> root.engine().dataRoot(data).build(),
          ErrorKind.UNAVAILABLE,
          data.toString(),
          "another directory");
    }
    assertThat(file).hasContent("kept");
  }

  @Test
  void whereTheStateCannotBe() throws IOException {
    Path file = Files.writeString(root.path().resolve("file"), "kept");
    RunIT.assertFails(
        () -> root.engine().stateRoot(file).build(),
        ErrorKind.PERMISSION_DENIED,
        file.toString(),
        "another");
  }
}
