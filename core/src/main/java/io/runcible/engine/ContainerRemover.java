package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.network.BridgeNetworks;
import io.runcible.runtime.Bundle;
import io.runcible.runtime.CgroupPlace;
import io.runcible.runtime.OciRuntime;
import io.runcible.snapshot.Snapshotter;
import io.runcible.state.Journal;
import io.runcible.state.LockFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Removes all there is of a container, whatever state its making or its end left it in. */
final class ContainerRemover {
  /** The kind of journal entry that names a container, by its id and its token. */
  static final String KIND = "container";

  /** As long as a start may take. */
  private static final Duration LOCK_LIMIT = Duration.ofMinutes(1);

  private static final String ID = "id";
  private static final String TOKEN = "token";

  private final PrivilegedHost host;
  private final Snapshotter snapshotter;
  private final OciRuntime runtime;
  private final CgroupPlace place;
  private final BridgeNetworks networks;
  private final VolumeStore volumes;
  private final Path containers;

  ContainerRemover(
      PrivilegedHost host,
      Snapshotter snapshotter,
      OciRuntime runtime,
      CgroupPlace place,
      BridgeNetworks networks,
      VolumeStore volumes,
      Path containers) {
    this.host = host;
    this.snapshotter = snapshotter;
    this.runtime = runtime;
    this.place = place;
    this.networks = networks;
    this.volumes = volumes;
    this.containers = containers;
  }

  /** What the journal says before a container is made, or is removed by another engine. */
  static Map<String, String> facts(ContainerRecord record) {
    return Map.of(ID, record.id(), TOKEN, record.token());
  }

  /** Where a container is put together before it gets its name, and is after it lost it. */
  static Path unnamed(Path containers, String token) {
    return containers.resolve(".new-" + token);
  }

  /** Removes what a dead engine left of a container; the name may be another one's by now. */
  void undo(Map<String, String> facts) {
    String token = facts.getOrDefault(TOKEN, "");
    ContainerDirectory unnamed = new ContainerDirectory(unnamed(containers, token));
    if (Files.exists(unnamed.path())) {
      endRuntimes(unnamed);
    }
    unpin(unnamed);
    host.removeTree(unnamed.path());
    ContainerDirectory directory = ContainerDirectory.of(containers, facts.getOrDefault(ID, ""));
    Optional<ContainerRecord> record =
        readable(directory).filter(found -> found.token().equals(token));
    if (isDamaged(directory)) {
      if (!runsOn(directory)) {
        removeDamaged(directory);
      }
    } else {
      record.ifPresent(
          found ->
              alone(
                  directory,
                  found,
                  () -> {
                    new Bundle(directory.path()).withdraw();
                    endRuntimes(directory);
                    removeAlone(directory, found, false);
                  }));
    }
    // Also if the watchdog was here first, which knows nothing of networks and volumes.
    RootPlace.remove(host, token);
    networks.release(token);
    volumes.release(token);
  }

  /**
   * Removes what nobody answers for, as a power cut leaves it: a container without a journal entry
   * that nobody detached, and one with a record that cannot be read, unless it is detached and
   * runs: no power cut has left that.
   *
   * @param journals the directory of the journals of all engines
   */
  void removeUnowned(Path journals) {
    Map<ContainerDirectory, Optional<ContainerRecord>> found = new LinkedHashMap<>();
    for (ContainerDirectory directory : EngineResources.directories(containers)) {
      found.put(directory, readable(directory));
    }
    // Read later than the containers, and written earlier: what is missing here has no owner.
    Set<String> owned = new HashSet<>();
    Set<String> ids = new HashSet<>();
    for (Map<String, String> facts : Journal.facts(journals, KIND)) {
      owned.add(facts.getOrDefault(TOKEN, ""));
      ids.add(facts.getOrDefault(ID, ""));
    }
    found.forEach(
        (directory, record) -> {
          try {
            if (record.isEmpty()) {
              if (!ids.contains(directory.id()) && isUnusable(directory)) {
                removeDamaged(directory);
              }
            } else if (!owned.contains(record.get().token())
                && !outlives(directory, record.get())) {
              undo(facts(record.get()));
            }
          } catch (RuncibleException e) {
            log().warn("cannot remove '{}'; a later start tries again", directory.path(), e);
          }
        });
  }

