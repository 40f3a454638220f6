package io.runcible.ffi;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A holder that all processes of a user share for one data root, and that none of them is the
 * parent of: it lives as long as one of them, or a container that outlives them.
 *
 * <p>Whoever uses it has a writing end of the pipe that it reads, also the watchdog of an engine
 * that was killed, so the kernel counts them, however they end. Who comes writes {@code joined},
 * then looks for the record; the holder that is about to end takes its record away, then looks for
 * {@code joined}: one of the two sees the other.
 */
final class LastingHolder {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int PAUSE_MILLIS = 5;
  private static final int INPUT = 3;
  private static final int TRIES = 5;

  /** What is there while a container needs the holder, in the directory of the container. */
  static final String MARK = "detached";

  /** Leaves the holder to the first process of the host, or who stands for it. */
  private static final String STARTER = "\"$@\" <&3 3<&- &";

  /**
   * Arguments: its directory, that of the containers. One that never came to have a record leaves
   * that of an earlier one, which is still to be found.
   */
  private static final String SCRIPT =
      """
      trap '' HUP INT TERM
      cd "$1" || exit 1
      containers=$2
      echo "ready $$"
      exec >/dev/null 2>&1
      while :; do
        read -r end
        pid= kept=
        read -r pid <holder
        [ "$pid" = $$ ] || exit
        for mark in "$containers"/*/detached; do [ ! -e "$mark" ] || kept=1; done
        if [ -n "$kept" ]; then
          exec <input
          continue
        fi
        mv holder ending
        [ -e joined ] || break
        rm -f joined
        mv ending holder
      done
      rm -f input ending
      """;

  private final Path place;
  private final Path containers;

  private LastingHolder(Path place, Path containers) {
    this.place = place;
    this.containers = containers;
  }

  /**
   * Finds the holder of a place, or starts it.
   *
   * @param place a directory of its own, which is made
   * @param containers the holder stays while a directory below it has a file {@link #MARK}
   */
  static NamespaceHolder join(Path place, Path containers) {
    try {
      Files.createDirectories(
          place,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      try (FileDescriptor lock = FileCalls.openOrCreate(place.resolve("lock"))) {
        lock(lock);
        return new LastingHolder(place, containers).join();
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot use the directory '" + place + "'", e);
    }
  }

  private static void lock(FileDescriptor lock) {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!FileContent.tryLock(lock, true)) {
      pause(deadline, "another process holds the lock '" + lock + "'");
    }
  }

  private static void pause(long deadline, String why) {
    if (System.nanoTime() > deadline) {
      throw new RuncibleException(ErrorKind.TIMEOUT, why + " for longer than " + LIMIT);
    }
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(
          ErrorKind.CANCELLED, "interrupted while waiting for the user namespace", e);
    }
  }

  private Path input() {
    return place.resolve("input");
  }

  private Path record() {
    return place.resolve("holder");
  }

