package io.runcible.runtime;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Spawn;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** A short command of a runtime, with its answer. */
final class RuntimeCommand {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int MAX_ANSWER = 1 << 20;

  private RuntimeCommand() {}

  /**
   * Runs a command to its end.
   *
   * @param what for the message: what it means if it fails
   * @return what it wrote, on both outputs
   */
  static String call(PrivilegedHost host, List<String> command, String what) {
    return call(host, command, Spawn.plainEnvironment(), what);
  }

  static String call(
      PrivilegedHost host, List<String> command, Map<String, String> environment, String what) {
    Pipe out = Pipe.open();
    try (InputStream read = out.inputStream()) {
      ChildProcess child =
          Spawn.of(host.command(command), environment)
              .descriptor(1, out.writer())
              .descriptor(2, out.writer())
              .start();
      try (child) {
        out.writer().close();
        ChildProcess.Answer answer = child.answer(read, MAX_ANSWER, LIMIT);
        if (answer.status().isEmpty()) {
          throw new RuncibleException(
              ErrorKind.TIMEOUT, what + ": '" + command.get(0) + "' did not end in " + LIMIT);
        }
        if (!answer.status().get().isSuccess()) {
          throw RuntimeFailures.of(what, List.of(RuntimeFailures.clean(answer.text())));
        }
        return answer.text();
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.INTERNAL, what + ": cannot talk to '" + command.get(0) + "'", e);
    } finally {
      out.close();
    }
  }
}
