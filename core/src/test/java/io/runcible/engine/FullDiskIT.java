package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A disk that becomes full at each step of a run in turn. */
class FullDiskIT {
  private final TestRoot root = TestRoot.create();
  private final LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));

  @BeforeEach
  void mountSmallDisk() throws Exception {
    HostTools.requireRoot();
    HostTools.requireRuntime();
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
      leaks.begin();
      int failures =
          new FullDisk(root.data())
              .run(
                  1,
                  () -> {
                    try (Container container = engine.run(spec)) {
                      assertThat(container.waitFor().isSuccess()).isTrue();
                    }
                  },
                  leaks::verify);
      assertThat(failures).isGreaterThan(4);
    }
  }
}
