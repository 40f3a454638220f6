package io.runcible.engine;

import io.runcible.RuncibleException;
import io.runcible.state.Journal;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The end of a container: what runs in it is killed, and all there is of it removed. */
final class ContainerEnding {
  private final EngineParts parts;
  private final ContainerRemover remover;
  private final ContainerDirectory directory;
  private final ContainerRecord record;
  private final ContainerConnection connection;
  private final ContainerControl control;
  private final Lifecycle lifecycle;
  private final ContainerExecs execs;

  /** Its monitor guards also {@link #entry} and {@link #onClose}, as it does the close itself. */
  private final FirstProcess first;

  private Optional<Journal.Entry> entry;
  private Runnable onClose = () -> {};

  /** Whether it goes on, as its removal could not be noted. */
  private volatile boolean stays;

  /** Those that are to remove it by itself. */
  private volatile CompletableFuture<?> removals = CompletableFuture.completedFuture(null);

  ContainerEnding(
      MadeContainer made,
      Optional<Journal.Entry> entry,
      ContainerControl control,
      Lifecycle lifecycle,
      ContainerExecs execs,
      FirstProcess first) {
    this.parts = made.parts();
    this.remover = made.remover();
    this.directory = made.directory();
    this.record = made.record();
    this.connection = made.connection();
    this.entry = entry;
    this.control = control;
    this.lifecycle = lifecycle;
    this.execs = execs;
    this.first = first;
  }

  void onClose(Runnable action) {
    synchronized (first) {
      onClose = action;
    }
  }

  /** It is whole, and does not end with this engine: anyone may start and remove it. */
  void letLive() {
    synchronized (first) {
      parts.watchdog().remove(record);
      entry.ifPresent(Journal.Entry::done);
      entry = Optional.empty();
    }
  }

  /** Begins to remove it, if it is to go by itself, once it is found to have ended. */
  synchronized void removeIfEnded() {
    if (record.options().autoRemove()) {
      removals = CompletableFuture.allOf(removals, parts.tasks().removal(this::removeEnded));
    }
  }

  /** Until what {@link #removeIfEnded} began is done, or has failed. */
  void awaitRemoval() {
    removals.join();
  }

  private void removeEnded() {
    AtomicBoolean closed = new AtomicBoolean();
    boolean gone = false;
    try {
      gone =
          new AutoRemoval(remover, parts.runtime())
              .remove(
                  directory,
                  record,
                  AutoRemoval.PATIENCE,
                  new AutoRemoval.Found() {
                    @Override
                    public boolean ended(Runnable work) {
                      closed.set(first.close());
                      if (closed.get()) {
                        execs.close();
                        counted(() -> AutoRemoval.noted(directory, record, parts.journal(), work));
                      }
                      return closed.get();
                    }

                    @Override
                    public void runs() {
                      first.adoptNext();
                    }
                  });
    } catch (RuncibleException e) {
      log()
          .warn(
              "container {} has ended and is not removed; the next engine tries it",
              record.id(),
              e);
    }
    if (closed.get() || gone && first.close()) {
      letGo();
      if (gone) {
        lifecycle.publish(new EngineEvent.Removed(Instant.now(), record.id()));
      }
    }
  }

  private void counted(Runnable removal) {
    parts
        .tasks()
        .operations()
        .run(
            EngineOperation.REMOVE,
            record.id(),
            () -> {
              removal.run();
              return this;
            });
  }

  /** This engine has it no more. */
  private void letGo() {
    Each.run(execs::close, connection::close, this::releaseProcess, onClose);
  }

  private void releaseProcess() {
    StartedProcess started = first.last();
    if (started != null) {
      started.release();
    }
  }

  void close() {
    if (!first.close()) {
      awaitRemoval();
      return;
    }
    Each.run(this::removeAndTell, this::disconnect, onClose);
  }

  private void disconnect() {
    if (stays) {
      connection.release();
    } else {
      connection.close();
    }
  }

  private void removeAndTell() {
    counted(() -> parts.tasks().uninterrupted(this::remove));
    lifecycle.publish(new EngineEvent.Removed(Instant.now(), record.id()));
  }

  private void remove() {
    Each.run(this::removeNoted, execs::close, this::releaseProcess, lifecycle::awaitTold);
  }

  private void removeNoted() {
    Journal.Entry removal = entry.orElseGet(this::note);
    lifecycle.stopWanted();
    removeAll();
    parts.watchdog().remove(record);
    removal.done();
  }

  /** Without the note, as on a full disk, the container goes on, and this engine lets go of it. */
  private Journal.Entry note() {
    try {
      return parts.journal().record(ContainerRemover.KIND, ContainerRemover.facts(record));
    } catch (RuntimeException e) {
      stays = true;
      lifecycle.release();
      throw e;
    }
  }

  private void removeAll() {
    StartedProcess started = first.last();
    if (started != null) {
      started.end(control::resume);
    }
    execs.close();
    boolean mayBeStarting = started == null ? record.detached() : started.mayBeStarting();
    if (mayBeStarting && !ContainerRemover.isOfAnother(directory, record)) {
      // It never came to run; a runtime may be about to.
      remover.endRuntimes(directory, record);
    }
    // Its files are among those to be removed.
    connection.close();
    remover.remove(directory, record, started != null && started.isKnownToHaveEnded());
  }

  private static Logger log() {
    return LoggerFactory.getLogger(ContainerEnding.class);
  }
}
