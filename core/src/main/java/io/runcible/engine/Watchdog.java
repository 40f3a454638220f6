package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.runtime.CgroupPlace;
import io.runcible.runtime.Cgroups;
import io.runcible.runtime.Cgroups.OwnGroup;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A shell that outlives this process by as long as it takes to end the containers that belong to
 * it. It is told of each container before the container is made, and acts when its input ends,
 * which it does however this process ends.
 *
 * <p>A runtime that was started just before may not have made its container yet, so the shell takes
 * the bundle's configuration away, ends the runtimes that log below the bundle, and deletes, until
 * there is neither. What it cannot do, the journal has for the next engine.
 */
final class Watchdog implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** For at least so long the kernel need not wait again. */
  private static final Duration MOVE_LASTS = Duration.ofMillis(4);

  private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

  /** When it is asked again whether there are still more of them than processors. */
  private static final Duration BUSY_LASTS = Duration.ofMillis(32);

  /**
   * Arguments: runtime, its state directory, the directory of the containers, which systemd makes
   * the groups or nothing, where this shell is in a hierarchy and the file of the members there or
   * nothing, what groups begin with. A container is named by its id and its token; another one may
   * have the id by now, also while this shell is at work.
   *
   * <p>Before the kernel moves a process to another group, it waits for all processors to have been
   * elsewhere, some 10 ms, unless it has done so within as long. A runtime moves its first process
   * when it has worked for some time. So this shell moves itself, to where it is, when a container
   * is made, and again and again while a runtime starts: the kernel waits while the container is
   * prepared and the runtime still does other things. Not while more runtimes are waited for by
   * {@link #awaitRuntime} than there are processors: then others have the processor of the one that
   * waits. Runtimes of execs and of containers whose runtime stays beside them are not counted.
   */
  private static final String SCRIPT =
      """
      trap '' HUP INT TERM
      runtime=$1 state=$2 containers=$3 units=$4 place=$5 members=$6 alive= lines=
      shift 6
      prefixes=$*
      move() {
        [ -n "$members" ] || return
        while read -r line; do
          [ "$line" = "$place" ] && echo 0 >"$members" && return
        done </proc/self/cgroup
      }
      while read -r op name; do
        case $op in
          +) alive="$alive $name" ;;
          =) move ;;
          -) rest=
             for i in $alive; do [ "$i" = "$name" ] || rest="$rest $i"; done
             alive=$rest ;;
        esac
      done
      logs_below() {
        tr '\\000' '\\n' <"$1" | {
          while read -r argument; do
            [ "$before" = --log ] && case $argument in "$2"/*) exit 0 ;; esac
            before=$argument
          done
          exit 1
        }
      }
      # Many builds of busybox have no -z: then the shell reads, which leaves out the NULs.
      printf 'z\\000' | grep -qz z 2>/dev/null && lines=z
      likely() {
        if [ -n "$lines" ]; then
          grep -lzF -- "$1/" /proc/[0-9]*/cmdline
          silent=$(grep -Lz . /proc/[0-9]*/cmdline)
        else
          silent=
          for file in /proc/[0-9]*/cmdline; do
            line=
            read -r line <"$file"
            case $line in
              *"$1/"*) echo "$file" ;;
              '') silent="$silent $file" ;;
            esac
          done
        fi
        # When the first thread of a killed one has ended, the others still say what it was.
        for file in $silent; do
          for thread in "${file%/cmdline}"/task/*/cmdline; do
            [ "$thread" = "${file%/cmdline}/task/${file#/proc/}" ] || echo "$thread"
          done
        done
      }
      end_runtimes() {
        for found in $(likely "$1"); do
          pid=${found#/proc/}
          pid=${pid%%/*}
          logs_below "$found" "$1" && busy=1 && kill -9 "$pid" && killed="$killed $pid"
        done
      }
      # Until a killed one is gone, a thread of it may be making a group in the kernel.
      await_ends() {
        for pid in $killed; do
          set -- /proc/"$pid"/task/*
          [ $# = 1 ] || busy=1
        done
      }
      end_groups() {
        for prefix in $prefixes; do
          [ -d "$prefix$1" ] || continue
          busy=1
          for pid in $(find "$prefix$1" -name cgroup.procs -exec cat {} +); do
            [ "$pid" = 0 ] || kill -9 "$pid"
          done
          find "$prefix$1" -depth -type d -exec rmdir {} ';'
        done
      }
      owns() { grep -qF -- '"token":"'"$token"'"' "$dir/container.json"; }
      end() {
        id=${1%/*} token=${1#*/} dir=$containers/${1%/*}
        owns || return
        group=$id-$token
        [ -z "$units" ] || group=$token.slice
        tries=0 busy=1 killed=
        while [ -n "$busy" ]; do
          [ $tries -lt 50 ] || return
          tries=$((tries + 1)) busy=
          if owns; then
            rm -f "$dir/config.json"
            end_runtimes "$dir"
            [ -e "$state/$id" ] && busy=1 && "$runtime" --root "$state" delete --force "$id"
          fi
          await_ends
          end_groups "$group"
          [ -z "$busy" ] || sleep 0.05
        done
        [ -z "$units" ] || systemctl "$units" --no-block stop "runcible-$group"
        owns || return
        umount -l "$dir/rootfs"
        for mount in "$dir"/mounts/*/fs; do
          [ ! -e "$mount" ] || umount -l "$mount"
          mountpoint -q "$mount" && return
        done
        root=$(readlink "$dir/mounts/root") && rm -f "$root/fs/sticky" && rmdir "$root/fs" "$root"
        [ ! -e "$dir/netns" ] || umount -l "$dir/netns"
        mountpoint -q "$dir/rootfs" && return
        # What somebody has mounted below is not the container's. Not every mountpoint sees that.
        grep -qF " $(cd "$dir" && pwd -P)/" /proc/self/mountinfo && return
        [ ! -e "$dir/unpublish.nft" ] || nft -f "$dir/unpublish.nft"
        mv "$dir" "$containers/.new-$token" && rm -rf "$containers/.new-$token"
      }
      for i in $alive; do end "$i" & done
      wait
      """;

  private final ChildProcess shell;
  private final Pipe input;
  private final OutputStream lifeline;
  private final ReentrantLock telling = new ReentrantLock();
  private final boolean moves;

  /** Of the runtimes at work, those that {@link #awaitRuntime} waits for. */
  private final AtomicInteger awaited = new AtomicInteger();

  private final AtomicLong lastMove = new AtomicLong(System.nanoTime() - MOVE_LASTS.toNanos());

  private Watchdog(ChildProcess shell, Pipe input, boolean moves) {
    this.shell = shell;
    this.input = input;
    this.lifeline = input.outputStream();
    this.moves = moves;
  }

  static Watchdog start(
      PrivilegedHost host, Path runtime, Path state, Path containers, CgroupPlace place) {
    return start(
        host,
        runtime,
        state,
        containers,
        place,
        // Where containers have no groups nothing is moved.
        place.available() ? Cgroups.ownGroup() : Optional.empty());
  }

  static Watchdog start(
      PrivilegedHost host,
      Path runtime,
      Path state,
      Path containers,
      CgroupPlace place,
      Optional<OwnGroup> own) {
    List<String> command = new ArrayList<>(List.of("sh", "-c", SCRIPT, "runcible-watchdog"));
    command.addAll(List.of(runtime.toString(), state.toString(), containers.toString()));
    command.add(place.systemctlOption());
    command.add(own.isPresent() ? own.get().line() : "");
    command.add(own.isPresent() ? own.get().members().toString() : "");
    for (Path group : place.prefixes()) {
      command.add(group.toString());
    }
    Pipe input = Pipe.open();
    try {
      ChildProcess shell =
          host.spawnLasting(command, place.environment()).descriptor(0, input.reader()).start();
      input.reader().close();
      return new Watchdog(shell, input, own.isPresent());
    } catch (RuntimeException e) {
      input.close();
      throw e;
    }
  }

  /** From now on this container ends with this process. */
  void add(ContainerRecord container) {
    tell("+", container);
    runtimeStarts();
  }

  /**
   * Waits for a runtime, and has the kernel wait ahead for it.
   *
   * @param end is counted down when there is nothing more to wait for
   */
  void awaitRuntime(CountDownLatch end) throws InterruptedException {
    if (end.getCount() == 0) {
      return;
    }
    awaited.incrementAndGet();
    try {
      Duration tick = MOVE_LASTS;
      while (!end.await(tick.toNanos(), TimeUnit.NANOSECONDS)) {
        runtimeStarts();
        tick = isBusy() ? BUSY_LASTS : MOVE_LASTS;
      }
    } finally {
      awaited.decrementAndGet();
    }
  }

  private boolean isBusy() {
    return awaited.get() > PROCESSORS;
  }

  /**
   * A runtime is at work, or about to be, that is to move a process to a control group. Cheap
   * enough to be told whenever somebody looks whether it has. Never waits: a shell that has not
   * read for so long is not told.
   */
  void runtimeStarts() {
    long last = lastMove.get();
    long now = System.nanoTime();
    if (moves
        && !isBusy()
        && now - last >= MOVE_LASTS.toNanos()
        && lastMove.compareAndSet(last, now)) {
      hint();
    }
  }

  private void hint() {
    // Whoever has the lock tells of a container, and then of this.
    if (telling.tryLock()) {
      try {
        if (input.isWritable()) {
          write("=\n");
        }
      } catch (RuncibleException e) {
        // What runs goes on; who makes a container hears of it.
        log().debug("nobody has the kernel wait ahead", e);
      } finally {
        telling.unlock();
      }
    }
  }

  /** The container is gone, or is to outlive this process. */
  void remove(ContainerRecord container) {
    tell("-", container);
  }

  private void tell(String op, ContainerRecord container) {
    telling.lock();
    try {
      write(op + " " + container.id() + "/" + container.token() + "\n");
    } finally {
      telling.unlock();
    }
  }

  private void write(String line) {
    try {
      // One write of less than PIPE_BUF: the shell never sees half a line.
      lifeline.write(line.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.INTERNAL,
          "the shell that ends containers after a crash is gone; close this engine and open"
              + " another one",
          e);
    }
  }

  /** Ends the shell, which first ends the containers that it still knows. */
  @Override
  public void close() {
    try {
      lifeline.close();
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.INTERNAL, "cannot close the watchdog's input", e);
    } finally {
      if (shell.waitFor(LIMIT).isEmpty()) {
        shell.killAndWait();
      }
      shell.close();
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(Watchdog.class);
  }
}
