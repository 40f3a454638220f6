package io.runcible.junit;

import java.time.Instant;
import java.util.Map;

/** Says of a thing in the engine's directories which JVM made it for its tests. */
final class RunOwner {
  /** The label. */
  static final String LABEL = "io.runcible.junit.owner";

  private RunOwner() {}

  /** The value for what this JVM makes. */
  static String ofThisJvm() {
    return of(ProcessHandle.current());
  }

  private static String of(ProcessHandle process) {
    return process.pid()
        + ":"
        + process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
  }

  /** Whether tests made it, in a JVM that has been killed since. */
  static boolean isGone(Map<String, String> labels) {
    String owner = labels.get(LABEL);
    return owner != null && !lives(owner);
  }

  private static boolean lives(String owner) {
    try {
      long pid = Long.parseLong(owner.substring(0, Math.max(0, owner.indexOf(':'))));
      return ProcessHandle.of(pid).filter(process -> of(process).equals(owner)).isPresent();
    } catch (NumberFormatException e) {
      return true;
    }
  }
}
