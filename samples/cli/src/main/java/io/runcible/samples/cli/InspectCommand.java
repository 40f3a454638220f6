package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageDocument;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import io.runcible.image.Platform;
import io.runcible.transfer.ImageInspection;
import io.runcible.transfer.ImageLocation;
import io.runcible.transfer.OpenLocation;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Tells what can be known of a container, or of an image without its layers. */
@Command(
    name = "inspect",
    description =
        "Tell what a container is and does, or what an image is, without its layers: that of this"
            + " name in a registry, or at a location.",
    mixinStandardHelpOptions = true)
final class InspectCommand implements Callable<Integer> {
  /** What something is. */
  enum Type {
    ALL,
    CONTAINER,
    IMAGE
  }

  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private RegistryOptions registry = new RegistryOptions();
  @Mixin private Document document = new Document();

  @Option(
      names = "--raw",
      description = {
        "Print the manifest or the index as it is;",
        "with --platform, the manifest for that."
      })
  private boolean raw;

  @Option(
      names = "--type",
      paramLabel = "container|image",
      description = "Default: a container if there is one of the name.")
  private Type type = Type.ALL;

  @Option(names = "--config", description = "Print the configuration as it is.")
  private boolean config;

  @Option(
      names = "--platform",
      paramLabel = "OS/ARCH[/VARIANT]",
      description = "Of several images this one. Default: that of this host, if there is one.")
  private @Nullable Platform platform;

  @Parameters(
      paramLabel = "NAME-OR-LOCATION",
      description = "A name, or a location: oci:DIRECTORY[:NAME], store:NAME and so on.")
  private String image = "";

  @Override
  public Integer call() {
    if (type == Type.CONTAINER || type == Type.ALL && options.root().hasContainer(image)) {
      try (ContainerEngine engine = options.open()) {
        InspectContainerCommand.describe(Containers.require(engine, image).inspect(), document);
      }
      document.print();
      return 0;
    }
    ImageLocation location = Places.parse(image);
    try (Places places = new Places(registry, options.root(), location);
        OpenLocation<ImageSource> open = places.transports().source(location)) {
      ImageInspection found = inspect(open.images(), open.reference());
      if (config) {
        write(found.config().orElseThrow(() -> noConfiguration(found)).raw());
      } else if (raw) {
        write((platform == null ? found.document() : found.image().orElseThrow()).raw());
      } else {
        document.add("name", location.reference().map(Object::toString).orElse(image));
        describe(found);
        document.print();
      }
    }
    return 0;
  }

  private ImageInspection inspect(ImageSource source, ImageReference reference) {
    if (platform != null) {
      return ImageInspection.of(source, reference, platform);
    }
    if (raw && !config) {
      return ImageInspection.of(source, reference);
    }
    try {
      return ImageInspection.of(source, reference, Platform.host());
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.NOT_FOUND || config) {
        throw e;
      }
      // Nothing for this host, or no such image, as this says then.
      return ImageInspection.of(source, reference);
    }
  }

  private static RuncibleException noConfiguration(ImageInspection found) {
    return new RuncibleException(
        ErrorKind.NOT_FOUND, found.reference() + " is an artifact without a configuration");
  }

  private static void write(byte[] bytes) {
    System.out.write(bytes, 0, bytes.length);
    System.out.flush();
  }

  private void describe(ImageInspection found) {
    Descriptor named = found.document().descriptor();
    document.add("digest", named.digest().toString());
    document.add("mediaType", named.mediaType());
    document.add("platforms", found.platforms().stream().map(Platform::toString).toList());
    if (found.index().isPresent()) {
      document.add(
          "manifest", found.image().map(ImageDocument::descriptor).map(d -> d.digest().toString()));
    }
    found.config().ifPresent(this::describe);
    document.add("artifactType", found.manifest().flatMap(Manifest::artifactType));
    document.add("annotations", found.manifest().map(Manifest::annotations));
    if (found.manifest().isPresent()) {
      document.add("size", found.size());
    }
    document.add("layers", found.layers().stream().map(InspectCommand::layer).toList());
  }

  private void describe(ImageConfig image) {
    document.add("platform", image.platform().toString());
    document.add("created", image.created().map(Object::toString));
    document.add("user", image.user());
    document.add("workingDirectory", image.workingDirectory());
    document.add("entrypoint", image.entrypoint());
    document.add("command", image.command());
    document.add("stopSignal", image.stopSignal());
    document.add("exposedPorts", image.exposedPorts());
    document.add("volumes", image.volumes());
    document.add("environment", image.environment());
    document.add("labels", image.labels());
  }

  private static Map<String, Object> layer(Descriptor layer) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("digest", layer.digest().toString());
    row.put("size", layer.size());
    row.put("mediaType", layer.mediaType());
    return row;
  }
}
