package io.runcible.engine;

import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.nio.file.Path;
import java.util.List;

/** Loads the classes of what most second JVMs do, for the archive in {@link ChildClasses}. */
final class TrainingProgram {
  private TrainingProgram() {}

  /** Takes a new directory for its files, and the layout with the test images. */
  public static void main(String[] args) {
    Path directory = Path.of(args[0]);
    try (RegistryServer registry =
            RegistryServer.serve(ImageLayout.open(Path.of(args[1]))).start();
        ContainerEngine engine =
            TestRoot.builder()
                .dataRoot(directory.resolve("data"))
                .stateRoot(directory.resolve("state"))
                .policy(new HostPolicy(List.of()))
                .build()) {
      ContainerSpec spec =
          ContainerSpec.builder(registry.host() + "/test:busybox")
              .command("sh", "-c", "echo up; sleep 600")
              .mount(Mount.volume("/v"))
              .build();
      try (Container container = engine.run(spec)) {
        container.awaitReady(Ready.onLog("up"));
        container.exec("true").waitFor();
      }
      engine.images().check(false);
      engine.images().prune(PruneRules.unused());
    }
    // Only what ends by itself writes an archive; a client's streams may still have threads.
    System.exit(0);
  }
}
