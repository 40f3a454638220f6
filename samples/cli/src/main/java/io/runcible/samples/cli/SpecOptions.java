package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.RestartPolicy;
import io.runcible.image.ImageConfig;
import io.runcible.image.Platform;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What a container is made of: of every command that makes one. */
final class SpecOptions {
  @Mixin private ProcessOptions process = new ProcessOptions();
  @Mixin private NetworkOptions network = new NetworkOptions();
  @Mixin private StorageOptions storage = new StorageOptions();
  @Mixin private LimitOptions limits = new LimitOptions();
  @Mixin private SecurityOptions security = new SecurityOptions();
  @Mixin private UserNamespaceOptions users = new UserNamespaceOptions();
  @Mixin private NamespaceOptions namespaces = new NamespaceOptions();
  @Mixin private HealthOptions health = new HealthOptions();
  @Mixin private PlatformOption platform = new PlatformOption();

  /** When an image is fetched. */
  enum Pull {
    ALWAYS,
    MISSING,
    NEVER
  }

  @Option(names = "--name", description = "The id of the container. Default: a random one.")
  private @Nullable String name;

  @Option(
      names = "--replace",
      description = "Remove the detached container of this --name first, if there is one.")
  private boolean replace;

  @Option(
      names = {"-q", "--quiet"},
      description = "Accepted: of the fetching of the image nothing is told.")
  @SuppressWarnings("UnusedVariable")
  private boolean quiet;

  @Option(
      names = "--disable-content-trust",
      arity = "0..1",
      description = "Accepted: the host's policy decides.")
  @SuppressWarnings("UnusedVariable")
  private boolean untrusted;

  @Option(
      names = {"-l", "--label"},
      paramLabel = "KEY[=VALUE]",
      description = "Set a label.")
  private List<String> labels = List.of();

  @Option(
      names = "--label-file",
      paramLabel = "FILE",
      description = "Set labels from a file with one to a line.")
  private List<Path> labelFiles = List.of();

  @Option(names = "--annotation", paramLabel = "KEY=VALUE", description = "Set an annotation.")
  private Map<String, String> annotations = Map.of();

  @Option(
      names = "--restart",
      paramLabel = "POLICY",
      description =
          "With --detach: no, always, unless-stopped or on-failure[:MAX]. Not when the machine"
              + " starts.")
  private @Nullable String restart;

  @Option(
      names = "--log-driver",
      paramLabel = "k8s-file|none",
      description =
          "k8s-file: keep the log in the format of Kubernetes, with times; none: keep none. Default:"
              + " the bytes as they are.")
  private @Nullable String logDriver;

  @Option(
      names = "--log-opt",
      paramLabel = "KEY=VALUE",
      description =
          "max-size=10m and max-file=3: as with --log-driver k8s-file, in so many files of that"
              + " size. max-size=0: without a limit.")
  private Map<String, String> log = Map.of();

  @Option(
      names = "--pull",
      paramLabel = "always|missing|never",
      description = "When to fetch the image. Default: if it is missing.")
  private Pull pull = Pull.MISSING;

  @Option(
      names = "--cidfile",
      paramLabel = "FILE",
      description = "Write the id of the container to a new file.")
  private @Nullable Path idFile;

  /** Whether it is to be started again by itself. */
  boolean restarts() {
    return restart != null;
  }

  Platform platform() {
    return platform.get();
  }

  /** All that can be said without the image. */
  ContainerSpec.Builder begin(String image, List<String> command) {
    ContainerSpec.Builder spec = ContainerSpec.builder(image);
    if (!command.isEmpty()) {
      spec.command(command.toArray(String[]::new));
    }
    process.apply(spec);
    network.apply(spec);
    boolean labeled = security.mayLabel() && storage.relabels();
    storage.apply(spec, labeled);
    limits.apply(spec);
    security.apply(spec, labeled);
    users.apply(spec);
    namespaces.apply(spec);
    health.apply(spec);
    Variables.of(labelFiles, labels, key -> "").forEach(spec::label);
    annotations.forEach(spec::annotation);
    if (name != null) {
      spec.name(name);
    } else if (replace) {
      throw new RuncibleException(ErrorKind.INVALID_INPUT, "--replace needs --name");
    }
    if (restart != null) {
      spec.restart(RestartPolicy.parse(restart));
    }
    if (logDriver != null) {
      spec.log(LogOptions.parse(logDriver, log));
    } else if (!log.isEmpty()) {
      spec.log(LogOptions.parse(log));
    }
    requireNoIdFile();
    return spec;
  }

  private void requireNoIdFile() {
    if (idFile != null && Files.exists(idFile)) {
      throw exists(idFile);
    }
  }

  private static RuncibleException exists(Path file) {
    return new RuncibleException(
        ErrorKind.ALREADY_EXISTS,
        "there is a file '" + file + "' of another container; remove it first");
  }

  /** Brings the image, as far as that is not left to the engine, and adds what depends on it. */
  ContainerSpec finish(
      ContainerSpec.Builder spec, String image, ContainerEngine engine, Path data) {
    if (replace) {
      storage.requireNoneOf(engine, spec.build().name().orElseThrow());
    }
    storage.apply(spec, engine, data);
    if (pull == Pull.NEVER && engine.images().find(image).isEmpty()) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, "there is no image '" + image + "' here, and --pull=never");
    }
    boolean needsImage = network.needsImage() || health.needsImage();
    if (pull == Pull.ALWAYS || needsImage && engine.images().find(image).isEmpty()) {
      engine.images().pull(image);
    }
    if (needsImage) {
      ImageConfig config = engine.images().find(image).orElseThrow().config();
      network.apply(spec, config);
      health.apply(spec, config);
    }
    ContainerSpec made = spec.build();
    if (replace) {
      Replacement.prepare(engine, made);
    }
    return made;
  }

  /** Notes the id where it was asked for. */
  void made(String id) {
    if (idFile == null) {
      return;
    }
    try {
      Files.writeString(idFile, id, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    } catch (FileAlreadyExistsException e) {
      throw exists(idFile);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot write '" + idFile + "': " + e.getMessage(), e);
    }
  }
}