  private NamespaceHolder join() throws IOException {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      Optional<Namespaces> held = Namespaces.read(record());
      if (held.isPresent() && held.get().isHeld() && Files.exists(input())) {
        FileDescriptor lifeline = Fifo.openBothWays(input());
        boolean joined = false;
        try {
          Files.writeString(place.resolve("joined"), "");
          joined = Files.exists(record());
        } finally {
          if (!joined) {
            lifeline.close();
          }
        }
        if (joined) {
          return holder(held.get(), lifeline);
        }
      }
      Optional<Namespaces> ending = Namespaces.read(place.resolve("ending"));
      if (ending.isEmpty() || !ending.get().isHeld()) {
        return startAmong(held.or(() -> ending));
      }
      pause(deadline, "the holder of '" + place + "' is ending");
    }
  }

  private static NamespaceHolder holder(Namespaces namespaces, FileDescriptor lifeline) {
    return NamespaceHolder.lasting(namespaces.pid(), namespaces.idRange(), lifeline);
  }

  /**
   * Starts one in the namespaces of a holder that alone was killed, if there is still a process in
   * them, otherwise in new ones.
   */
  private NamespaceHolder startAmong(Optional<Namespaces> before) throws IOException {
    for (int tries = 1; ; tries++) {
      Optional<Namespaces> member = before.flatMap(found -> found.member(containers));
      try {
        return start(member);
      } catch (RuncibleException e) {
        if (tries == TRIES || member.isEmpty() || member.get().isHeld()) {
          throw e;
        }
        // It has ended meanwhile; there may be another one.
      }
    }
  }

  /**
   * Starts one. The record of the one before stays until there is another.
   *
   * @param member a process of the namespaces, if their holder alone was killed
   */
  private NamespaceHolder start(Optional<Namespaces> member) throws IOException {
    for (String name : List.of("input", "joined")) {
      Files.deleteIfExists(place.resolve(name));
    }
    Fifo.make(input());
    FileDescriptor lifeline = Fifo.openBothWays(input());
    try {
      int pid = launch(member);
      boolean idRange = member.isPresent() ? member.get().idRange() : NamespaceHolder.mapIds(pid);
      Namespaces made = Namespaces.of(pid, idRange);
      Files.writeString(place.resolve("joined"), "");
      made.write(record());
      Files.deleteIfExists(place.resolve("ending"));
      return holder(made, lifeline);
    } catch (IOException | RuntimeException e) {
      // It sees the end of its input, and ends.
      lifeline.close();
      throw e;
    }
  }

  private int launch(Optional<Namespaces> member) throws IOException {
    List<String> command = new ArrayList<>(List.of("sh", "-c", STARTER, "runcible-starter"));
    command.addAll(
        member.map(found -> NamespaceHolder.enter(found.pid())).orElse(NamespaceHolder.UNSHARE));
    command.addAll(
        List.of("sh", "-c", SCRIPT, "runcible-holder", place.toString(), containers.toString()));
    try (Pipe output = Pipe.open();
        Pipe ends = Fifo.open(input());
        InputStream said = output.inputStream();
        ChildProcess starter =
            Spawn.of(command, Spawn.plainEnvironment())
                .descriptor(1, output.writer())
                .descriptor(2, output.writer())
                .descriptor(INPUT, ends.reader())
                .start()) {
      output.writer().close();
      starter.reap();
      return NamespaceHolder.awaitReady(said);
    }
  }

  /**
   * What tells the namespaces of a holder from all others.
   *
   * @param pid of the holder, or of another process in them
   * @param start when that process began, in ticks since the boot
   * @param user the user namespace
   * @param mount the mount namespace
   * @param idRange whether more than one id is mapped
   */
  private record Namespaces(int pid, String start, String user, String mount, boolean idRange) {
    static Namespaces of(int pid, boolean idRange) throws IOException {
      Path process = Path.of("/proc", String.valueOf(pid));
      return new Namespaces(
          pid, startOf(process), namespace(process, "user"), namespace(process, "mnt"), idRange);
    }

    private static String namespace(Path process, String kind) throws IOException {
      return Files.readSymbolicLink(process.resolve("ns").resolve(kind)).toString();
    }

    private static String startOf(Path process) throws IOException {
      return String.valueOf(
          ProcessStat.startOf(process)
              .orElseThrow(() -> new NoSuchFileException(process.toString())));
    }

    void write(Path file) throws IOException {
      Path unfinished = file.resolveSibling("holder.new");
      Files.writeString(
          unfinished, String.join("\n", String.valueOf(pid), start, user, mount, "" + idRange));
      Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Empty if there is none, or none that can be understood. */
    static Optional<Namespaces> read(Path file) throws IOException {
      try {
        List<String> lines = Files.readAllLines(file);
        return lines.size() == 5
            ? Optional.of(
                new Namespaces(
                    Integer.parseInt(lines.get(0)),
                    lines.get(1),
                    lines.get(2),
                    lines.get(3),
                    Boolean.parseBoolean(lines.get(4))))
            : Optional.empty();
      } catch (NoSuchFileException | NumberFormatException e) {
        return Optional.empty();
      }
    }

    boolean isHeld() {
      return equals(ofProcess(Path.of("/proc", String.valueOf(pid))));
    }

    /**
     * Any process that is in these namespaces: they are there as long as there is one. Once they
     * are not, the kernel gives their numbers to others, so it is one that works on a container.
     */
    Optional<Namespaces> member(Path containers) {
      try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
        for (Path process : all) {
          Namespaces other = ofProcess(process);
          if (other != null
              && other.user.equals(user)
              && other.mount.equals(mount)
              && names(process, containers)) {
            return Optional.of(other);
          }
        }
        return Optional.empty();
      } catch (IOException e) {
        throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot list the processes", e);
      }
    }

    private static boolean names(Path process, Path containers) {
      try {
        byte[] line = Files.readAllBytes(process.resolve("cmdline"));
        return new String(line, StandardCharsets.UTF_8).contains(containers.toString());
      } catch (IOException e) {
        return false;
      }
    }

    /** Null if it has ended, or is another user's. */
    private @Nullable Namespaces ofProcess(Path process) {
      try {
        return of(Integer.parseInt(process.getFileName().toString()), idRange);
      } catch (IOException e) {
        return null;
      }
    }
  }
}
