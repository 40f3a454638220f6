package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A disk that becomes full at each step of a run in turn. */
class FullDiskIT {
  private static final int MORE_THAN_A_RUN_TAKES = 100;

  private final TestRoot root = TestRoot.create();
  private final LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
  private final Deque<Path> filler = new ArrayDeque<>();
  private int made;

  @BeforeEach
  void mountSmallDisk() throws Exception {
    HostTools.requireRoot();
    HostTools.requireProgram("runc", "runc");
    Files.createDirectory(root.data());
    command(
        "mount", "-t", "tmpfs", "-o", "nr_inodes=4000,size=64m", "tmpfs", root.data().toString());
  }

  @AfterEach
  void unmount() throws Exception {
    command("umount", root.data().toString());
    root.close();
  }

  private static void command(String... words) throws IOException, InterruptedException {
    assertThat(new ProcessBuilder(words).inheritIO().start().waitFor()).isZero();
  }

  @Test
  void failedRunsLeaveNothingAndSayWhy() throws IOException {
    try (RegistryServer registry =
            RegistryServer.serve(ImageLayout.open(TestImages.layout())).start();
        ContainerEngine engine = root.engine().build()) {
      ContainerSpec spec =
          ContainerSpec.builder(registry.host() + "/test:busybox").command("true").build();
      try (Container container = engine.run(spec)) {
        assertThat(container.waitFor().isSuccess()).isTrue();
      }
      Files.createDirectory(root.data().resolve("filler"));
      int free = 0;
      leaks.begin();
      for (boolean ran = false; !ran; free++) {
        assertThat(free).isLessThan(MORE_THAN_A_RUN_TAKES);
        leaveFree(free);
        Optional<RuncibleException> failure = run(engine, spec);
        failure.ifPresent(
            e -> assertThat(e.kind()).as(e.toString()).isEqualTo(ErrorKind.UNAVAILABLE));
        ran = failure.isEmpty();
        leaks.verify();
      }
      assertThat(free).isGreaterThan(5);
    }
  }

  private static Optional<RuncibleException> run(ContainerEngine engine, ContainerSpec spec) {
    try (Container container = engine.run(spec)) {
      assertThat(container.waitFor().isSuccess()).isTrue();
      return Optional.empty();
    } catch (RuncibleException e) {
      return Optional.of(e);
    }
  }

  /** Files without content fill a file system of few inodes. */
  private void leaveFree(int free) throws IOException {
    try {
      while (true) {
        filler.push(Files.createFile(root.data().resolve("filler/" + made++)));
      }
    } catch (FileSystemException e) {
      for (int i = 0; i < free; i++) {
        Files.delete(filler.pop());
      }
    }
  }
}
