package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.Fifo;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileContent;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Spawn;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The shell that keeps the network namespace of an ordinary user's bridges, and that is nobody's
 * child.
 *
 * <p>It has a lock from before it starts until it is gone, so there is one at a time. Whoever uses
 * it has a writing end of the pipe that it reads: engines, and the monitors of detached containers;
 * so the kernel counts them, however they end. After the last one it goes, unless a detached
 * container is there that is stopped. Who comes writes {@code joined}, then looks for the record;
 * the shell that is about to end takes its record away, then looks for {@code joined}: one of the
 * two sees the other. One that is killed leaves the pipe, and the next one goes on reading it.
 *
 * <p>Its methods are called with the lock of the networks.
 */
final class BridgeShell {
  static final String LOG = "network.log";
  static final Duration LIMIT = Duration.ofSeconds(30);

  private static final int PAUSE_MILLIS = 2;
  private static final int MAX_MESSAGE = 4096;
  private static final int INPUT = 3;
  private static final int LOCK = 4;
  private static final String RECORD = "shell";

  /** Leaves the shell to the first process of the host, or who stands for it. */
  private static final String STARTER = "\"$@\" <&3 3<&- &";

  /** Packets pass from device to device, and no container is the router of others. */
  private static final String PREPARE =
      """
      set_to() { [ ! -e "$2" ] || [ "$(cat "$2")" = "$1" ] || echo "$1" >"$2" || exit 1; }
      set_to 0 /proc/sys/net/ipv6/conf/all/accept_ra
      set_to 0 /proc/sys/net/ipv6/conf/default/accept_ra
      set_to 1 /proc/sys/net/ipv6/conf/all/forwarding
      set_to 1 /proc/sys/net/ipv4/ip_forward
      """;

  /**
   * Arguments: its directory, that of the containers, what prepares the namespace. Each line of its
   * input has it start the program of the file {@code connect}, unless that runs. A program that
   * one of its kind left when it was killed is started anew, and the namespace goes on. Its
   * descriptor 4 is the lock, which no program may have that outlives it.
   */
  private static final String SCRIPT =
      """
      place=$1 containers=$2 prepare=$3
      cd "$place" || exit 1
      running() { read -r pid <program && grep -qF "$place/" "/proc/$pid/cmdline"; }
      disconnect() {
        tries=0 signal=TERM
        while [ "$tries" -lt 100 ]; do
          if running 2>/dev/null; then
            kill -s "$signal" "$pid"
          else
            # It is about to start if there is no such file yet.
            set -- connected.*
            [ ! -e program ] && [ -e "$1" ] || break
          fi
          [ "$tries" -lt 50 ] || signal=KILL
          tries=$((tries + 1))
          sleep 0.05
        done
        rm -f program connected.*
      }
      connect() {
        [ ! -e connected.$$ ] || return
        rm -f program
        : >connected.$$
        {
          sh "$place/connect" >network.log 2>&1 &
          echo $! >program
          wait
          rm -f connected.$$
        } </dev/null >/dev/null 2>&1 4<&- &
      }
      set -- connected.*
      again=
      [ ! -e "$1" ] || again=1
      disconnect 2>/dev/null
      if mountpoint -q netns; then
        nsenter --net="$place/netns" -- sh -c "$prepare" || exit 1
      else
        : >netns || exit 1
        unshare --net="$place/netns" -- sh -c "$prepare" || {
          umount -l netns 2>/dev/null
          exit 1
        }
      fi
      echo $$ >shell
      [ -z "$again" ] || { rm -f network.*; connect; }
      echo "ready"
      exec >/dev/null 2>&1
      while :; do
        while read -r line; do connect; done
        kept=
        for mark in "$containers"/*/detached; do
          [ ! -e "$mark" ] || [ ! -e "${mark%/*}/bridged" ] || kept=1
        done
        if [ -n "$kept" ]; then
          exec <input
          continue
        fi
        mv shell ending
        [ -e joined ] || break
        rm -f joined
        mv ending shell
      done
      disconnect
      umount -l netns
      rm -f input netns connect network.* ending
      """;

  private final PrivilegedHost host;
  private final Path place;
  private final Path containers;

  BridgeShell(PrivilegedHost host, Path place, Path containers) {
    this.host = host;
    this.place = place;
    this.containers = containers;
  }

  /** The file that keeps the namespace. */
  Path pin() {
    return place.resolve(NetworkClient.NAMESPACE);
  }

  /** The named pipe that it reads. */
  Path input() {
    return place.resolve("input");
  }

  boolean isConnected() throws IOException {
    return Files.exists(place.resolve(RECORD)) && Files.exists(connected());
  }

