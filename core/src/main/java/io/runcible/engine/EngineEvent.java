package io.runcible.engine;

import io.runcible.Digest;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Something that happened to a container of an engine, or that this engine did with an image, a
 * volume or a network. Of each container there is one {@link Created} and one {@link Removed}, and
 * in between for each {@link Started} one {@link Ended}, for each {@link ExecStarted} one {@link
 * ExecEnded}, and for each {@link Paused} one {@link Resumed}, unless it ends before. A detached
 * container that the engine found has no beginning, and one that it lets go of no end.
 */
public sealed interface EngineEvent {
  /** When. */
  Instant time();

  /** The id of the container; empty if it happened to none. */
  default String container() {
    return "";
  }

  /** It was made. */
  record Created(Instant time, String container, String image) implements EngineEvent {}

  /** It is gone, with all that it wrote. */
  record Removed(Instant time, String container) implements EngineEvent {}

  /**
   * Its first process runs, or has run.
   *
   * @param restarts how often it was started before
   */
  record Started(Instant time, String container, int restarts) implements EngineEvent {}

  /**
   * Its first process has ended.
   *
   * @param status how; empty if that is not known
   */
  record Ended(Instant time, String container, Optional<ExitStatus> status)
      implements EngineEvent {}

  /** The kernel killed one of its processes because its memory limit was reached. */
  record OutOfMemory(Instant time, String container) implements EngineEvent {}

  /** Its processes stand still. */
  record Paused(Instant time, String container) implements EngineEvent {}

  /** They go on. */
  record Resumed(Instant time, String container) implements EngineEvent {}

  /** Its health is another. */
  record HealthChanged(Instant time, String container, Health.Status status)
      implements EngineEvent {}

  /** It has another name. */
  record Renamed(Instant time, String container, String name) implements EngineEvent {}

  /** It has other limits, or another restart policy. */
  record Updated(Instant time, String container, Limits limits) implements EngineEvent {}

  /**
   * A further process runs in it, or has run.
   *
   * @param exec tells it from others of the container
   */
  record ExecStarted(Instant time, String container, String exec, List<String> command)
      implements EngineEvent {}

  /**
   * A further process has ended.
   *
   * @param exec as when it started
   * @param status how; empty if that is not known
   */
  record ExecEnded(Instant time, String container, String exec, Optional<ExitStatus> status)
      implements EngineEvent {}

  /**
   * An image came from its registry, or all of it was here.
   *
   * @param image its name
   * @param digest that of its manifest
   */
  record ImagePulled(Instant time, String image, Digest digest) implements EngineEvent {}

  /**
   * An image came from another source, such as an archive.
   *
   * @param image its name here
   * @param digest that of its manifest
   */
  record ImageLoaded(Instant time, String image, Digest digest) implements EngineEvent {}

  /** An image was written to another place. */
  record ImageSaved(Instant time, String image) implements EngineEvent {}

  /**
   * An image has one more name.
   *
   * @param image the new name
   * @param source the one that it had
   */
  record ImageTagged(Instant time, String image, String source) implements EngineEvent {}

  /** The store has forgotten the name of an image; also in a clean-up. */
  record ImageUntagged(Instant time, String image) implements EngineEvent {}

  /** A volume was made by {@link Volumes#create}. */
  record VolumeCreated(Instant time, String volume) implements EngineEvent {}

  /** A volume is gone, by {@link Volumes#remove} or {@link Volumes#prune}. */
  record VolumeRemoved(Instant time, String volume) implements EngineEvent {}

  /** A network was made by {@link Networks#create}. */
  record NetworkCreated(Instant time, String network) implements EngineEvent {}

  /** A network is gone, by {@link Networks#remove} or {@link Networks#prune}. */
  record NetworkRemoved(Instant time, String network) implements EngineEvent {}

  /** A container was put on a network by {@link Networks#connect}. */
  record NetworkConnected(Instant time, String network, String container) implements EngineEvent {}

  /** A container was taken off a network by {@link Networks#disconnect}. */
  record NetworkDisconnected(Instant time, String network, String container)
      implements EngineEvent {}
}
