package io.runcible.samples.cli;

import com.fasterxml.jackson.databind.JsonNode;
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
import io.runcible.store.LocalStore;
import io.runcible.transfer.ImageInspection;
import io.runcible.transfer.ImageLocation;
import io.runcible.transfer.OpenLocation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Tells what can be known of what has a name, and of images elsewhere without their layers. */
@Command(
    name = "inspect",
    description = {
      "Tell what things are: containers, images of the store, volumes and networks as a JSON array,",
      "with docker's names of fields. A location, such as docker://IMAGE for that of a registry, is",
      "asked without the layers, and shown as lines with other names, --json for an object.",
      "Of a container: .Id .Name .Image .State .Mounts .Config .HostConfig .NetworkSettings, of",
      "which all is shown that is known; .Image is the name, and .Config.Cmd has the entrypoint."
    },
    mixinStandardHelpOptions = true)
final class InspectCommand implements Callable<Integer> {
  /** What something is. */
  enum Type {
    CONTAINER,
    IMAGE,
    VOLUME,
    NETWORK
  }

  @Mixin private EngineOptions options = new EngineOptions();
  @Mixin private RegistryOptions registry = new RegistryOptions();
  @Mixin private Document document = new Document();
  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--raw",
      description = {
        "Print the manifest or the index as it is;",
        "with --platform, the manifest for that."
      })
  private boolean raw;

  @Option(
      names = {"-t", "--type"},
      paramLabel = "container|image|volume|network",
      description = "Default: the first of these that has the name.")
  private @Nullable Type type;

  @Option(names = "--config", description = "Print the configuration as it is.")
  private boolean config;

  @Option(
      names = "--platform",
      paramLabel = "OS/ARCH[/VARIANT]",
      description = "The image for this. Default: that for this host, if there is one.")
  private @Nullable Platform platform;

  @Parameters(
      arity = "1..*",
      paramLabel = "NAME-OR-LOCATION",
      description =
          "The name of something here, or a location: docker://IMAGE, oci:DIRECTORY[:NAME] and so"
              + " on.")
  private List<String> names = List.of();

  @Override
  public Integer call() {
    if (names.size() > 1 && (raw || config || platform != null)) {
      throw Cli.usage(spec, "--raw, --config and --platform are for one image");
    }
    document.check();
    if (raw || config) {
      printRaw(names.get(0));
      return 0;
    }
    List<JsonNode> shown = new ArrayList<>();
    int code = 0;
    for (String name : names) {
      try {
        if (Places.isLocation(name)) {
          describe(name);
          if (names.size() == 1) {
            document.print();
            return 0;
          }
        }
        shown.add(Places.isLocation(name) ? document.take() : here(name));
      } catch (RuncibleException e) {
        code = Cli.report(e);
      }
    }
    // Who reads JSON of names gets some, though nothing has them.
    if (!shown.isEmpty() || !names.stream().allMatch(Places::isLocation)) {
      document.print(shown);
    }
    return code;
  }

  private JsonNode here(String name) {
    return find(name)
        .orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.NOT_FOUND,
                    "there is no "
                        + (type == null
                            ? "container, image, volume or network"
                            : type.toString().toLowerCase(Locale.ROOT))
                        + " '"
                        + name
                        + "' here"
                        + (isMeant(Type.IMAGE)
                            ? "; docker://" + name + " is an image elsewhere"
                            : "")));
  }

  private Optional<JsonNode> find(String name) {
    boolean image = platform != null || !options.root().hasThing(name);
    if (type == Type.IMAGE || type == null && image) {
      return inStore(name);
    }
    try (ContainerEngine engine = options.open()) {
      return find(engine, name);
    }
  }

  private Optional<JsonNode> find(ContainerEngine engine, String name) {
    Optional<JsonNode> found = Optional.empty();
    if (isMeant(Type.CONTAINER)) {
      Path data = options.root().path();
      found = engine.find(name).map(container -> ContainerFields.of(engine, container, data));
    }
    if (found.isEmpty() && type == null) {
      found = inStore(name);
    }
    if (found.isEmpty() && isMeant(Type.VOLUME)) {
      found = new VolumeCommand().lookFor(engine, name);
    }
    if (found.isEmpty() && isMeant(Type.NETWORK)) {
      found = new NetworkCommand().lookFor(engine, name);
    }
    return found;
  }

  private boolean isMeant(Type asked) {
    return type == null || type == asked;
  }

  private Optional<JsonNode> inStore(String name) {
    if (!options.root().hasStore()) {
      return Optional.empty();
    }
    ImageReference reference;
    try {
      reference = ImageReference.parse(name);
    } catch (RuncibleException e) {
      return Optional.empty(); // But a volume may have that name.
    }
    try (LocalStore store = options.root().open()) {
      return store.images().find(reference).isEmpty()
          ? Optional.empty()
          : store
              .image(reference, platformOf(store, reference))
              .map(image -> ImageFields.of(store, image));
    }
  }

  /** What was asked for, or that of the image, which need not be the host's. */
  private Platform platformOf(LocalStore store, ImageReference reference) {
    return platform != null
        ? platform
        : ImageInspection.of(store, reference, Platform.host())
            .config()
            .map(ImageConfig::platform)
            .orElseGet(Platform::host);
  }

  /** Describes an image at a location. */
  private void describe(String name) {
    look(
        name,
        (location, found) -> {
          document.add("name", location.reference().map(Object::toString).orElse(name));
          describe(found);
        });
  }

  private void printRaw(String name) {
    look(
        name,
        (location, found) -> {
          if (config) {
            write(found.config().orElseThrow(() -> noConfiguration(found)).raw());
          } else {
            write((platform == null ? found.document() : found.image().orElseThrow()).raw());
          }
        });
  }

  private void look(String name, BiConsumer<ImageLocation, ImageInspection> action) {
    ImageLocation location = ImageLocation.parse(Places.isLocation(name) ? name : "store:" + name);
    try (Places places = new Places(registry, options.root(), location);
        OpenLocation<ImageSource> open = places.transports().source(location)) {
      action.accept(location, inspect(open.images(), open.reference()));
    }
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
