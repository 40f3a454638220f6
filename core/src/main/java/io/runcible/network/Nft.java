package io.runcible.network;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The program {@code nft}, which changes the kernel's packet filter; see nft(8). */
final class Nft {
  static final String PROGRAM = "nft";

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int MAX_ANSWER = 16 << 20;
  private static final int SHOWN = 500;

  /** What fits into a pipe before anybody reads. */
  private static final int MAX_SCRIPT = 60_000;

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private Nft() {}

  /**
   * Makes sure that there is the program.
   *
   * @throws RuncibleException UNSUPPORTED if not
   */
  static void require() {
    if (Spawn.findProgram(PROGRAM).isEmpty()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "a bridge network needs 'nft', which is not installed; on Debian: apt-get install"
              + " nftables");
    }
  }

  /** Runs a script: all of it takes effect at once, or nothing. */
  static void run(String script, String what) {
    call(List.of(PROGRAM, "-f", "-"), script, what);
  }

  /** What a command lists, without the entry that describes the format. */
  static List<JsonNode> list(List<String> command, String what) {
    List<String> whole = new ArrayList<>(List.of(PROGRAM, "-j", "-a"));
    whole.addAll(command);
    try {
      List<JsonNode> entries = new ArrayList<>();
      JSON.readTree(call(whole, "", what)).path("nftables").forEach(entries::add);
      return entries;
    } catch (JsonProcessingException e) {
      throw new RuncibleException(
          ErrorKind.INTERNAL, "cannot " + what + ": the answer of 'nft' is no JSON", e);
    }
  }

  private static String call(List<String> command, String input, String what) {
    byte[] script = input.getBytes(StandardCharsets.US_ASCII);
    if (script.length > MAX_SCRIPT) {
      throw new RuncibleException(
          ErrorKind.INTERNAL, "cannot " + what + ": the rules have " + script.length + " bytes");
    }
    Pipe in = Pipe.open();
    Pipe out = Pipe.open();
    try (InputStream read = out.inputStream()) {
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
        return answer(child, read, what);
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.INTERNAL, "cannot " + what + ": cannot talk to 'nft'", e);
    } finally {
      in.close();
      out.close();
    }
  }

  private static String answer(ChildProcess child, InputStream read, String what)
      throws IOException {
    String text = new String(read.readNBytes(MAX_ANSWER), StandardCharsets.UTF_8);
    Optional<WaitStatus> end = child.waitFor(LIMIT);
    if (end.isEmpty()) {
      child.killAndWait();
      throw new RuncibleException(
          ErrorKind.TIMEOUT, "cannot " + what + ": 'nft' did not end in " + LIMIT);
    }
    if (!end.get().equals(new WaitStatus(0, 0))) {
      String said = text.strip().replaceAll("\\s+", " ");
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE,
          "cannot " + what + ": nft says: " + said.substring(0, Math.min(SHOWN, said.length())));
    }
    return text;
  }
}
