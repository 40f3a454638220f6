package io.runcible.engine;

import io.runcible.RuncibleException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The volumes of an engine's directories, which all engines on them share. Thread-safe.
 *
 * <p>A volume is a directory that outlives its containers. When a container is made that is the
 * first to use it, and it is empty, it gets what the image has at the path where it is mounted: the
 * files, and the owner, mode, extended attributes and times of these and of the directory itself.
 * Of several that are made at once, one fills it and the others wait; what a kill leaves half
 * filled is filled anew. It is on disk before the container starts.
 *
 * <p>The volumes that an image asks for, and {@link Mount#volume(String)}, have no name of their
 * own and are removed with their container. {@link #list} knows what they are called all the same:
 * by that, another container can have one mounted, too, which keeps it until {@link #prune} or the
 * opening of an engine finds it without any.
 */
public final class Volumes {
  private final VolumeStore store;
  private final EngineTasks tasks;

  Volumes(EngineParts parts) {
    this.store = parts.volumes();
    this.tasks = parts.tasks();
  }

  /**
   * Makes a volume. It stays until it is removed.
   *
   * @throws RuncibleException ALREADY_EXISTS if there is one of this name, UNSUPPORTED if there is
   *     to be a size limit and the file system of the store has no project quotas
   */
  public VolumeInfo create(VolumeSpec spec) {
    VolumeInfo made = store.create(spec);
    tasks.publish(new EngineEvent.VolumeCreated(Instant.now(), made.name()));
    return made;
  }

  /** A volume by its name. */
  public Optional<VolumeInfo> find(String name) {
    return store.find(name);
  }

  /** All volumes, by name. */
  public List<VolumeInfo> list() {
    return store.list();
  }

  /**
   * Removes a volume with its files.
   *
   * @return false if there is none of this name
   * @throws RuncibleException FAILED_PRECONDITION if a container has it mounted, running or not;
   *     the message says which
   */
  public boolean remove(String name) {
    boolean known = store.remove(name);
    if (known) {
      removed(name);
    }
    return known;
  }

  private void removed(String name) {
    tasks.publish(new EngineEvent.VolumeRemoved(Instant.now(), name));
  }

  /** Removes the volumes that no container has mounted, with their files; returns their names. */
  public List<String> prune() {
    List<String> names = store.prune();
    names.forEach(this::removed);
    return names;
  }
}
