package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.VolumeInfo;
import io.runcible.engine.VolumeSpec;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes, lists and removes volumes. */
@Command(
    name = "volume",
    description = "Make, list and remove volumes.",
    mixinStandardHelpOptions = true,
    subcommands = {
      VolumeCommand.Create.class,
      VolumeCommand.ListVolumes.class,
      VolumeCommand.Inspect.class,
      VolumeCommand.Exists.class,
      VolumeCommand.Remove.class,
      VolumeCommand.Prune.class
    })
final class VolumeCommand {
  private static final Noun<VolumeInfo> NOUN =
      new Noun<>(
          "volume",
          (engine, name) -> engine.volumes().find(name),
          (engine, name) -> engine.volumes().remove(name),
          engine -> engine.volumes().prune(),
          VolumeCommand::show);

  /** Makes one. */
  @Command(
      name = "create",
      description = "Make a volume and print its name.",
      mixinStandardHelpOptions = true)
  static final class Create implements Callable<Integer> {
    @Mixin private EngineOptions options = new EngineOptions();

    @Option(names = "--label", paramLabel = "KEY=VALUE")
    private Map<String, String> labels = Map.of();

    @Option(
        names = {"-o", "--opt"},
        paramLabel = "o=OPTIONS",
        description = "With commas: size=SIZE, nocopy.")
    private Map<String, String> driverOptions = Map.of();

    @Parameters(index = "0", arity = "0..1", paramLabel = "NAME")
    private @Nullable String name;

    @Override
    public Integer call() {
      VolumeSpec spec =
          VolumeSpec.of(name != null ? name : UUID.randomUUID().toString().replace("-", ""));
      for (Map.Entry<String, String> label : labels.entrySet()) {
        spec = spec.label(label.getKey(), label.getValue());
      }
      for (Map.Entry<String, String> option : driverOptions.entrySet()) {
        spec = with(spec, option.getKey(), option.getValue());
      }
      try (ContainerEngine engine = options.open()) {
        System.out.println(engine.volumes().create(spec).name());
      }
      return 0;
    }

    private static VolumeSpec with(VolumeSpec spec, String key, String value) {
      VolumeSpec changed = spec;
      if (!key.equals("o")) {
        throw new RuncibleException(
            ErrorKind.UNSUPPORTED, "a volume has no option '" + key + "', only 'o'");
      }
      for (String option : value.split(",", -1)) {
        if (option.equals("nocopy")) {
          changed = changed.withoutCopy();
        } else if (option.startsWith("size=")) {
          changed = changed.size(option.substring("size=".length()));
        } else {
          throw new RuncibleException(
              ErrorKind.UNSUPPORTED, "a volume has no option 'o=" + option + "'");
        }
      }
      return changed;
    }
  }

  /** Lists them. */
  @Command(name = "ls", description = "List the volumes.", mixinStandardHelpOptions = true)
  static final class ListVolumes implements Callable<Integer> {
    @Mixin private EngineOptions options = new EngineOptions();
    @Mixin private Table table = new Table();

    @Override
    public Integer call() {
      table.titles("NAME", "CREATED", "CONTAINERS");
      try (ContainerEngine engine = options.open()) {
        for (VolumeInfo volume : engine.volumes().list()) {
          table.row(volume.name(), volume.created(), String.join(" ", volume.users()));
        }
      }
      table.print();
      return 0;
    }
  }

  /** Shows some. */
  @Command(name = "inspect", description = "Show volumes as JSON.", mixinStandardHelpOptions = true)
  static final class Inspect extends Noun.Inspect {
    Inspect() {
      super(NOUN);
    }
  }

  /** Tells whether there is one. */
  @Command(
      name = "exists",
      description = "End with 0 if there is such a volume, and with 1 if not.",
      mixinStandardHelpOptions = true)
  static final class Exists extends Noun.Exists {
    Exists() {
      super(NOUN.find());
    }
  }

  /** Removes some. */
  @Command(name = "rm", description = "Remove volumes.", mixinStandardHelpOptions = true)
  static final class Remove extends Noun.Remove {
    Remove() {
      super(NOUN);
    }
  }

  /** Removes the unused ones. */
  @Command(
      name = "prune",
      description = "Remove the volumes that no container has mounted, and print their names.",
      mixinStandardHelpOptions = true)
  static final class Prune extends Noun.Prune {
    Prune() {
      super(NOUN);
    }
  }

  private static Map<String, Object> show(VolumeInfo volume) {
    Map<String, Object> shown = new LinkedHashMap<>();
    shown.put("Name", volume.name());
    shown.put("Mountpoint", volume.path().toString());
    shown.put("CreatedAt", volume.created().toString());
    shown.put("Labels", volume.labels());
    volume.maxBytes().ifPresent(bytes -> shown.put("Size", bytes));
    shown.put("Anonymous", volume.anonymous());
    shown.put("Containers", volume.users());
    return shown;
  }
}
