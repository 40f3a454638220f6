package io.runcible.network;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Spawn;
import io.runcible.json.JsonTree;
import java.util.ArrayList;
import java.util.List;

/** The program {@code nft}, which changes the kernel's packet filter; see nft(8). */
final class Nft {
  static final String PROGRAM = "nft";

  private Nft() {}

  static boolean isInstalled() {
    return Spawn.findProgram(PROGRAM).isPresent();
  }

  /**
   * Makes sure that there is the program.
   *
   * @throws RuncibleException UNSUPPORTED if not
   */
  static void require() {
    if (!isInstalled()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "a bridge network needs 'nft', which is not installed; on Debian: apt-get install"
              + " nftables");
    }
  }

  /** Runs a script: all of it takes effect at once, or nothing. */
  static void run(String script, String what) {
    HostCommand.run(List.of(PROGRAM, "-f", "-"), script, what);
  }

  /** What a command lists, without the entry that describes the format. */
  static List<JsonNode> list(List<String> command, String what) {
    List<String> whole = new ArrayList<>(List.of(PROGRAM, "-j", "-a"));
    whole.addAll(command);
    try {
      List<JsonNode> entries = new ArrayList<>();
      JsonTree.read(HostCommand.run(whole, "", what)).path("nftables").forEach(entries::add);
      return entries;
    } catch (JsonProcessingException e) {
      throw new RuncibleException(
          ErrorKind.INTERNAL, "cannot " + what + ": the answer of 'nft' is no JSON", e);
    }
  }
}
