package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
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
  @Option(
      names = {"-a", "--author"},
      description = "Who makes it, such as 'Name <name@site.example>'.")
  private @Nullable String author;

  @Option(
      names = {"-m", "--message"},
      description = "What it is for; stands in the history of the image.")
  private @Nullable String message;

  @Option(
      names = {"-c", "--change"},
      paramLabel = "INSTRUCTION",
      description =
          "Change the configuration as a Containerfile does: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL,"
              + " STOPSIGNAL, USER, VOLUME or WORKDIR.")
  private List<String> changes = List.of();

  @Option(
      names = {"-p", "--pause"},
      arity = "0..1",
      defaultValue = "true",
      fallbackValue = "true",
      description = "Accepted: root's container stands still meanwhile.")
  private boolean pause;

  @Option(
      names = {"-q", "--quiet"},
      description = "Accepted: there is no progress to tell.")
  @SuppressWarnings("UnusedVariable")
  private boolean quiet;

  @Option(
      names = {"-f", "--format"},
      paramLabel = "oci",
      description = "There is no other.")
  private String format = "oci";

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

  private List<ImageChange> instructions = List.of();

  @Override
  void check() {
    if (!pause) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "--pause=false is not supported: files that change meanwhile make no whole image");
    }
    if (!format.equals("oci")) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "--format " + format + " is not supported: images are made in the format oci");
    }
    instructions = changes.stream().map(ImageChange::parse).toList();
  }

  @Override
  int run(ContainerEngine engine) {
    Container container = Containers.require(engine, id);
    System.out.println(container.commit(name, this::change).descriptor().digest());
    return 0;
  }

  private void change(ImageConfig.Builder config) {
    if (author != null) {
      config.author(author);
    }
    if (message != null) {
      config.comment(message);
    }
    instructions.forEach(instruction -> instruction.applyTo(config));
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
