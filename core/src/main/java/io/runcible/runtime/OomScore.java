package io.runcible.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.json.JsonTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** The {@code oom_score_adj} of a further process in a container, which crun does not set. */
final class OomScore {
  /**
   * The score is inherited. One that this process may not have, as it is below its own, is left
   * out. Its arguments: the score, the command.
   */
  private static final String SCRIPT =
      "{ echo \"$0\" >/proc/self/oom_score_adj; } 2>/dev/null; exec \"$@\"";

  private OomScore() {}

  /**
   * What a process is to have.
   *
   * @param processFile as {@link ProcessSpec#toJson()}
   */
  static OptionalInt of(Path processFile) {
    try {
      JsonNode score = JsonTree.read(Files.readAllBytes(processFile)).path("oomScoreAdj");
      return score.isInt() ? OptionalInt.of(score.intValue()) : OptionalInt.empty();
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.CORRUPT_DATA, "cannot read the process '" + processFile + "'", e);
    }
  }

  /** The command of a runtime that has the score itself, as does all that it starts. */
  static List<String> command(int score, List<String> runtime) {
    List<String> command = new ArrayList<>(List.of("sh", "-c", SCRIPT, String.valueOf(score)));
    command.addAll(runtime);
    return command;
  }
}
