package io.runcible.engine;

/** What a container does. */
public enum ContainerState {
  /** It was never started. */
  CREATED,
  /** It is detached, and its monitor, begun by another engine, is about to run it. */
  STARTING,
  /** Its first process runs. */
  RUNNING,
  /** Its processes stand still. */
  PAUSED,
  /** Its first process has ended and will be started again. */
  RESTARTING,
  /** Its first process has ended. */
  STOPPED,
  /** It is gone. */
  REMOVED
}
