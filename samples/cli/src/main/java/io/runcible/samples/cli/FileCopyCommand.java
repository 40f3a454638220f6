package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerFiles;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Copies files between the host and a container; {@code -} is a tar on standard in- or output. */
@Command(
    name = "cp",
    description = "Copy files into a container, or out of it.",
    mixinStandardHelpOptions = true)
final class FileCopyCommand implements Callable<Integer> {
  @Mixin private EngineOptions options = new EngineOptions();
  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = {"-a", "--archive"},
      description =
          "Keep the numbers of the owners: of what is copied into a container, where it is root's"
              + " otherwise, and, if you are root, of what is copied out of it, where it is yours"
              + " otherwise.")
  private boolean archive;

  @Option(
      names = {"-L", "--follow-link"},
      description = "If the source is a symbolic link of the host, copy what it leads to.")
  private boolean follow;

  @Option(
      names = {"-q", "--quiet"},
      description = "Accepted: nothing is told of the progress.")
  @SuppressWarnings("UnusedVariable")
  private boolean quiet;

  @Parameters(index = "0", paramLabel = "[CONTAINER:]SOURCE")
  private String source = "";

  @Parameters(index = "1", paramLabel = "[CONTAINER:]DESTINATION")
  private String destination = "";

  @Override
  public Integer call() {
    boolean out = isInContainer(source);
    if (out == isInContainer(destination)) {
      throw Cli.usage(spec, "one of the two is CONTAINER:PATH, and the other one is not");
    }
    if (follow && out) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED, "cp --follow-link is for links of the host, not of a container");
    }
    String[] place = (out ? source : destination).split(":", 2);
    try (ContainerEngine engine = options.open()) {
      ContainerFiles files = Containers.require(engine, place[0]).files();
      if (out && destination.equals("-")) {
        files.copyFrom(place[1], System.out);
        System.out.flush();
      } else if (out && archive) {
        files.copyWithOwners(place[1], Path.of(destination));
      } else if (out) {
        files.copyFrom(place[1], Path.of(destination));
      } else if (source.equals("-")) {
        files.copyTo(System.in, place[1]);
      } else {
        copyTo(files, place[1]);
      }
    }
    return 0;
  }

  private void copyTo(ContainerFiles files, String place) {
    Path path = Path.of(source);
    String target = place;
    if (follow && Files.isSymbolicLink(path) && isDirectory(files, place)) {
      // The name is that of the link.
      target = place + "/" + path.getFileName();
      path = followed(source);
      path = Files.isDirectory(path) ? path.resolve(".") : path;
    } else if (follow) {
      path = followed(source);
    }
    if (archive) {
      files.copyWithOwners(path, target);
    } else {
      files.copyTo(path, target);
    }
  }

  /** Its own entry is enough, and all of it may be much. */
  private static boolean isDirectory(ContainerFiles files, String place) {
    AtomicBoolean begun = new AtomicBoolean();
    OutputStream first =
        new OutputStream() {
          @Override
          public void write(int one) throws IOException {
            begun.set(true);
            throw new IOException("it is known");
          }
        };
    try {
      files.copyFrom(place + "/.", first);
      return true;
    } catch (RuncibleException e) {
      return begun.get();
    }
  }

  private static Path followed(String source) {
    try {
      Path path = Path.of(source);
      return path.endsWith(".") ? path : path.toRealPath();
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND, "there is nothing to copy at '" + source + "'", e);
    }
  }

  /** A path of the host with a colon can be written with a slash before it. */
  private static boolean isInContainer(String text) {
    int colon = text.indexOf(':');
    int slash = text.indexOf('/');
    return colon > 0 && (slash < 0 || colon < slash);
  }
}
