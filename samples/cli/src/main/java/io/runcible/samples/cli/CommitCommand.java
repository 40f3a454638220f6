package io.runcible.samples.cli;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.image.ImageConfig;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes an image of a container. */
@Command(name = "commit", description = "Make an image of what a container changed.")
final class CommitCommand extends EngineCommand {
  @Option(names = "--cmd", paramLabel = "WORD", arity = "1..*", description = "The new command.")
  private List<String> command = List.of();

  @Option(names = "--label", paramLabel = "KEY=VALUE", description = "Add a label.")
  private Map<String, String> labels = Map.of();

  @Option(names = "--created", description = "A time, for images that do not depend on it.")
  private @Nullable Instant created;

  @Parameters(index = "0", paramLabel = "CONTAINER")
  private String id = "";

  @Parameters(index = "1", paramLabel = "IMAGE")
  private String name = "";

  @Override
  int run(ContainerEngine engine) {
    Container container = Containers.require(engine, id);
    System.out.println(container.commit(name, this::change).descriptor().digest());
    return 0;
  }

  private void change(ImageConfig.Builder config) {
    if (!command.isEmpty()) {
      config.command(command.toArray(String[]::new));
    }
    if (!labels.isEmpty()) {
      Map<String, String> all = new LinkedHashMap<>(config.build().labels());
      all.putAll(labels);
      config.labels(all);
    }
    if (created != null) {
      config.created(created);
    }
  }
}
