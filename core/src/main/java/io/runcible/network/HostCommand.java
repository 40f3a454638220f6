package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.Spawn;
import io.runcible.ffi.WaitStatus;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A short command of the host's administration, with its answer. */
final class HostCommand {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int MAX_ANSWER = 16 << 20;
  private static final int SHOWN = 500;

  /** What fits into a pipe before anybody reads. */
  private static final int MAX_SCRIPT = 60_000;

  private HostCommand() {}

  /**
   * Runs it to its end.
   *
   * @param input what it reads
   * @param what for the message: what it is to do
   * @throws RuncibleException UNAVAILABLE if it fails, with what it says
   */
  static String run(List<String> command, String input, String what) {
    byte[] script = input.getBytes(StandardCharsets.US_ASCII);
    if (script.length > MAX_SCRIPT) {
      throw new RuncibleException(
          ErrorKind.INTERNAL, "cannot " + what + ": the rules have " + script.length + " bytes");
    }
    try (Pipe in = Pipe.open();
        Pipe out = Pipe.open();
        InputStream read = out.inputStream()) {
      // Written before the child starts: it fits into the pipe.
      try (OutputStream write = in.outputStream()) {
        write.write(script);
      }
      try (ChildProcess child =
          Spawn.of(command, Spawn.plainEnvironment())
              .descriptor(0, in.reader())
              .descriptor(1, out.writer())
              .descriptor(2, out.writer())
              .start()) {
        in.reader().close();
        out.writer().close();
        return answer(child, command.get(0), read, what);
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.INTERNAL, "cannot " + what + ": cannot talk to '" + command.get(0) + "'", e);
    }
  }

  private static String answer(ChildProcess child, String program, InputStream read, String what)
      throws IOException {
    ChildProcess.Answer answer = child.answer(read, MAX_ANSWER, LIMIT);
    String text = answer.text();
    Optional<WaitStatus> end = answer.status();
    if (end.isEmpty()) {
      throw new RuncibleException(
          ErrorKind.TIMEOUT, "cannot " + what + ": '" + program + "' did not end in " + LIMIT);
    }
    if (!end.get().isSuccess()) {
      String said = text.strip().replaceAll("\\s+", " ");
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE,
          "cannot "
              + what
              + ": "
              + program
              + " says: "
              + said.substring(0, Math.min(SHOWN, said.length())));
    }
    return text;
  }
}
