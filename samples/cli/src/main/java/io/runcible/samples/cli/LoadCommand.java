package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSource;
import io.runcible.layout.DockerArchive;
import io.runcible.layout.ImageLayout;
import io.runcible.layout.OciArchive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Brings the images of an archive into the store. */
@Command(
    name = "load",
    description =
        "Bring the images of an archive, of Docker or OCI, or of a layout into the store.",
    mixinStandardHelpOptions = true)
final class LoadCommand implements Callable<Integer> {
  private static final String NAME = "org.opencontainers.image.ref.name";

  @Mixin private EngineOptions options = new EngineOptions();

  @Option(
      names = {"-i", "--input"},
      paramLabel = "FILE",
      description = "An archive, or the directory of a layout. Default: the standard input.")
  private @Nullable Path file;

  @Option(
      names = {"-q", "--quiet"},
      description = "Do not tell of the progress.")
  private boolean quiet;

  @Override
  public Integer call() throws IOException {
    if (file != null) {
      load(file);
      return 0;
    }
    try (UnnamedFile copy = UnnamedFile.copy(System.in)) {
      load(copy.path());
    }
    return 0;
  }

  private void load(Path place) {
    if (Files.isDirectory(place)) {
      ImageLayout layout = ImageLayout.open(place);
      load(layout, names(layout.index(), place));
      return;
    }
    // Archives of Docker of today are both; those of OCI alone lack what Docker needs.
    Optional<DockerArchive> docker = docker(place);
    if (docker.isPresent()) {
      try (DockerArchive archive = docker.get()) {
        load(archive, archive.names().stream().flatMap(List::stream).toList());
      }
    } else {
      try (OciArchive archive = OciArchive.open(place)) {
        load(archive, names(archive.index(), place));
      }
    }
  }

  private static Optional<DockerArchive> docker(Path place) {
    if (!Files.exists(place)) {
      throw new RuncibleException(ErrorKind.NOT_FOUND, "there is no file '" + place + "'");
    }
    try {
      return Optional.of(DockerArchive.open(place));
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.NOT_FOUND) {
        throw e;
      }
      return Optional.empty();
    }
  }

  private static List<String> names(ImageIndex index, Path place) {
    return index.manifests().stream()
        .map(Descriptor::annotations)
        .flatMap(annotations -> Optional.ofNullable(annotations.get(NAME)).stream())
        .map(name -> full(name, place))
        .toList();
  }

  /** A layout may have tags alone. */
  private static String full(String name, Path place) {
    if (name.indexOf(':') < 0 && name.indexOf('/') < 0) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "'"
              + name
              + "' in '"
              + place
              + "' is no full name of an image; see `copy oci:…:"
              + name
              + " store:NAME`");
    }
    return name;
  }

  private void load(ImageSource source, List<String> names) {
    if (names.isEmpty()) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND,
          "no image in it has a name; see `copy docker-archive:FILE store:NAME`");
    }
    try (ContainerEngine engine = options.open();
        Progress progress = new Progress()) {
      for (String name : names) {
        ImageReference reference = ImageReference.parse(name);
        engine
            .images()
            .load(source, reference, reference, quiet ? ProgressListener.NONE : progress);
        System.out.println("Loaded image: " + reference);
      }
    }
  }
}
