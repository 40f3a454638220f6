package io.runcible.samples.recipes;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.ExitStatus;
import io.runcible.engine.Mount;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Runs a program that is not trusted within limits. */
final class LimitResources {
  private LimitResources() {}

  static String judge(ContainerEngine engine, String image, Path work, String... program) {
    ContainerSpec spec =
        ContainerSpec.builder(image)
            .command(program)
            .user("1000:1000")
            .dropCapability("ALL")
            .readOnlyRoot()
            .mount(Mount.bind(work, "/work").readOnly())
            .mount(Mount.tmpfs("/tmp"))
            .memory("64m")
            .cpus(0.5)
            .pids(32)
            .build();
    try (Container container = engine.run(spec)) {
      Optional<ExitStatus> end = container.waitFor(Duration.ofSeconds(10));
      if (end.isEmpty()) {
        return "took too long";
      }
      return end.get().outOfMemory() ? "took too much memory" : "ended with " + end.get().code();
    }
  }
}
