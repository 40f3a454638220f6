package io.runcible.samples.cli;

import io.runcible.image.Image;
import io.runcible.image.ImageSource;
import io.runcible.snapshot.PlainUnpacker;
import io.runcible.snapshot.UnpackedImage;
import io.runcible.transfer.ImageLocation;
import io.runcible.transfer.OpenLocation;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.utils.Signals;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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
  @Mixin private PlatformOption platform = new PlatformOption();

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
    try (Places places = new Places(registry, root, location);
        OpenLocation<ImageSource> open = places.transports().source(location);
        Progress progress = new Progress()) {
      Image image = Image.resolve(open.images(), open.reference(), platform.get());
      UnpackedImage unpacked = unpack(image, progress);
      if (unpacked.skippedCount() > 0) {
        System.err.println(
            unpacked.skippedCount()
                + " left out, first "
                + Cli.printable(unpacked.skipped().get(0)));
      }
      System.out.println(image.descriptor().digest());
      return 0;
    }
  }

  /** A signal leaves no half an image; a second one does not wait for that. */
  private UnpackedImage unpack(Image image, Progress progress) {
    Thread unpacking = Thread.currentThread();
    AtomicBoolean asked = new AtomicBoolean();
    Runnable cancel =
        () -> {
          if (asked.getAndSet(true)) {
            Runtime.getRuntime().halt(Cli.FAILED);
          }
          unpacking.interrupt();
        };
    Object interrupted = Signals.register("INT", cancel);
    Object terminated = Signals.register("TERM", cancel);
    try {
      return new PlainUnpacker().progress(progress).unpack(image, directory);
    } finally {
      Signals.unregister("INT", interrupted);
      Signals.unregister("TERM", terminated);
    }
  }
}
