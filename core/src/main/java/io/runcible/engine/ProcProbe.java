package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Spawn;
import io.runcible.ffi.WaitStatus;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Tries what every container has, processes of its own and a {@code /proc} that shows them. The
 * kernel allows an ordinary user none where a part of the {@code /proc} that is there is hidden, as
 * in most containers.
 */
final class ProcProbe {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int MAX_MESSAGE = 500;

  private ProcProbe() {}

  /** Throws UNSUPPORTED, with what is in the way and how to get rid of it, unless it works. */
  static void run(PrivilegedHost host) {
    List<String> command = List.of("unshare", "--pid", "--fork", "--mount-proc", "true");
    Pipe output = Pipe.open();
    try (InputStream said = output.inputStream();
        ChildProcess child =
            host.spawn(command, Spawn.plainEnvironment())
                .descriptor(1, output.writer())
                .descriptor(2, output.writer())
                .start()) {
      output.writer().close();
      ChildProcess.Answer answer = child.answer(said, MAX_MESSAGE, LIMIT);
      Optional<WaitStatus> status = answer.status();
      if (status.isEmpty() || !status.get().isSuccess()) {
        throw new RuncibleException(
            ErrorKind.UNSUPPORTED,
            "a container needs a /proc of its own, and the kernel allows none here ("
                + answer.text().strip()
                + "): the container that this process is in must show all of its own; docker run"
                + " --security-opt systempaths=unconfined, podman run --security-opt unmask=ALL, in"
                + " Kubernetes procMount: Unmasked");
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot try a /proc of its own", e);
    } finally {
      output.close();
    }
  }
}
