package io.runcible.samples.cli;

import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Platform;
import io.runcible.layout.ImageLayout;
import io.runcible.registry.RegistryClient;
import io.runcible.transfer.CopyResult;
import io.runcible.transfer.ImageSync;
import io.runcible.transfer.SyncList;
import io.runcible.transfer.SyncReport;
import io.runcible.transfer.SyncedImage;
import io.runcible.transfer.TagFilter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Brings many images to one place. */
@Command(
    name = "sync",
    description = {
      "Bring many images to one place, and only what changed of them.",
      "",
      "SOURCE is, for docker, a repository, of which all tags are meant, or one",
      "with a tag; for yaml, a list as skopeo reads it; for oci, a directory of",
      "image layouts; for dir, a directory of what sync --dest dir has written.",
      "",
      "DEST is, for docker, a registry or the first parts of a repository in it;",
      "for oci, the directory of an image layout; for dir, a directory that gets",
      "one for each image."
    },
    mixinStandardHelpOptions = true)
final class SyncCommand implements Callable<Integer> {
  /** What images are synced from. */
  enum Source {
    DOCKER,
    YAML,
    OCI,
    DIR
  }

  /** What images are synced to. */
  enum Target {
    DOCKER,
    OCI,
    DIR
  }

  @Mixin private RegistryOptions registry = new RegistryOptions();
  @Mixin private Table table = new Table();
  @Spec private @Nullable CommandSpec spec;

  @Option(names = "--src", required = true, paramLabel = "docker|yaml|oci|dir")
  private Source sourceKind = Source.DOCKER;

  @Option(names = "--dest", required = true, paramLabel = "docker|oci|dir")
  private Target targetKind = Target.DOCKER;

  @Option(names = "--tags-regex", paramLabel = "REGEX", description = "Tags with a match.")
  private @Nullable String regex;

  @Option(
      names = "--tags-semver",
      paramLabel = "RANGE",
      description = "Tags that are versions, such as \">=1.2 <2\".")
  private @Nullable String versions;

  @Option(
      names = "--scoped",
      description = "Images keep all of their name, not its last part alone.")
  private boolean scoped;

  @Option(names = "--all", description = "Images for all platforms. Default: for this host.")
  private boolean all;

  @Option(names = "--dry-run", description = "Only tell what would be done.")
  private boolean dryRun;

  @Option(names = "--keep-going", description = "Go on after a failure, and fail at the end.")
  private boolean keepGoing;

  @Parameters(index = "0", paramLabel = "SOURCE")
  private String source = "";

  @Parameters(index = "1", paramLabel = "DEST")
  private String target = "";

  @Override
  public Integer call() {
    if ((regex != null || versions != null) && sourceKind != Source.DOCKER) {
      throw Cli.usage(spec, "--tags-regex and --tags-semver are for --src docker");
    }
    if (regex != null && versions != null) {
      throw Cli.usage(spec, "--tags-regex and --tags-semver exclude each other");
    }
    SyncReport report;
    SyncList list = list();
    try (RegistryClient client = client(list);
        ImageSink sink = sink(client);
        Progress progress = new Progress()) {
      report = sync(configured(sink, progress), client, list);
    }
    print(report);
    int failed = report.failures().size();
    if (failed > 0) {
      System.err.println("runcible: " + failed + " of " + report.images().size() + " failed");
    }
    return failed == 0 ? 0 : Cli.FAILED;
  }

  private SyncList list() {
    return sourceKind == Source.YAML ? SyncList.read(Path.of(source)) : new SyncList(List.of());
  }

  private RegistryClient client(SyncList list) {
    List<String> registries = new ArrayList<>();
    list.registries().forEach(one -> registries.add(one.name()));
    if (sourceKind == Source.DOCKER) {
      registries.add(ImageReference.parse(source).registry());
    }
    if (targetKind == Target.DOCKER) {
      // Any image below it would do.
      registries.add(ImageReference.parse(target + "/image").registry());
    }
    return list.configure(registry.existing(registries)).build();
  }

  private ImageSink sink(RegistryClient client) {
    return switch (targetKind) {
      case DOCKER -> client;
      case OCI -> ImageLayout.create(Path.of(target));
      case DIR -> new DirectoryTree(Path.of(target));
    };
  }

  private ImageSync configured(ImageSink sink, Progress progress) {
    ImageSync sync = ImageSync.to(sink);
    if (targetKind != Target.OCI) {
      sync.under(targetKind == Target.DOCKER ? target : DirectoryTree.REGISTRY);
    }
    if (scoped) {
      sync.scoped();
    }
    if (dryRun) {
      sync.dryRun();
    }
    if (keepGoing) {
      sync.keepGoing();
    }
    return sync.copying(
        copy -> {
          copy.listener(progress);
          if (!all) {
            copy.platform(Platform.host());
          }
        });
  }

  private SyncReport sync(ImageSync sync, RegistryClient client, SyncList list) {
    return switch (sourceKind) {
      case DOCKER -> sync.sync(client, ImageReference.parse(source), tags());
      case YAML -> sync.sync(client, list);
      case OCI -> sync.sync(Path.of(source));
      case DIR -> {
        try (DirectoryTree tree = new DirectoryTree(Path.of(source))) {
          yield sync.sync(tree, tree.list());
        }
      }
    };
  }

  private TagFilter tags() {
    if (regex != null) {
      return TagFilter.matching(regex);
    }
    if (versions != null) {
      return TagFilter.versions(versions);
    }
    ImageReference named = ImageReference.parse(source);
    if (named.digest().isPresent()) {
      return TagFilter.of(List.of(named.digest().get().toString()));
    }
    boolean tagged = source.lastIndexOf(':') > source.lastIndexOf('/');
    return tagged ? TagFilter.of(named.tag().stream().toList()) : TagFilter.all();
  }

  private void print(SyncReport report) {
    table.titles("FROM", "TO", "OUTCOME", "BYTES", "ERROR");
    for (SyncedImage image : report.images()) {
      table.row(
          image.from(),
          image.to().map(Object::toString).orElse(""),
          image.outcome().toString().toLowerCase(Locale.ROOT),
          image.result().map(CopyResult::bytes).orElse(0L),
          image.failure().map(Throwable::getMessage).orElse(""));
    }
    table.print();
  }
}
