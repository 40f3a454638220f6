package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageSource;
import io.runcible.layout.DockerArchive;
import io.runcible.layout.ImageLayout;
import io.runcible.layout.OciArchive;
import io.runcible.transfer.ImageLocation;
import io.runcible.transfer.OpenLocation;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Lists the tags of a repository, or the names in a layout or archive. */
@Command(
    name = "tags",
    description = "List the tags of a repository, or the names in a layout or archive.",
    mixinStandardHelpOptions = true)
final class TagsCommand implements Callable<Integer> {
  private static final String NAME = "org.opencontainers.image.ref.name";

  @Mixin private DataRoot root = new DataRoot();
  @Mixin private RegistryOptions registry = new RegistryOptions();
  @Mixin private Table table = new Table();

  @Parameters(
      paramLabel = "REPOSITORY-OR-LOCATION",
      description = "A repository, or a location: oci:DIRECTORY, docker-archive:FILE and so on.")
  private String place = "";

  @Override
  public Integer call() {
    ImageLocation location = Places.parse(place);
    table.titles("TAG");
    tags(location).forEach(table::row);
    table.print();
    return 0;
  }

  private List<String> tags(ImageLocation location) {
    Path path = location.path().orElse(Path.of(""));
    return switch (location.transport()) {
      case DOCKER, STORE -> {
        try (Places places = new Places(registry, root, location);
            OpenLocation<ImageSource> open = places.transports().source(location)) {
          yield open.images().tags(open.reference());
        }
      }
      case OCI -> {
        try (ImageLayout layout = ImageLayout.open(path)) {
          yield names(layout.index());
        }
      }
      case OCI_ARCHIVE -> {
        try (OciArchive archive = OciArchive.open(path)) {
          yield names(archive.index());
        }
      }
      case DOCKER_ARCHIVE -> {
        try (DockerArchive archive = DockerArchive.open(path)) {
          yield archive.names().stream().flatMap(List::stream).toList();
        }
      }
      case DIR, DOCKER_DAEMON, CONTAINERS_STORAGE ->
          throw new RuncibleException(
              ErrorKind.UNSUPPORTED, "there is no list of tags in " + location.transport());
    };
  }

  private static List<String> names(ImageIndex index) {
    return index.manifests().stream()
        .flatMap(entry -> Optional.ofNullable(entry.annotations().get(NAME)).stream())
        .toList();
  }
}