  /**
   * What is there from when the program is asked for until that has ended; that of another shell
   * never comes back.
   */
  Path connected() throws IOException {
    return place.resolve("connected." + Files.readString(place.resolve(RECORD)).strip());
  }

  /** Whether it runs, in the namespaces of this host. */
  boolean runsHere() {
    try {
      return Files.exists(place.resolve(RECORD)) && isLocked() && isHere();
    } catch (IOException e) {
      return false;
    }
  }

  private boolean isLocked() {
    try (FileDescriptor lock = openLock()) {
      return !FileContent.tryLock(lock, true);
    }
  }

  private FileDescriptor openLock() {
    return FileCalls.openOrCreate(place.resolve("lock"));
  }

  /** One that has not yet seen its end may be in the namespaces of a holder that has ended. */
  private boolean isHere() throws IOException {
    String pid = Files.readString(place.resolve(RECORD)).strip();
    try {
      Path namespace = Files.readSymbolicLink(Path.of("/proc", pid, "ns/user"));
      return namespace.toString().equals(host.namespaceHere("user"));
    } catch (IOException e) {
      return false; // It has ended.
    }
  }

  /** Finds it, or starts it; returns what keeps it as long as somebody has that open. */
  FileDescriptor join() {
    try {
      Files.createDirectories(
          place,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      long deadline = System.nanoTime() + LIMIT.toNanos();
      while (true) {
        try (FileDescriptor lock = openLock()) {
          if (FileContent.tryLock(lock, true)) {
            return start(lock);
          }
        }
        Optional<FileDescriptor> found = joinRunning();
        if (found.isPresent()) {
          return found.get();
        }
        pause(deadline, "the network of '" + place + "' is beginning or ending");
      }
    } catch (IOException e) {
      throw unusable(e);
    }
  }

  RuncibleException unusable(IOException e) {
    return new RuncibleException(
        ErrorKind.UNAVAILABLE, "cannot use the directory '" + place + "'", e);
  }

  private Optional<FileDescriptor> joinRunning() throws IOException {
    Path record = place.resolve(RECORD);
    if (!Files.exists(record) || !Files.exists(input())) {
      return Optional.empty();
    }
    FileDescriptor open;
    try {
      if (!isHere()) {
        return Optional.empty();
      }
      open = Fifo.openBothWays(input());
    } catch (NoSuchFileException e) {
      return Optional.empty(); // It may be about to end.
    } catch (NativeException e) {
      if (e.kind() == ErrorKind.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
    boolean joined = false;
    try {
      Files.writeString(place.resolve("joined"), "");
      joined = Files.exists(record);
      return joined ? Optional.of(open) : Optional.empty();
    } finally {
      if (!joined) {
        open.close();
      }
    }
  }

  private FileDescriptor start(FileDescriptor lock) throws IOException {
    for (String name : List.of("joined", RECORD, "ending")) {
      Files.deleteIfExists(place.resolve(name));
    }
    if (!Files.exists(input())) {
      Fifo.make(input());
    }
    FileDescriptor open = Fifo.openBothWays(input());
    try {
      launch(lock);
      return open;
    } catch (IOException | RuntimeException e) {
      // The shell sees the end of its input, and ends.
      open.close();
      throw e;
    }
  }

  private void launch(FileDescriptor lock) throws IOException {
    List<String> command =
        List.of(
            "sh",
            "-c",
            STARTER,
            "sh",
            "sh",
            "-c",
            SCRIPT,
            "runcible-bridges",
            place.toString(),
            containers.toString(),
            PREPARE);
    try (Pipe output = Pipe.open();
        Pipe ends = Fifo.open(input());
        InputStream said = output.inputStream();
        ChildProcess starter =
            host.spawn(command, Spawn.plainEnvironment())
                .descriptor(1, output.writer())
                .descriptor(2, output.writer())
                .descriptor(INPUT, ends.reader())
                .descriptor(LOCK, lock)
                .start()) {
      output.writer().close();
      starter.reap();
      String text = new String(said.readNBytes(MAX_MESSAGE), StandardCharsets.UTF_8).strip();
      if (!text.equals("ready")) {
        throw new RuncibleException(
            ErrorKind.UNSUPPORTED,
            "an ordinary user cannot have bridge networks on this host ("
                + text
                + "); see user.max_net_namespaces, and in a container, let /proc/sys/net be"
                + " writable");
      }
    }
  }

  static void pause(long deadline, String why) {
    if (System.nanoTime() > deadline) {
      throw new RuncibleException(ErrorKind.TIMEOUT, why + " for longer than " + LIMIT);
    }
    try {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(
          ErrorKind.CANCELLED, "interrupted while waiting for a network", e);
    }
  }
}
