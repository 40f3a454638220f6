package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Spawn;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A shell that outlives this process by as long as it takes to end the containers that belong to
 * it. It is told of each container before the container is made, and acts when its input ends,
 * which it does however this process ends.
 *
 * <p>A runtime that was started just before may not have made its container yet, so the shell takes
 * the bundle's configuration away, ends the runtimes that work on the bundle, and deletes, until
 * there is neither.
 */
final class Watchdog implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** Arguments: runtime, its state directory, the directory of the containers. */
  private static final String SCRIPT =
      """
      runtime=$1 state=$2 containers=$3 alive=
      while read -r op id; do
        case $op in
          +) alive="$alive $id" ;;
          -) rest=
             for i in $alive; do [ "$i" = "$id" ] || rest="$rest $i"; done
             alive=$rest ;;
        esac
      done
      end() {
        dir=$containers/$1
        rm -f "$dir/config.json"
        tries=0
        while [ $tries -lt 50 ]; do
          tries=$((tries + 1))
          busy=
          for found in $(grep -alF -- "$dir" /proc/[0-9]*/cmdline 2>/dev/null); do
            pid=${found#/proc/}
            pid=${pid%/cmdline}
            [ "$(readlink "/proc/$pid/exe")" = "$runtime" ] || continue
            busy=1
            kill -9 "$pid" 2>/dev/null
          done
          [ -e "$state/$1" ] && busy=1 && "$runtime" --root "$state" delete --force "$1"
          [ -z "$busy" ] && break
          sleep 0.1
        done
        umount -l "$dir/rootfs"
        mountpoint -q "$dir/rootfs" || rm -rf "$dir"
      }
      for i in $alive; do end "$i" & done
      wait
      """;

  private final ChildProcess shell;
  private final OutputStream lifeline;

  private Watchdog(ChildProcess shell, OutputStream lifeline) {
    this.shell = shell;
    this.lifeline = lifeline;
  }

  static Watchdog start(PrivilegedHost host, Path runtime, Path state, Path containers) {
    Pipe input = Pipe.open();
    try {
      ChildProcess shell =
          host.spawn(
                  List.of(
                      "sh",
                      "-c",
                      SCRIPT,
                      "runcible-watchdog",
                      runtime.toString(),
                      state.toString(),
                      containers.toString()),
                  Spawn.plainEnvironment())
              .descriptor(0, input.reader())
              .start();
      input.reader().close();
      return new Watchdog(shell, input.outputStream());
    } catch (RuntimeException e) {
      input.close();
      throw e;
    }
  }

  /** From now on this container ends with this process. */
  void add(String id) {
    tell("+ " + id);
  }

  /** The container is gone, or is to outlive this process. */
  void remove(String id) {
    tell("- " + id);
  }

  private synchronized void tell(String line) {
    try {
      // One write of less than PIPE_BUF: the shell never sees half a line.
      lifeline.write((line + "\n").getBytes(StandardCharsets.US_ASCII));
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
}
