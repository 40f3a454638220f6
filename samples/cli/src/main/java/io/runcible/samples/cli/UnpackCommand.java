package io.runcible.samples.cli;

import io.runcible.image.Image;
import io.runcible.image.ImageSource;
import io.runcible.image.Platform;
import io.runcible.snapshot.PlainUnpacker;
import io.runcible.snapshot.UnpackedImage;
import io.runcible.transfer.ImageLocation;
import io.runcible.transfer.OpenLocation;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Unpacks an image to a directory. */
@Command(
    name = "unpack",
    description = {
      "Unpack an image to a directory, as a plain root file system.",
      "The directory is new or empty, and after a failure it is so again. Owners and devices",
      "need root: otherwise all files are this user's, and devices are left out."
    },
    mixinStandardHelpOptions = true)
final class UnpackCommand implements Callable<Integer> {
  @Mixin private DataRoot root = new DataRoot();
  @Mixin private RegistryOptions registry = new RegistryOptions();

  @Option(
      names = "--platform",
      paramLabel = "OS/ARCH[/VARIANT]",
      description = "Of several images this one. Default: that of this host.")
  private Platform platform = Platform.host();

  @Parameters(
      index = "0",
      paramLabel = "SOURCE",
      description = "A name, or a location: oci:DIRECTORY[:NAME], store:NAME and so on.")
  private String source = "";

  @Parameters(index = "1", paramLabel = "DEST", description = "The directory.")
  private Path directory = Path.of("");

  @Override
  public Integer call() {
    ImageLocation location = Places.parse(source);
    // Not half an image, but none.
    Runnable cancel = Thread.currentThread()::interrupt;
    @Nullable Object interrupted = Signals.register("INT", cancel);
    @Nullable Object terminated = Signals.register("TERM", cancel);
    try (Places places = new Places(registry, root, location);
        OpenLocation<ImageSource> open = places.transports().source(location);
        Progress progress = new Progress()) {
      Image image = Image.resolve(open.images(), open.reference(), platform);
      UnpackedImage unpacked = new PlainUnpacker().progress(progress).unpack(image, directory);
      if (unpacked.skippedCount() > 0) {
        System.err.println(
            unpacked.skippedCount() + " left out, first " + Cli.printable(unpacked.skipped().get(0)));
      }
      System.out.println(image.descriptor().digest());
      return 0;
    } finally {
      Signals.unregister("INT", interrupted);
      Signals.unregister("TERM", terminated);
    }
  }
}
