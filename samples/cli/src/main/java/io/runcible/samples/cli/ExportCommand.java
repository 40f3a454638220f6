package io.runcible.samples.cli;

import io.runcible.engine.ContainerEngine;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes the files of a container as a tar. */
@Command(name = "export", description = "Write the root file system of a container as a tar.")
final class ExportCommand extends EngineCommand {
  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Default: the standard output.")
  private @Nullable Path file;

  @Parameters(paramLabel = "CONTAINER")
  private String id = "";

  @Override
  int run(ContainerEngine engine) throws IOException {
    if (file == null) {
      Containers.require(engine, id).files().export(System.out);
      System.out.flush();
      return 0;
    }
    try (OutputStream out = Files.newOutputStream(file)) {
      Containers.require(engine, id).files().export(out);
    }
    return 0;
  }
}
