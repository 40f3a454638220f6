package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.PidFd;
import io.runcible.runtime.OciRuntime;
import io.runcible.state.Journal;
import io.runcible.state.LockFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes detached containers that are to go once they have ended. Whoever does it has the lock of
 * the start, and asks under it whether what is there is still that container, by its token, has
 * ended, and nobody has to hear of that any more. So no other one is removed, none while it is
 * started, and none twice; what is not certain is left to a later engine.
 */
final class AutoRemoval {
  /** For that others hear of the end, and read the log. */
  static final Duration PATIENCE = Duration.ofSeconds(10);

  /** The runtime of a monitor that was killed ends a little later than the container. */
  private static final Duration LAST_MOMENTS = Duration.ofSeconds(2);

  private static final long LOOK_MILLIS = 10;

  private final ContainerRemover remover;
  private final OciRuntime runtime;

  AutoRemoval(ContainerRemover remover, OciRuntime runtime) {
    this.remover = remover;
    this.runtime = runtime;
  }

  /** What is done when it is known how it is, under the lock of the start. */
  interface Found {
    /** It has ended. Returns whether the removal was done. */
    boolean ended(Runnable removal);

    /** It runs, as somebody has started it again, or was not started yet. */
    void runs();
  }

  /**
   * As long as this engine has not heard of the end of its first process, nobody removes it.
   *
   * @throws RuncibleException NOT_FOUND if it is gone
   */
  static void follow(
      ContainerDirectory directory, ContainerRecord record, ContainerProcess process) {
    if (record.options().autoRemove()) {
      LockFile lock =
          share(directory)
              .filter(held -> isStill(directory, record, held))
              .orElseThrow(() -> gone(record));
      var unused = process.exit().whenComplete((status, failure) -> lock.close());
    }
  }

  private static boolean isStill(
      ContainerDirectory directory, ContainerRecord record, LockFile held) {
    boolean same = false;
    try {
      same = !ContainerRemover.isOfAnother(directory, record);
      return same;
    } finally {
      if (!same) {
        held.close();
      }
    }
  }

  /** As long as it is held nobody removes the container by itself; empty if it is gone. */
  private static Optional<LockFile> share(ContainerDirectory directory) {
    return ContainerRemover.lock(directory.followersLock(), false, PATIENCE);
  }

  static RuncibleException gone(ContainerRecord record) {
    return new RuncibleException(
        ErrorKind.NOT_FOUND, "container " + record.id() + " was removed, or is being removed");
  }

  /** The same for who is about to read what it writes; returns what ends it. */
  static Runnable whileRead(ContainerDirectory directory, ContainerRecord record) {
    return record.options().autoRemove() ? reading(directory) : () -> {};
  }

  private static Runnable reading(ContainerDirectory directory) {
    return share(directory).<Runnable>map(lock -> lock::close).orElse(() -> {});
  }

  /**
   * The same for who reads its log from one file to the next.
   *
   * @param log the directory of the log
   * @return what ends it; does nothing for a container that is not removed by itself
   */
  static Runnable whileRead(Path log) {
    ContainerDirectory directory =
        new ContainerDirectory(Objects.requireNonNull(log.getParent(), "a container has the log"));
    return Files.exists(directory.followersLock()) ? reading(directory) : () -> {};
  }

  /** What an engine does when it opens: removes those that have ended, and nobody else removes. */
  void removeAll(Path containers, Journal journal) {
    for (ContainerDirectory directory : EngineResources.directories(containers)) {
      try {
        // Seldom there; one that was never started has it not.
        if (Files.exists(directory.followersLock()) && !hasMonitor(directory)) {
          ContainerRecord.read(directory)
              .filter(record -> record.options().autoRemove())
              .ifPresent(record -> removeNow(directory, record, journal));
        }
      } catch (RuncibleException e) {
        log()
            .warn(
                "cannot remove '{}', which has ended; a later start tries again",
                directory.path(),
                e);
      }
    }
  }

  static boolean hasMonitor(ContainerDirectory directory) {
    Optional<PidFd> monitor = DetachedMonitor.find(directory);
    monitor.ifPresent(PidFd::close);
    return monitor.isPresent();
  }

