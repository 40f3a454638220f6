package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.JavaCommand;
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
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A shell that waits for a detached container and keeps its exit code where any engine finds it. It
 * is nobody's child, so that no process has to stay and reap it.
 */
final class DetachedMonitor {
  private static final Duration START_LIMIT = Duration.ofSeconds(30);

  /** It has little to do, and may have it for years. */
  private static final List<String> SMALL_JVM =
      List.of("-Xmx8m", "-Xss256k", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xshare:auto");

  /** Not 0 to 5, which the script uses. */
  private static final int FIRST_HELD = 6;

  /**
   * Arguments: the file of the exit code, that of the monitor's pid, that of what ends the
   * publishing of ports, the program that writes the log or nothing, the command. That program has
   * the outputs of the command on 4 and 5, and has written all before the exit code is there. The
   * publishing ends before others can have the ports, which this keeps; and after it can be seen
   * that the container has ended, so that nobody publishes anew what it has just taken away.
   */
  private static final String SCRIPT =
      """
      code=$1 monitor=$2 unpublish=$3 logger=$4
      shift 4
      exec 3<&0
      { exec <&3 3<&-
        [ -z "$logger" ] || eval "$logger" '<&4 3<&5 4<&- 5<&- >/dev/null 2>&1 &'
        log=$!
        exec 4<&- 5<&-
        "$@"
        echo $? >"$code.new" && {
          [ ! -e "$unpublish" ] || nft -f "$unpublish" >/dev/null 2>&1
          exec >/dev/null 2>&1
          [ -z "$logger" ] || wait "$log"
          mv "$code.new" "$code"
        }
      } &
      echo $! >"$monitor"
      """;

  private DetachedMonitor() {}

  /**
   * Starts a container; returns when its monitor runs, or has run.
   *
   * @param held what the monitor keeps open
   */
  static void start(
      EngineParts parts,
      ContainerDirectory directory,
      ContainerRecord record,
      RunRequest request,
      ProcessStreams streams,
      List<FileDescriptor> held) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "sh",
                "-c",
                SCRIPT,
                "runcible-monitor",
                directory.exitFile().toString(),
                directory.monitorFile().toString(),
                directory.unpublishFile().toString(),
                logger(directory, record.options().logPolicy())));
    command.addAll(parts.runtime().runCommand(request));
    Spawn spawn = Spawn.of(command, Spawn.plainEnvironment());
    List<FileDescriptor> ends = streams.childEnds();
    for (int i = 0; i < ends.size(); i++) {
      // After the three of the child, those of who writes the log.
      spawn.descriptor(i < 3 ? i : i + 1, ends.get(i));
    }
    for (int i = 0; i < held.size(); i++) {
      spawn.descriptor(FIRST_HELD + i, held.get(i));
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

  /** As words of a shell; none if the container writes its log itself. */
  private static String logger(ContainerDirectory directory, LogPolicy policy) {
    if (policy.format() == LogPolicy.Format.RAW) {
      return "";
    }
    List<String> command = new ArrayList<>(JavaCommand.of(LogProgram.class));
    command.addAll(1, SMALL_JVM);
    command.add(directory.log().directory().toString());
    command.add(String.valueOf(policy.maxBytes()));
    command.add(String.valueOf(policy.maxFiles()));
    return command.stream()
        .map(word -> "'" + word.replace("'", "'\\''") + "'")
        .collect(Collectors.joining(" "));
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
