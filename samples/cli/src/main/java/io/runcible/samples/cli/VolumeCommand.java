package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.VolumeInfo;
import io.runcible.engine.VolumeSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Makes, lists and removes volumes. */
@Command(
    name = "volume",
    description = "Make, list and remove volumes.",
    mixinStandardHelpOptions = true,
    subcommands = {
      VolumeCommand.Create.class,
      VolumeCommand.ListVolumes.class,
      Inventory.Inspect.class,
      Noun.Exists.class,
      Inventory.Remove.class,
      VolumeCommand.Prune.class
    })
final class VolumeCommand extends Inventory<VolumeInfo> {
  private static final String DRIVER = "local";

  VolumeCommand() {
    super("volume");
  }

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
        names = {"-d", "--driver"},
        paramLabel = "local",
        description = "There is no other.")
    private String driver = DRIVER;

    @Option(
        names = {"-o", "--opt"},
        paramLabel = "o=OPTIONS",
        description = "With commas: size=SIZE, nocopy.")
    private Map<String, String> driverOptions = Map.of();

    @Parameters(index = "0", arity = "0..1", paramLabel = "NAME")
    private @Nullable String name;

    @Override
    public Integer call() {
      if (!driver.equals(DRIVER)) {
        throw new RuncibleException(
            ErrorKind.UNSUPPORTED, "there is no driver '" + driver + "' of volumes, but " + DRIVER);
      }
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
  @Command(name = "ls", aliases = "list", description = "List the volumes.")
  static final class ListVolumes extends EngineCommand {
    @ParentCommand private @Nullable VolumeCommand parent;
    @Mixin private Table table = new Table();

    @Option(
        names = {"-f", "--filter"},
        paramLabel = "KEY=VALUE",
        description =
            "name=TEXT, label=KEY[=VALUE], dangling=BOOLEAN (without containers) or driver=local.")
    private List<String> filters = List.of();

    @Option(
        names = {"-q", "--quiet"},
        description = "Print the names alone.")
    private boolean quiet;

    @Override
    int run(ContainerEngine engine) {
      table.titles("NAME", "CREATED", "CONTAINERS").further("DRIVER", "MOUNTPOINT", "LABELS");
      for (VolumeInfo volume : Objects.requireNonNull(parent).list(engine, filters, DRIVER)) {
        table.row(
            volume.name(),
            volume.created(),
            String.join(" ", volume.users()),
            DRIVER,
            volume.path(),
            Filters.joined(volume.labels()));
      }
      if (quiet) {
        table.printFirst();
      } else {
        table.print();
      }
      return 0;
    }
  }

  /** Removes the unused ones. */
  @Command(
      name = "prune",
      description = "Remove the volumes that no container has mounted, and print their names.")
  static final class Prune extends Inventory.Prune {}

  @Override
  public Optional<VolumeInfo> find(ContainerEngine engine, String name) {
    return engine.volumes().find(name);
  }

  @Override
  List<VolumeInfo> list(ContainerEngine engine) {
    return engine.volumes().list();
  }

  @Override
  String nameOf(VolumeInfo volume) {
    return volume.name();
  }

  @Override
  Map<String, String> labelsOf(VolumeInfo volume) {
    return volume.labels();
  }

  @Override
  boolean isUsed(VolumeInfo volume) {
    return !volume.users().isEmpty();
  }

  @Override
  boolean remove(ContainerEngine engine, String name) {
    return engine.volumes().remove(name);
  }

  @Override
  List<String> prune(ContainerEngine engine) {
    return engine.volumes().prune();
  }

  @Override
  Map<String, Object> show(VolumeInfo volume) {
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
