package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.JavaCommand;
import io.runcible.ffi.PidFd;
import io.runcible.ffi.ProcessStat;
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
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A shell that waits for a detached container and keeps its exit code where any engine finds it. It
 * is nobody's child, so that no process has to stay and reap it.
 */
final class DetachedMonitor {
  private static final Duration START_LIMIT = Duration.ofSeconds(30);
  private static final Duration END_LIMIT = Duration.ofSeconds(5);
  private static final long LOOK_MILLIS = 2;

  /** It has little to do, and may have it for years. */
  private static final List<String> SMALL_JVM =
      List.of("-Xmx8m", "-Xss256k", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xshare:auto");

  /** Where those of the input begin, if it is to stay open. */
  private static final int INPUT = 6;

  /** Not 0 to 8, which the script uses. The first is the lock of the start. */
  private static final int FIRST_HELD = 9;

  /** As long as a start may take under load. */
  private static final Duration BEGINNING_LIMIT = Duration.ofMinutes(1);

  /**
   * Arguments: the file of the exit code, that of the monitor's pid, that of what ends the
   * publishing of ports, the program that writes the log or nothing, how often to restart in a row
   * and whether also after exit code 0, the file that says that the end is wanted, that of the
   * number of restarts, what removes a run that has ended, what kind of input stays open, the
   * command.
   *
   * <p>An input that is to stay open has a writing end on 6, which nobody but this and what it
   * starts may have. Of a terminal that is this shell itself, as the input never ends, and one
   * program copies from 7 to 8, the terminal's master. Otherwise it is another shell, which ends
   * when somebody opens the FIFO that is the kind of input. It may have ended long ago, and its pid
   * be another's: it is woken by that FIFO, not by a signal. Whoever removes the FIFO has opened
   * it.
   *
   * <p>The program of the log has the outputs of the command on 4 and 5, and has written all before
   * the exit code is there. The publishing ends before others can have the ports, which this keeps;
   * and after it can be seen that the container has ended, so that nobody publishes anew what it
   * has just taken away. Pauses are counted in tenths of a second, from 1 to 600, and begin anew
   * after a run of ten seconds, as those of an engine do. A restart policy that was changed is read
   * when it matters, at an end and in a pause; a damaged one changes nothing.
   *
   * <p>The lock of the start is on 9. It is let go, whatever becomes of the engine, when the pid of
   * the monitor can be read: whoever has the lock then knows of the monitor.
   */
  private static final String SCRIPT =
      """
      code=$1 monitor=$2 unpublish=$3 logger=$4 max=$5 always=$6 stop=$7 restarts=$8 clear=$9
      input=${10} keeper= policy=${stop%/*}/restart
      shift 10
      exec 3<&0
      changed() {
        [ -e "$policy" ] && read -r number which <"$policy" || return
        case $number/$which in
          *[!0-9]*/* | /*) ;;
          */true | */false) max=$number always=$which ;;
        esac
      }
      again() {
        end=$1
        changed
        [ "$max" -gt 0 ] && [ ! -e "$stop" ] || return
        [ "$end" != 0 ] || [ "$always" = true ] || return
        [ $(($(date +%s) - begun)) -lt 10 ] || { row=0 pause=1; }
        [ "$row" -lt "$max" ] || return
        row=$((row + 1)) waited=0
        while [ $waited -lt $pause ]; do
          [ ! -e "$stop" ] || return
          sleep 0.1
          waited=$((waited + 1))
          changed
          [ "$row" -le "$max" ] || return
          [ "$end" != 0 ] || [ "$always" = true ] || return
        done
        pause=$((pause * 2))
        [ $pause -lt 600 ] || pause=600
        eval "$clear" >/dev/null 2>&1
        count=$((count + 1))
        echo $count >"$restarts.new" && mv "$restarts.new" "$restarts" && [ ! -e "$stop" ]
      }
      { exec <&3 3<&- 9>&-
        [ -z "$logger" ] || eval "$logger" '<&4 3<&5 4<&- 5<&- 6>&- 7<&- 8>&- >/dev/null 2>&1 &'
        log=$!
        exec 4<&- 5<&-
        case $input in
          '') ;;
          terminal)
            cat <&7 >&8 2>/dev/null 6>&- 7<&- 8>&- &
            keeper=$! ;;
          *)
            { exec </dev/null >/dev/null 2>&1; read -r line <"$input"; } &
            keeper=$!
            exec 6>&- ;;
        esac
        exec 7<&- 8>&-
        row=0 pause=1 count=0
        [ ! -e "$restarts" ] || read -r count <"$restarts"
        while begun=$(date +%s); "$@" 6>&-; again $?; do :; done
        echo $end >"$code.new"
        wrote=$?
        [ ! -e "$unpublish" ] || nft -f "$unpublish" >/dev/null 2>&1
        exec >/dev/null 2>&1
        case $input in
          '') ;;
          terminal) kill "$keeper" ;;
          *) [ ! -p "$input" ] || { echo >&6; wait "$keeper"; } 6<>"$input" ;;
        esac
        [ -z "$keeper" ] || wait "$keeper"
        [ -z "$logger" ] || wait "$log"
        [ $wrote != 0 ] || mv "$code.new" "$code"
      } &
      echo $! >"$monitor"
      """;

  private DetachedMonitor() {}

  /**
   * Starts a container; returns when its monitor runs, or has run.
   *
   * @param held the lock of the start, and what the monitor keeps open
   */
  static void start(
      EngineParts parts,
      ContainerDirectory directory,
      ContainerRecord record,
      RunRequest request,
      ProcessStreams streams,
      List<FileDescriptor> held) {
    RestartPolicy policy = StoredRestart.of(directory, record);
    ContainerInput input = streams.input();
    List<String> run = ContainerNetwork.runtime(parts, directory, record).runCommand(request);
    List<String> command = new ArrayList<>(List.of("sh", "-c", SCRIPT, "runcible-monitor"));
    command.addAll(
        List.of(
            directory.exitFile().toString(),
            directory.monitorFile().toString(),
            directory.unpublishFile().toString(),
            logger(directory, record.options().logPolicy()),
            String.valueOf(policy.maxRestarts()),
            String.valueOf(policy.onSuccess()),
            directory.stopFile().toString(),
            directory.restarts().toString(),
            clear(run, directory.id()),
            input == null ? "" : input.kind()));
    command.addAll(run);
    Spawn spawn = parts.host().spawn(command, parts.limits().place().environment());
    List<FileDescriptor> ends = streams.childEnds();
    for (int i = 0; i < ends.size(); i++) {
      // After the three of the child, those of who writes the log.
      spawn.descriptor(i < 3 ? i : i + 1, ends.get(i));
    }
    List<FileDescriptor> ofInput = input == null ? List.of() : input.ofMonitor();
    for (int i = 0; i < ofInput.size(); i++) {
      spawn.descriptor(INPUT + i, ofInput.get(i));
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
    if (policy.format() != LogPolicy.Format.CRI) {
      return "";
    }
    List<String> command = new ArrayList<>(JavaCommand.of(LogProgram.class));
    command.addAll(1, SMALL_JVM);
    command.add(directory.log().directory().toString());
    command.add(String.valueOf(policy.maxBytes()));
    command.add(String.valueOf(policy.maxFiles()));
    // Its directory is an argument, and the shell's locale is plain C.
    return "LC_ALL=" + Spawn.words(List.of(JavaCommand.locale())) + " " + Spawn.words(command);
  }

  /** What removes a run that has ended, by the same runtime in the same place. */
  private static String clear(List<String> run, String id) {
    List<String> command = new ArrayList<>(run.subList(0, run.indexOf("--root") + 2));
    command.addAll(List.of("delete", "--force", id));
    return Spawn.words(command);
  }

  /** How often a container was restarted by its monitor. */
  static int restarts(ContainerDirectory directory) {
    try {
      return Integer.parseInt(Files.readString(directory.restarts()).strip());
    } catch (IOException | NumberFormatException e) {
      return 0;
    }
  }

  /** An end that follows is not to be followed by a restart; before the next start. */
  static void stopWanted(ContainerDirectory directory) {
    try {
      Files.writeString(directory.stopFile(), "");
    } catch (NoSuchFileException e) {
      // It was removed.
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot write '" + directory.stopFile() + "'", e);
    }
  }

  /** The monitor of a container, to be closed by the caller; empty if it has ended. */
  static Optional<PidFd> find(ContainerDirectory directory) {
    PidFd monitor = null;
    boolean same = false;
    try {
      int pid = Integer.parseInt(Files.readString(directory.monitorFile()).strip());
      monitor = PidFd.open(pid).orElse(null);
      // Asked after the process was opened: the number may have been given anew before.
      same = monitor != null && commandLine(pid).contains(directory.exitFile().toString());
      return Optional.ofNullable(same ? monitor : null);
    } catch (IOException | NumberFormatException e) {
      return Optional.empty();
    } finally {
      if (monitor != null && !same) {
        monitor.close();
      }
    }
  }

  /** Whether a container has a monitor; one that has already told the end is waited for. */
  static boolean runs(ContainerDirectory directory) {
    PidFd found = find(directory).orElse(null);
    if (found == null) {
      return false;
    }
    try (found) {
      // In this order: the one becomes the other.
      boolean told =
          Files.exists(directory.unfinishedExitFile()) || Files.exists(directory.exitFile());
      long begin = System.nanoTime();
      while (told && !found.hasEnded() && System.nanoTime() - begin < END_LIMIT.toNanos()) {
        Thread.sleep(1);
      }
      return !found.hasEnded();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(
          ErrorKind.CANCELLED, "interrupted while container " + directory.id() + " ended", e);
    }
  }

  /** Whether a container has a monitor that has not come to run it. */
  static boolean isStarting(ContainerDirectory directory) {
    if (directory.wasStarted()) {
      return false;
    }
    Optional<PidFd> monitor = find(directory);
    monitor.ifPresent(PidFd::close);
    // Asked again: it may have come to run it before it was found.
    return monitor.isPresent() && !directory.wasStarted();
  }

  /**
   * Waits for a monitor that another engine began, and that is about to run its container. With the
   * lock of the start nobody begins another one afterwards.
   *
   * @return whether there was one, and the container came to run
   * @throws RuncibleException TIMEOUT if it takes too long; CANCELLED if the thread is interrupted
   */
  static boolean awaitBegun(ContainerDirectory directory) {
    if (directory.wasStarted()) {
      return false;
    }
    long begin = System.nanoTime();
    boolean waited = false;
    while (!directory.wasStarted() && runs(directory)) {
      waited = true;
      if (System.nanoTime() - begin > BEGINNING_LIMIT.toNanos()) {
        throw new RuncibleException(
            ErrorKind.TIMEOUT,
            "container "
                + directory.id()
                + " is being started by a monitor that another engine began, and that has not come"
                + " to run it within "
                + BEGINNING_LIMIT.toSeconds()
                + " s; try again, or remove the container");
      }
      try {
        Thread.sleep(LOOK_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new RuncibleException(
            ErrorKind.CANCELLED, "interrupted while container " + directory.id() + " started", e);
      }
    }
    return waited && directory.wasStarted();
  }

  /**
   * The runtime that a monitor waits for, to be closed by the caller; empty if there is none.
   *
   * @param first the container's first process, the child of that runtime
   */
  static Optional<PidFd> runtime(PidFd monitor, PidFd first) {
    OptionalInt pid = parent(first.pid());
    Optional<PidFd> runtime = pid.isEmpty() ? Optional.empty() : PidFd.open(pid.getAsInt());
    boolean same = false;
    try {
      // Asked after it was opened: who is the child of this monitor, and the parent, is the one.
      same =
          runtime.isPresent()
              && parent(pid.getAsInt()).equals(OptionalInt.of(monitor.pid()))
              && parent(first.pid()).equals(pid)
              && !first.hasEnded()
              && !monitor.hasEnded();
      return same ? runtime : Optional.empty();
    } finally {
      if (!same) {
        runtime.ifPresent(PidFd::close);
      }
    }
  }

  private static OptionalInt parent(int pid) {
    Optional<ProcessStat> stat = ProcessStat.of(Path.of("/proc", String.valueOf(pid)));
    return stat.isEmpty() ? OptionalInt.empty() : OptionalInt.of(stat.get().parent());
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
      return ExitStatus.ofCode(code).withOutOfMemory(ProcessStarts.outOfMemory(parts, directory));
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
