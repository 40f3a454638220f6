package io.runcible.engine;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Image;
import io.runcible.store.Lease;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The container engine: pulls images, runs containers, removes what it made. Thread-safe; one for a
 * whole application is usual, and several, in one process or in many, may share their directories.
 *
 * <p>Opening an engine removes what killed processes left in the same directories. Closing it
 * removes its own containers, except detached ones.
 */
public final class ContainerEngine implements AutoCloseable {
  private final EngineResources resources;
  private final ContainerFactory factory;
  private final Map<String, Container> containers = new ConcurrentHashMap<>();
  private boolean closed;

  ContainerEngine(EngineResources resources) {
    this.resources = resources;
    this.factory = new ContainerFactory(resources.parts(), resources.remover());
  }

  /**
   * Opens an engine with the defaults of {@link #builder()}. Blocks for some hundred milliseconds
   * in a fresh JVM.
   *
   * @throws RuncibleException UNSUPPORTED if this host cannot run containers, PERMISSION_DENIED if
   *     the directories cannot be written; the message says why and what to do
   */
  public static ContainerEngine create() {
    return builder().build();
  }

  /** Begins an engine with other than the usual directories, runtime or registry. */
  public static EngineBuilder builder() {
    return new EngineBuilder();
  }

  /** What this host offers, and for what is missing why; needs no engine and never throws. */
  public static Capabilities capabilities() {
    return Capabilities.ofThisHost();
  }

  /** The bridge networks. */
  public Networks networks() {
    requireOpen();
    return new Networks(resources.parts());
  }

  /** The volumes. */
  public Volumes volumes() {
    requireOpen();
    return new Volumes(resources.parts());
  }

  /** The images. */
  public Images images() {
    return resources.images();
  }

