package io.runcible.samples.cli;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import io.runcible.archive.Compression;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.store.ImageRecord;
import io.runcible.store.LocalStore;
import io.runcible.transfer.ImageCopy;
import io.runcible.transfer.ImageLocation;
import io.runcible.transfer.OpenLocation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Copies an image of the store to a registry and prints its digest. */
@Command(
    name = "push",
    description = "Copy an image of the store to its registry, or to another place.",
    mixinStandardHelpOptions = true)
final class PushCommand implements Callable<Integer> {
  @Mixin private DataRoot root = new DataRoot();
  @Mixin private RegistryOptions registry = new RegistryOptions();
  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = {"-q", "--quiet"},
      description = "Do not tell of the progress.")
  private boolean quiet;

  @Option(
      names = {"-a", "--all-tags"},
      description = "All images of the store with this name, which has no tag.")
  private boolean allTags;

  @Option(
      names = "--compression-format",
      paramLabel = "gzip|zstd",
      description = "Compress layers again that are compressed otherwise.")
  private @Nullable Compression compression;

  @Option(names = "--compression-level", description = "How much: gzip 1 to 9, zstd 1 to 22.")
  private @Nullable Integer level;

  @Option(
      names = "--digestfile",
      paramLabel = "FILE",
      description = "Write the digest to a file, too.")
  private @Nullable Path digestFile;

  @Parameters(index = "0", paramLabel = "IMAGE")
  private String image = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "DEST",
      description = "A name, or a location: see copy.")
  private @Nullable String target;

  @Override
  public Integer call() throws IOException {
    if (level != null && compression == null) {
      throw Cli.usage(spec, "--compression-level is for --compression-format");
    }
    if (allTags && (target != null || digestFile != null)) {
      throw Cli.usage(spec, "--all-tags excludes DEST and --digestfile");
    }
    if (!allTags) {
      Digest digest = push(image, target == null ? image : target);
      if (digestFile != null) {
        Files.writeString(digestFile, digest.toString());
      }
      return 0;
    }
    for (String name : tagged()) {
      push(name, name);
    }
    return 0;
  }

  private List<String> tagged() {
    ImageReference wanted = ImageReference.parse(image);
    try (LocalStore store = root.open()) {
      List<String> found =
          store.images().list().stream()
              .map(ImageRecord::reference)
              .filter(name -> name.tag().isPresent() && name.name().equals(wanted.name()))
              .map(ImageReference::toString)
              .sorted()
              .toList();
      if (found.isEmpty()) {
        throw new RuncibleException(
            ErrorKind.NOT_FOUND, "there is no image '" + wanted.name() + "' in the store");
      }
      return found;
    }
  }

  private Digest push(String name, String place) {
    ImageLocation from = ImageLocation.parse("store:" + name);
    ImageLocation to = Places.parse(place);
    try (Places places = new Places(registry, root, from, to);
        OpenLocation<ImageSource> reading = places.transports().source(from);
        OpenLocation<ImageSink> writing = places.transports().sink(to);
        Progress progress = new Progress()) {
      ImageCopy copy =
          ImageCopy.between(reading.images(), writing.images())
              .listener(quiet ? ProgressListener.NONE : progress);
      if (level != null) {
        copy.recompress(Objects.requireNonNull(compression), level);
      } else if (compression != null) {
        copy.recompress(compression);
      }
      Digest digest = copy.copy(reading.reference(), writing.reference()).root().digest();
      writing.images().commit();
      System.out.println(digest);
      return digest;
    }
  }
}
