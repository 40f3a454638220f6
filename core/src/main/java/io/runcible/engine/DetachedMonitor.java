package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.PidFd;
import io.runcible.ffi.Spawn;
import io.runcible.runtime.OciRuntime.RunRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A shell that waits for a detached container and keeps its exit code where any engine finds it. It
 * is nobody's child, so that no process has to stay and reap it.
 */
final class DetachedMonitor {
  private static final Duration START_LIMIT = Duration.ofSeconds(30);

  /** Arguments: the file of the exit code, the file of the monitor's pid, the command. */
  private static final String SCRIPT =
      """
      code=$1 monitor=$2
      shift 2
      exec 3<&0
      { exec <&3 3<&-; "$@"; echo $? >"$code.new" && mv "$code.new" "$code"; } &
      echo $! >"$monitor"
      """;

  private DetachedMonitor() {}

  /** Starts a container; returns when its monitor runs, or has run. */
  static void start(
      EngineParts parts, ContainerDirectory directory, RunRequest request, ProcessStreams streams) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "sh",
                "-c",
                SCRIPT,
                "runcible-monitor",
                directory.exitFile().toString(),
                directory.monitorFile().toString()));
    command.addAll(parts.runtime().runCommand(request));
    Spawn spawn = Spawn.of(command, Spawn.plainEnvironment());
    for (int fd = 0; fd < streams.childEnds().size(); fd++) {
      spawn.descriptor(fd, streams.childEnds().get(fd));
    }
    try (ChildProcess starter = spawn.start()) {
      Uninterrupted.run(
          parts.threads(),
          () -> {
            if (starter.waitFor(START_LIMIT).isEmpty()) {
              starter.killAndWait();
            }
          });
    }
  }

  /** The monitor of a container, to be closed by the caller; empty if it has ended. */
  static Optional<PidFd> find(ContainerDirectory directory) {
    try {
      int pid = Integer.parseInt(Files.readString(directory.monitorFile()).strip());
      Optional<PidFd> monitor = PidFd.open(pid);
      // Asked after the process was opened: the number may have been given anew before.
      if (monitor.isPresent() && !commandLine(pid).contains(directory.exitFile().toString())) {
        monitor.get().close();
        return Optional.empty();
      }
      return monitor;
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static String commandLine(int pid) throws IOException {
    byte[] line = Files.readAllBytes(Path.of("/proc", String.valueOf(pid), "cmdline"));
    return new String(line, StandardCharsets.UTF_8);
  }

  /**
   * How a container ended whose monitor has ended.
   *
   * @throws RuncibleException NOT_FOUND if the monitor was killed before it could write
   */
  static ExitStatus exitStatus(EngineParts parts, ContainerDirectory directory) {
    Path file = directory.exitFile();
    try {
      int code = Integer.parseInt(Files.readString(file).strip());
      return ExitStatus.ofCode(code).withOutOfMemory(StartedProcess.outOfMemory(parts, directory));
    } catch (NoSuchFileException e) {
      throw unknown(ErrorKind.NOT_FOUND, "its monitor was killed before it wrote", file, null);
    } catch (IOException | NumberFormatException e) {
      throw unknown(ErrorKind.CORRUPT_DATA, "its monitor did not write a number to", file, e);
    }
  }

  private static RuncibleException unknown(
      ErrorKind kind, String why, Path file, @Nullable Exception cause) {
    return new RuncibleException(
        kind, "the exit code is unknown: " + why + " '" + file + "'", cause);
  }
}
