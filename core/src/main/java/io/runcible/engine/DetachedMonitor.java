package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.Spawn;
import io.runcible.runtime.OciRuntime.RunRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A shell that waits for a detached container and keeps its exit code where any engine finds it.
 */
final class DetachedMonitor {
  private static final int ATTEMPTS = 500;
  private static final long PAUSE_MILLIS = 20;

  /** Arguments: the file, the command. */
  private static final String SCRIPT =
      "file=$1; shift; \"$@\"; echo $? >\"$file.new\" && mv \"$file.new\" \"$file\"";

  private DetachedMonitor() {}

  static ChildProcess start(
      EngineParts parts, ContainerDirectory directory, RunRequest request, ProcessStreams streams) {
    List<String> command =
        new ArrayList<>(
            List.of("sh", "-c", SCRIPT, "runcible-monitor", directory.exitFile().toString()));
    command.addAll(parts.runtime().runCommand(request));
    Spawn spawn = Spawn.of(command, Spawn.plainEnvironment());
    for (int fd = 0; fd < streams.childEnds().size(); fd++) {
      spawn.descriptor(fd, streams.childEnds().get(fd));
    }
    return spawn.start();
  }

  /**
   * How a container ended whose monitor has written its code, or is about to.
   *
   * @throws RuncibleException NOT_FOUND if the monitor was killed before it could write
   */
  static ExitStatus exitStatus(EngineParts parts, ContainerDirectory directory) {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        int code = Integer.parseInt(Files.readString(directory.exitFile()).strip());
        return ExitStatus.ofCode(code)
            .withOutOfMemory(StartedProcess.outOfMemory(parts, directory.id()));
      } catch (NoSuchFileException e) {
        pause();
      } catch (IOException | NumberFormatException e) {
        throw unknown(directory.exitFile(), e);
      }
    }
    throw unknown(directory.exitFile(), null);
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(
          ErrorKind.CANCELLED, "interrupted while waiting for an exit code", e);
    }
  }

  private static RuncibleException unknown(Path file, @Nullable Exception cause) {
    return new RuncibleException(
        ErrorKind.NOT_FOUND,
        "the exit code is unknown: the monitor of the container was killed before it wrote '"
            + file
            + "'",
        cause);
  }
}
