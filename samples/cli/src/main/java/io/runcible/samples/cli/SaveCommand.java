package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import io.runcible.image.ImageSink;
import io.runcible.layout.DockerArchive;
import io.runcible.layout.ImageLayout;
import io.runcible.layout.OciArchive;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes images to an archive. */
@Command(
    name = "save",
    description = "Write images of the store to an archive.",
    mixinStandardHelpOptions = true)
final class SaveCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Default: the standard output.")
  private @Nullable Path file;

  @Option(
      names = "--format",
      paramLabel = "docker-archive|oci-archive|oci-dir",
      description = "Default: ${DEFAULT-VALUE}.")
  private String format = "docker-archive";

  @Option(
      names = {"-q", "--quiet"},
      description = "Accepted: there is no progress to tell.")
  @SuppressWarnings("UnusedVariable")
  private boolean quiet;

  @Parameters(paramLabel = "IMAGE", arity = "1..*")
  private List<String> images = List.of();

  @Override
  public Integer call() throws IOException {
    if (file != null) {
      save(file);
      return 0;
    }
    if (format.equals("oci-dir")) {
      throw Filters.invalid("a directory cannot be the standard output: give --output");
    }
    // What a killed writer of an archive left, the next one beside it removes.
    Path archive =
        Path.of(System.getProperty("java.io.tmpdir"), "runcible-save-" + UUID.randomUUID());
    save(archive);
    // On POSIX systems the name is gone as soon as it is open.
    try (InputStream saved =
        Files.newInputStream(
            archive, StandardOpenOption.READ, StandardOpenOption.DELETE_ON_CLOSE)) {
      saved.transferTo(System.out);
      System.out.flush();
    }
    return 0;
  }

  private void save(Path target) {
    try (ContainerEngine engine = options.open();
        ImageSink sink = sink(target)) {
      images.forEach(image -> engine.images().save(image, sink));
      sink.commit();
    }
  }

  private ImageSink sink(Path target) {
    return switch (format) {
      case "docker-archive" -> DockerArchive.create(target);
      case "oci-archive" -> OciArchive.create(target);
      case "oci-dir" -> ImageLayout.create(target);
      default ->
          throw Filters.invalid(
              "'" + format + "' is no format: docker-archive, oci-archive or oci-dir");
    };
  }
}