  private void removeNow(ContainerDirectory directory, ContainerRecord record, Journal journal) {
    try {
      boolean unused =
          remove(
              directory,
              record,
              Duration.ZERO,
              new Found() {
                @Override
                public boolean ended(Runnable removal) {
                  noted(directory, record, journal, removal);
                  return true;
                }

                @Override
                public void runs() {
                  // As it should.
                }
              });
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.TIMEOUT) {
        throw e;
      }
      // Somebody is at it, or is still to hear of the end.
      log().debug("'{}' is left to others", directory.path(), e);
    }
  }

  /** What fails and keeps its name is found again by itself. */
  static void noted(
      ContainerDirectory directory, ContainerRecord record, Journal journal, Runnable removal) {
    // First: an entry alone, as a kill would leave it, is no reason that nobody starts it.
    ContainerRemover.markRemoval(directory);
    Journal.Entry entry = journal.record(ContainerRemover.KIND, ContainerRemover.facts(record));
    try {
      removal.run();
    } catch (RuntimeException e) {
      if (ContainerRecord.isOf(directory, record.token())) {
        entry.done();
      }
      throw e;
    }
    entry.done();
  }

  /**
   * Removes a container that has ended.
   *
   * @param limit how long others are waited for
   * @return whether it is gone, whoever removed it
   * @throws RuncibleException TIMEOUT if others take longer
   */
  boolean remove(
      ContainerDirectory directory, ContainerRecord record, Duration limit, Found found) {
    try {
      return removeWithin(directory, record, limit, found);
    } catch (RuncibleException e) {
      // The locks that took long may be those of the next one of its name.
      if (e.kind() == ErrorKind.TIMEOUT && ContainerRemover.isOfAnother(directory, record)) {
        return true;
      }
      throw e;
    }
  }

  private boolean removeWithin(
      ContainerDirectory directory, ContainerRecord record, Duration limit, Found found) {
    long begin = System.nanoTime();
    while (true) {
      Duration left = limit.minusNanos(System.nanoTime() - begin);
      LockFile start = ContainerRemover.lock(directory.startLock(), true, left).orElse(null);
      if (start == null) {
        return true;
      }
      try (start) {
        ContainerRecord now = ContainerRecord.read(directory).orElse(null);
        if (now == null || !now.token().equals(record.token())) {
          // Without a record nobody knows whose it is.
          return now != null;
        }
        if (!isOver(directory, limit)) {
          found.runs();
          return false;
        }
        if (isEverybodyTold(directory)) {
          return found.ended(() -> removeAlone(directory, record));
        }
      }
      awaitTold(directory, record, left);
    }
  }

  private void removeAlone(ContainerDirectory directory, ContainerRecord record) {
    if (!directory.wasStarted()) {
      // Its runtime may have been killed when it had let go of what nobody knows.
      remover.endRuntimes(directory);
    }
    remover.removeAlone(directory, record, false);
  }

  /** Until everybody has heard of its end, or the name is another one's, and so is the lock. */
  private static void awaitTold(
      ContainerDirectory directory, ContainerRecord record, Duration limit) {
    long begin = System.nanoTime();
    while (!isEverybodyTold(directory) && !ContainerRemover.isOfAnother(directory, record)) {
      if (System.nanoTime() - begin >= limit.toNanos()) {
        throw new RuncibleException(
            ErrorKind.TIMEOUT,
            "somebody has not heard of the end of container " + record.id() + " for too long");
      }
      pause(directory);
    }
  }

  /** Also if it is gone. */
  private static boolean isEverybodyTold(ContainerDirectory directory) {
    try {
      Optional<LockFile> alone = LockFile.tryAcquire(directory.followersLock(), true);
      alone.ifPresent(LockFile::close);
      return alone.isPresent();
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.NOT_FOUND) {
        return true;
      }
      throw e;
    }
  }

  /** Whether it was started, or was to be, and nothing of it runs; or its removal has begun. */
  private boolean isOver(ContainerDirectory directory, Duration limit) {
    if (!Files.notExists(directory.removalFile())) {
      return true;
    }
    if (!directory.wasStarted() && !Files.exists(directory.monitorFile())) {
      return false;
    }
    Duration patience = limit.compareTo(LAST_MOMENTS) < 0 ? limit : LAST_MOMENTS;
    long begin = System.nanoTime();
    while (runtime.pid(directory.id()).isEmpty()) {
      if (!remover.isAtWork(directory)) {
        // Asked again: it may have come to run while its runtime was looked for.
        return runtime.pid(directory.id()).isEmpty();
      }
      if (System.nanoTime() - begin >= patience.toNanos()) {
        return false;
      }
      pause(directory);
    }
    return false;
  }

  private static void pause(ContainerDirectory directory) {
    try {
      Thread.sleep(LOOK_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(
          ErrorKind.CANCELLED, "interrupted while container " + directory.id() + " ended", e);
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(AutoRemoval.class);
  }
}
