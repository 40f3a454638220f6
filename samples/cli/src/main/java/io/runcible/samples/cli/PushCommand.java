package io.runcible.samples.cli;

import io.runcible.Digest;
import io.runcible.ProgressListener;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.transfer.ImageCopy;
import io.runcible.transfer.ImageLocation;
import io.runcible.transfer.OpenLocation;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Copies an image of the store to a registry and prints its digest. */
@Command(
    name = "push",
    description = "Copy an image of the store to its registry, or to another place.",
    mixinStandardHelpOptions = true)
final class PushCommand implements Callable<Integer> {
  @Mixin private DataRoot root = new DataRoot();
  @Mixin private RegistryOptions registry = new RegistryOptions();

  @Option(
      names = {"-q", "--quiet"},
      description = "Do not tell of the progress.")
  private boolean quiet;

  @Parameters(index = "0", paramLabel = "IMAGE")
  private String image = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "DEST",
      description = "A name, or a location: see copy.")
  private @Nullable String target;

  @Override
  public Integer call() {
    ImageLocation from = ImageLocation.parse("store:" + image);
    ImageLocation to = Places.parse(target == null ? image : target);
    try (Places places = new Places(registry, root, from, to);
        OpenLocation<ImageSource> reading = places.transports().source(from);
        OpenLocation<ImageSink> writing = places.transports().sink(to);
        Progress progress = new Progress()) {
      Digest digest =
          ImageCopy.between(reading.images(), writing.images())
              .listener(quiet ? ProgressListener.NONE : progress)
              .copy(reading.reference(), writing.reference())
              .root()
              .digest();
      writing.images().commit();
      System.out.println(digest);
    }
    return 0;
  }
}
