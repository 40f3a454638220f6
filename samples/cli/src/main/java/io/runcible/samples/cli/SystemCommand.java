package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import io.runcible.engine.PruneRules;
import io.runcible.engine.Pruned;
import io.runcible.engine.StoreUsage;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What concerns all that an engine has. */
@Command(
    name = "system",
    description = "Tell what all takes, or remove what is not used; see also info and events.",
    mixinStandardHelpOptions = true,
    subcommands = {SystemCommand.DiskUsage.class, SystemCommand.Prune.class})
final class SystemCommand {
  /** What images take. */
  @Command(
      name = "df",
      description = "Tell what images take on disk: bytes of their own, and those they share.")
  static final class DiskUsage extends EngineCommand {
    @Mixin private Table table = new Table();

    @Option(
        names = {"-v", "--verbose"},
        description = "Each image.")
    private boolean verbose;

    @Override
    int run(ContainerEngine engine) {
      StoreUsage usage = engine.images().usage();
      if (verbose) {
        table.titles("IMAGE", "UNIQUE", "SHARED");
        usage
            .images()
            .forEach(one -> table.row(one.reference(), one.uniqueBytes(), one.sharedBytes()));
      } else {
        table.titles("TYPE", "COUNT", "BYTES");
        table.row("Images", usage.images().size(), usage.blobBytes() + usage.layerBytes());
        table.row("Unused by images", "", usage.unusedBytes());
        table.row("Unfinished downloads", "", usage.ingestBytes());
        table.row("Containers", engine.list().size(), "");
        table.row("Volumes", engine.volumes().list().size(), "");
      }
      table.print();
      return 0;
    }
  }

  /** Removes all that is not used. */
  @Command(
      name = "prune",
      description =
          "Remove containers that have ended, networks without containers, and content that no"
              + " image and no container uses.")
  static final class Prune extends EngineCommand {
    @Option(
        names = {"-a", "--all"},
        description = "Also all images that no container uses.")
    private boolean all;

    @Option(names = "--volumes", description = "Also the volumes that no container has mounted.")
    private boolean volumes;

    @SuppressWarnings("UnusedVariable")
    @Mixin
    private Force force = new Force();

    @Override
    int run(ContainerEngine engine) {
      print("container", ContainerCommand.Prune.prune(engine, List.of()));
      print("network", engine.networks().prune());
      if (volumes) {
        print("volume", engine.volumes().prune());
      }
      PruneRules rules = all ? PruneRules.unused() : PruneRules.NO_NAMES;
      Pruned pruned = engine.images().prune(rules);
      print("image", pruned.names());
      System.out.println(PruneCommand.summary(pruned));
      return 0;
    }

    private static void print(String kind, List<?> removed) {
      removed.forEach(one -> System.out.println(kind + " " + one));
    }
  }
}
