package io.runcible.engine;

import io.runcible.ErrorKind;
import java.util.Map;

/**
 * How much an engine has done since it was opened. An operation that fails because of another one
 * in it, as the making of a container does with a pull, is counted for both.
 *
 * @param completed how many went well; each operation is in it
 * @param failed how many failed, by the kind of the failure, as far as any did
 * @param pulledBytes of layers that were fetched whole, as they were sent
 */
public record EngineCounts(
    Map<EngineOperation, Long> completed,
    Map<EngineOperation, Map<ErrorKind, Long>> failed,
    long pulledBytes) {
  /** Copies the maps. */
  public EngineCounts {
    completed = Map.copyOf(completed);
    failed = Map.copyOf(failed);
  }
}
