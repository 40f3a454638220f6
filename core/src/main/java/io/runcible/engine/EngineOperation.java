package io.runcible.engine;

import java.util.Locale;

/** What an engine is asked for, and counts in its {@link EngineCounts}. */
public enum EngineOperation {
  /** An image is fetched from a registry or another source, and unpacked. */
  PULL,
  /** An image that is in the store is unpacked. */
  UNPACK,
  /** A container is made, with the pull of its image. */
  CREATE,
  /** Its program is started, also by a restart. */
  START,
  /** A further program is started in it. */
  EXEC,
  /** It is stopped. */
  STOP,
  /** It is removed. */
  REMOVE;

  /** As {@code pull}, for names of metrics. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