  /** Whether it is detached and whole: otherwise it belongs to the engine that makes it. */
  static boolean outlives(ContainerDirectory directory, ContainerRecord record) {
    return record.detached() && directory.isWhole();
  }

  private static Optional<ContainerRecord> readable(ContainerDirectory directory) {
    try {
      return ContainerRecord.read(directory);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.CORRUPT_DATA) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /**
   * Whether it is there now, has no record that can be read, and does not run. What was listed may
   * have been removed meanwhile, and another one, which is whole, have its name.
   */
  private static boolean isUnusable(ContainerDirectory directory) {
    return Files.exists(directory.path())
        && readable(directory).isEmpty()
        && !(isDamaged(directory) && runsOn(directory));
  }

  private static boolean isDamaged(ContainerDirectory directory) {
    return Files.exists(directory.record()) && readable(directory).isEmpty();
  }

  private static boolean runsOn(ContainerDirectory directory) {
    boolean runs = DetachedMonitor.runs(directory);
    if (runs) {
      log()
          .warn(
              "'{}' cannot be read, and its detached container runs on; when that has ended, the next"
                  + " engine removes it",
              directory.record());
    }
    return runs;
  }

  /** A record is whole before its directory has its name, so this is no container being made. */
  private void removeDamaged(ContainerDirectory directory) {
    if (Files.exists(directory.path())) {
      new Bundle(directory.path()).withdraw();
      endRuntimes(directory);
      runtime.delete(directory.id(), true);
      ContainerInput.letGo(directory);
      host.unmount(directory.rootfs());
      ContainerMounts.unmount(host, directory);
      RootPlace.remove(host, directory);
      unpin(directory);
      host.removeTree(directory.path());
    }
  }

  /** Removes what the last run left, so that another one can begin. Its files stay. */
  void clear(ContainerDirectory directory, ContainerRecord record) {
    endRuntimeOfAKilledMonitor(directory, record);
    runtime.delete(directory.id(), true);
    // If its monitor was killed, and cannot do it.
    ContainerInput.letGo(directory);
    removeControlGroup(record.cgroupsPath());
    try {
      for (Path file :
          List.of(
              directory.pidFile(),
              directory.runtimeLog(),
              directory.exitFile(),
              directory.unfinishedExitFile(),
              directory.unpublishFile(),
              directory.stopFile(),
              directory.monitorFile())) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot clear the files of container " + directory.id(), e);
    }
  }

  /** It takes away what has that name by the time at which it sees that the process has ended. */
  private void endRuntimeOfAKilledMonitor(ContainerDirectory directory, ContainerRecord record) {
    boolean begun = record.detached() && Files.exists(directory.monitorFile());
    if (begun && !Files.exists(directory.exitFile())) {
      endRuntimes(directory);
    }
  }

  /**
   * Ends what still runs, and removes the runtime's state, the mount and the files.
   *
   * @param ended whether it is known that its first process has ended
   * @throws RuncibleException TIMEOUT if another engine is at a start of it for too long
   */
  void remove(ContainerDirectory directory, ContainerRecord record, boolean ended) {
    if (!alone(directory, record, () -> removeAlone(directory, record, ended))) {
      networks.release(record.token());
      volumes.release(record.token());
    }
  }

  /**
   * Does something with a container that nobody else starts or removes meanwhile: a detached one
   * may be another engine's, too.
   *
   * @return false if it is gone, or another one has its name
   */
  private static boolean alone(
      ContainerDirectory directory, ContainerRecord record, Runnable work) {
    Optional<LockFile> lock = Optional.empty();
    if (record.detached()) {
      lock = lock(directory.startLock(), true, LOCK_LIMIT);
      if (lock.isEmpty()) {
        return false;
      }
    }
    try {
      boolean there = !isOfAnother(directory, record);
      if (there) {
        work.run();
      }
      return there;
    } finally {
      lock.ifPresent(LockFile::close);
    }
  }

  /** Takes a lock in the directory of a container; empty if that is gone. */
  static Optional<LockFile> lock(Path file, boolean exclusive, Duration limit) {
    try {
      return Optional.of(LockFile.acquire(file, exclusive, limit));
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** The same by whoever has the lock of the start, which every start and removal takes. */
  void removeAlone(ContainerDirectory directory, ContainerRecord record, boolean ended) {
    if (record.detached()) {
      // What a kill leaves from here on is nothing to start.
      markRemoval(directory);
    }
    endRuntimeOfAKilledMonitor(directory, record);
    // Where an engine has no place for groups, a runtime makes some all the same if it can.
    if (ended && !record.cgroupsPath().isEmpty()) {
      runtime.deleteEnded(directory.id(), new Bundle(directory.path()));
    } else {
      runtime.delete(directory.id(), true);
    }
    // If its monitor was killed, and cannot do it.
    ContainerInput.letGo(directory);
    removeControlGroup(record.cgroupsPath());
    networks.releasePlugins(record.token());
    if (Files.exists(directory.networkNamespace())) {
      networks.release(record.token(), directory.networkNamespace());
    }
    host.unmount(directory.rootfs());
    ContainerMounts.unmount(host, directory);
    if (!record.ids().ofHost()) {
      RootPlace.remove(host, record.token());
    }
    snapshotter.release(directory.path());
    // Not before: what fails leaves a container that is found by its name.
    new ContainerNames(containers).remove(directory);
    Path unnamed = unnamed(containers, record.token());
    try {
      // The name goes with its record, at once: what a kill leaves is nobody's name.
      Files.move(directory.path(), unnamed, StandardCopyOption.ATOMIC_MOVE);
    } catch (NoSuchFileException e) {
      // Removed before.
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot remove the container '" + directory.path() + "'", e);
    }
    volumes.release(record.token());
    host.removeTree(unnamed);
  }

  static void markRemoval(ContainerDirectory directory) {
    try {
      Files.writeString(directory.removalFile(), "");
    } catch (NoSuchFileException e) {
      // Somebody has removed it by hand.
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot write '" + directory.removalFile() + "'", e);
    }
  }

  /** Whether the name is another container's by now, since somebody else removed this one. */
  static boolean isOfAnother(ContainerDirectory directory, ContainerRecord record) {
    return !ContainerRecord.isOf(directory, record.token())
        && readable(directory).filter(now -> !now.token().equals(record.token())).isPresent();
  }

  /** Lets go of the network namespace; the kernel takes the devices in it away by itself. */
  private boolean unpin(ContainerDirectory directory) {
    boolean pinned = Files.exists(directory.networkNamespace());
    if (pinned) {
      host.unmount(directory.networkNamespace());
    }
    return pinned;
  }

  /** The runtime does it if it got as far as to write its state. */
  private void removeControlGroup(String path) {
    if (path.isEmpty()) {
      return;
    }
    place.end(path, host);
  }

  /**
   * A runtime that was just starting when its engine died must not go on and make a container, nor
   * a worker write to its files, nor what a killed runtime has just let go, and told nobody, run.
   */
  void endRuntimes(ContainerDirectory directory) {
    new StrayProcesses(host, directory).end(() -> true);
  }

  /** The same without the lock of the start: not those of another container of its name. */
  void endRuntimes(ContainerDirectory directory, ContainerRecord record) {
    new StrayProcesses(host, directory).end(() -> !isOfAnother(directory, record));
  }

  /** Whether its monitor or its runtime is there. */
  boolean isAtWork(ContainerDirectory directory) {
    return new StrayProcesses(host, directory).isAtWork();
  }

  private static Logger log() {
    return LoggerFactory.getLogger(ContainerRemover.class);
  }
}