  /**
   * Makes a container and starts it; the image is pulled if it is not in the store. Returns when
   * the program runs.
   *
   * @return the container, which the caller closes
   * @throws RuncibleException as {@link Images#pull} and {@link Container#start()}; nothing is left
   */
  public Container run(ContainerSpec spec) {
    Container container = create(spec);
    try {
      container.start();
      return container;
    } catch (RuntimeException e) {
      try {
        container.close();
      } catch (RuntimeException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  /**
   * Makes a container without starting it; the image is pulled if it is not in the store.
   *
   * @return the container, which the caller closes
   * @throws RuncibleException ALREADY_EXISTS if there is a container of this name; NOT_FOUND if the
   *     user or the source of a mount does not exist; as {@link Images#pull}
   */
  public Container create(ContainerSpec spec) {
    requireOpen();
    return operations()
        .run(EngineOperation.CREATE, spec.image().toString(), () -> createWithLease(spec));
  }

  private Operations operations() {
    return resources.parts().tasks().operations();
  }

  private Container createWithLease(ContainerSpec spec) {
    Lease lease = images().lease();
    FirstStart ahead = FirstStart.ofContainer(resources.parts().threads());
    try {
      Image image =
          spec.hasVolumesInRoot()
              ? images().requirePrimed(spec.image(), lease)
              : images().require(spec.image(), lease);
      List<Digest> chain = Images.chain(image);
      Container container = factory.create(spec, image.config(), chain, lease);
      container.onClose(() -> containers.remove(container.id(), container));
      synchronized (this) {
        if (!closed) {
          containers.put(container.id(), container);
          return container;
        }
      }
      container.close();
      throw closed();
    } finally {
      lease.close();
      ahead.awaitEnd();
    }
  }

  /**
   * Makes a state once, for any number of containers to begin with: a container of the spec is
   * made, filled by the caller's code, stopped and kept as an image, with the files of the volumes
   * that its image and its spec have without a name. Each container of the returned spec has that
   * state for itself, its writes in a layer of its own: such a container starts as fast as any
   * other, and what the initializer did is done.
   *
   * <p>The state is found again, in this process and others on the same directories, by the digest
   * of the image, the name and the inputs of the priming, and what of the spec gets into the
   * container: entry point, command, environment, user, working directory, host name, and where
   * mounts come from. Of two who ask for the same at the same time one makes it and the other
   * waits; if that one fails or is killed, the other takes over, and of the first one nothing is
   * left. The image of the state has the label {@link Priming#LABEL}; see {@link
   * Priming#keepUnused}.
   *
   * <p>What lies in memory or on the host is not kept. Unless the spec has a host name, it is
   * {@code primed}, at the priming and in all forks.
   *
   * @return the spec with another image, and without those volumes; of a name that the spec has
   *     there can be one container at a time, as ever
   * @throws RuncibleException INVALID_INPUT if the spec has a volume with a name that may be
   *     written, which all would share; FAILED_PRECONDITION if the container did not stop in time,
   *     was killed, or ended before with another code than 0; UNSUPPORTED on a file system that no
   *     overlay lies on; TIMEOUT if somebody else makes it for more than 10 minutes; as {@link
   *     #create}. What the initializer throws is passed on, what it has to declare as the cause of
   *     a FAILED_PRECONDITION. Nothing is kept then
   */
  public ContainerSpec prime(ContainerSpec spec, Priming priming) {
    requireOpen();
    return new PrimedImages(resources.parts(), this::create).prime(spec, priming);
  }

  /**
   * Finds a container of this engine, or a detached one that an engine on the same directories
   * made.
   *
   * @param name its id, or a name that it was given later
   */
  public synchronized Optional<Container> find(String name) {
    requireOpen();
    if (!SpecRules.isName(name)) {
      return Optional.empty();
    }
    String id = new ContainerNames(resources.parts().containers()).idOf(name);
    Container known = containers.get(id);
    if (known != null) {
      return Optional.of(known);
    }
    if (!SpecRules.isName(id)) {
      return Optional.empty();
    }
    ContainerDirectory directory = ContainerDirectory.of(resources.parts().containers(), id);
    return ContainerRecord.read(directory)
        .filter(record -> ContainerRemover.outlives(directory, record))
        .flatMap(record -> adopt(directory, record));
  }

  /** Empty if it has just been removed. */
  private Optional<Container> adopt(ContainerDirectory directory, ContainerRecord record) {
    Container container =
        new Container(
            resources.parts(),
            resources.remover(),
            directory,
            record,
            Stdio.LOGGED,
            Optional.empty(),
            factory.connections().adopt(directory, record));
    containers.put(container.id(), container);
    container.onClose(() -> containers.remove(container.id(), container));
    try {
      container.adoptIfStarted();
      return Optional.of(container);
    } catch (RuncibleException e) {
      containers.remove(container.id(), container);
      container.release();
      if (record.options().autoRemove() && e.kind() == ErrorKind.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /**
   * The containers of this engine, and the detached ones in the same directories.
   *
   * @throws RuncibleException CORRUPT_DATA if the record of one is damaged; {@link #events} tells
   *     of the others nevertheless
   */
  public List<Container> list() {
    requireOpen();
    List<Container> found = new ArrayList<>();
    Each.of(
        EngineResources.directories(resources.parts().containers()),
        directory ->
            ContainerRecord.read(directory)
                .flatMap(record -> find(record.id()))
                .ifPresent(found::add));
    return found;
  }

  /** Those of {@link #list()} that a filter accepts. */
  public List<Container> list(ContainerFilter filter) {
    List<String> ancestors =
        filter
            .ancestor()
            .flatMap(images()::find)
            .map(image -> Images.chain(image).stream().map(Digest::toString).toList())
            .orElse(List.of());
    return list().stream().filter(container -> filter.accepts(container, ancestors)).toList();
  }

  /**
   * Removes the containers of {@link #list()} that have ended and are not going to be restarted.
   *
   * @return the ids of what was removed
   */
  public List<String> prune() {
    List<String> removed = new ArrayList<>();
    for (Container container : list(ContainerFilter.all().state(ContainerState.STOPPED))) {
      container.close();
      removed.add(container.id());
    }
    return removed;
  }

  /**
   * What happens from now on to the containers of this engine, and what it does with images,
   * volumes and networks, as far as a filter accepts it.
   *
   * @return the caller closes it
   */
  public EventStream events(EventFilter filter) {
    requireOpen();
    return resources.parts().tasks().subscribe(filter);
  }

  /** What this engine has done so far, also after its close. */
  public EngineCounts counts() {
    return operations().counts();
  }

  private synchronized void requireOpen() {
    if (closed) {
      throw closed();
    }
  }

  private static RuncibleException closed() {
    return new RuncibleException(ErrorKind.FAILED_PRECONDITION, "the engine is closed");
  }

  /**
   * Removes the engine's own containers, lets go of detached ones, and ends its threads.
   * Idempotent; an interrupt does not stop it, and the flag stays set.
   */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    Uninterrupted.run(resources.parts().threads(), this::closeAll);
  }

  private void closeAll() {
    Each.run(
        () -> Each.of(List.copyOf(containers.values()), ContainerEngine::letGo), resources::close);
  }

  private static void letGo(Container container) {
    if (container.isDetached()) {
      container.release();
    } else {
      container.close();
    }
  }
}
