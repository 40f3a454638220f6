package io.runcible.samples.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerSpec;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The first process of a container. */
final class ProcessOptions {
  @Mixin private Surroundings surroundings = new Surroundings();

  @Option(
      names = "--group-add",
      paramLabel = "GROUP",
      description = "A further group of its user, by name or number.")
  private List<String> groups = List.of();

  @Option(
      names = "--entrypoint",
      description = "Instead of that of the image; a word, or several as a JSON array.")
  private @Nullable String entrypoint;

  @Option(names = "--stop-signal", description = "What asks it to end. Default: the image's.")
  private @Nullable String stopSignal;

  @Option(
      names = "--stop-timeout",
      paramLabel = "SECONDS",
      description = "How long `stop` waits before the kill. Default: 10.")
  private @Nullable Long stopTimeout;

  void apply(ContainerSpec.Builder spec) {
    surroundings.apply(spec);
    groups.forEach(spec::group);
    if (entrypoint != null) {
      spec.entrypoint(words(entrypoint));
    }
    if (stopSignal != null) {
      spec.stopSignal(stopSignal);
    }
    if (stopTimeout != null) {
      spec.stopTimeout(Duration.ofSeconds(stopTimeout));
    }
  }

  /** An empty text is for no entrypoint at all. */
  static String[] words(String text) {
    if (text.isEmpty()) {
      return new String[0];
    }
    if (!text.startsWith("[")) {
      return new String[] {text};
    }
    try {
      return new ObjectMapper().readValue(text, String[].class);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "'" + text + "' is no JSON array of words", e);
    }
  }
}
