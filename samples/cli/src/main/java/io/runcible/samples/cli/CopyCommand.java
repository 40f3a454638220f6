package io.runcible.samples.cli;

import io.runcible.Digest;
import io.runcible.archive.Compression;
import io.runcible.engine.ContainerEngine;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Platform;
import io.runcible.transfer.ImageCopy;
import io.runcible.transfer.ImageLocation;
import io.runcible.transfer.ImageLocation.Transport;
import io.runcible.transfer.OpenLocation;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Copies an image from one place to another and prints its digest there. */
@Command(
    name = "copy",
    description = {
      "Copy an image and print its digest.",
      "Places are written as for skopeo:",
      "docker://NAME, oci:DIRECTORY[:NAME], oci-archive:FILE[:NAME],",
      "docker-archive:FILE[:NAME], dir:DIRECTORY, docker-daemon:NAME, and",
      "store:NAME for the images that can be run here."
    },
    mixinStandardHelpOptions = true)
final class CopyCommand implements Callable<Integer> {
  @Mixin private EngineOptions engine = new EngineOptions();
  @Mixin private RegistryOptions registry = new RegistryOptions();
  @Spec private @Nullable CommandSpec spec;

  @Option(names = "--all", description = "An index with the images for all platforms.")
  private boolean all;

  @Option(
      names = "--platform",
      paramLabel = "OS/ARCH[/VARIANT]",
      description = {
        "The image for this platform; given several times,",
        "an index with these. Default: that of this host."
      })
  private List<Platform> platforms = List.of();

  @Option(
      names = "--compress",
      paramLabel = "gzip|zstd",
      description = "Compress layers again that are compressed otherwise.")
  private @Nullable Compression compression;

  @Option(names = "--level", description = "How much: gzip 1 to 9, zstd 1 to 22.")
  private @Nullable Integer level;

  @Option(names = "--referrers", description = "With signatures and what else refers to it.")
  private boolean referrers;

  @Parameters(index = "0", paramLabel = "SOURCE")
  private String source = "";

  @Parameters(index = "1", paramLabel = "DEST")
  private String target = "";

  @Override
  public Integer call() {
    checkOptions();
    ImageLocation from = ImageLocation.parse(source);
    ImageLocation to = ImageLocation.parse(target);
    boolean more = all || referrers || compression != null || platforms.size() > 1;
    if (to.transport() == Transport.STORE && more) {
      throw usage("an image in the store is for one platform and as it came");
    }
    System.out.println(to.transport() == Transport.STORE ? load(from, to) : copy(from, to));
    return 0;
  }

  private void checkOptions() {
    if (all && !platforms.isEmpty()) {
      throw usage("--all and --platform exclude each other");
    }
    if (level != null && compression == null) {
      throw usage("--level is for --compress");
    }
  }

  private ParameterException usage(String message) {
    return Cli.usage(spec, message);
  }

  /** By the engine, so that the host's policy holds and the image is unpacked. */
  private Digest load(ImageLocation from, ImageLocation to) {
    Platform platform = platforms.isEmpty() ? Platform.host() : platforms.get(0);
    try (Places places = new Places(registry, engine.root(), from);
        OpenLocation<ImageSource> open = places.transports().source(from);
        ContainerEngine loading = engine.open(platform);
        Progress progress = new Progress()) {
      return loading
          .images()
          .load(open.images(), open.reference(), to.reference().orElseThrow(), progress)
          .descriptor()
          .digest();
    }
  }

  private Digest copy(ImageLocation from, ImageLocation to) {
    try (Places places = new Places(registry, engine.root(), from, to);
        OpenLocation<ImageSource> reading = places.transports().source(from);
        OpenLocation<ImageSink> writing = places.transports().sink(to);
        Progress progress = new Progress()) {
      ImageCopy copy = ImageCopy.between(reading.images(), writing.images()).listener(progress);
      configure(copy);
      Digest digest = copy.copy(reading.reference(), writing.reference()).root().digest();
      writing.images().commit();
      return digest;
    }
  }

  private void configure(ImageCopy copy) {
    if (platforms.size() > 1) {
      copy.platforms(platforms);
    } else if (!all) {
      copy.platform(platforms.isEmpty() ? Platform.host() : platforms.get(0));
    }
    if (compression != null) {
      if (level != null) {
        copy.recompress(compression, level);
      } else {
        copy.recompress(compression);
      }
    }
    if (referrers) {
      copy.withReferrers();
    }
  }
}
