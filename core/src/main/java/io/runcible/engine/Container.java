package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeException;
import io.runcible.image.Image;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.network.NetworkClient;
import io.runcible.network.PortBinding;
import io.runcible.runtime.Resources;
import io.runcible.state.Journal;
import io.runcible.state.LockFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A container. {@link #close()} removes it with all it wrote. Thread-safe.
 *
 * <p>Made by {@link ContainerEngine#run} or {@link ContainerEngine#create}, or found by {@link
 * ContainerEngine#find} if it is detached.
 */
public final class Container implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Container.class);

  private static final Duration LONGEST_GRACE = Duration.ofDays(365);
  private static final Duration LONGEST_START = Duration.ofSeconds(5);
  private static final Duration LONGEST_BEGINNING = Duration.ofMinutes(1);
  private static final Duration AGAIN = Duration.ofMillis(50);

  private final EngineParts parts;
  private final ContainerRemover remover;
  private final ContainerDirectory directory;
  private final ContainerRecord record;
  private final Stdio stdio;
  private Optional<Journal.Entry> entry;
  private final ContainerConnection connection;
  private final ContainerControl control;
  private final Lifecycle lifecycle;
  private final Set<StartedProcess> running = ConcurrentHashMap.newKeySet();
  private @Nullable StartedProcess init;

  /** Waits for the start, and is {@link #init} from then on. */
  private @Nullable StartedProcess prepared;

  private boolean closed;
  private Runnable onClose = () -> {};

  Container(
      EngineParts parts,
      ContainerRemover remover,
      ContainerDirectory directory,
      ContainerRecord record,
      Stdio stdio,
      Optional<Journal.Entry> entry,
      ContainerConnection connection) {
    this.parts = parts;
    this.remover = remover;
    this.directory = directory;
    this.record = record;
    this.stdio = stdio;
    this.entry = entry;
    this.connection = connection;
    this.control = new ContainerControl(parts, directory, record);
    this.lifecycle = new Lifecycle(parts, record, this);
  }

  /** Its id: the name it was given, or a random one. */
  public String id() {
    return record.id();
  }

  /** Its name: the id, until it is renamed. */
  public String name() {
    return new ContainerNames(parts.containers()).nameOf(directory);
  }

  /**
   * Gives it another name. Its id stays, and both find it.
   *
   * @param name as in {@link ContainerSpec.Builder#name}
   * @throws RuncibleException ALREADY_EXISTS if another container has the name or the id,
   *     INVALID_INPUT if it is none
   */
  public synchronized void rename(String name) {
    requireOpen();
    ContainerSpec.requireName(name);
    new ContainerNames(parts.containers()).rename(directory, name);
    lifecycle.publish(new EngineEvent.Renamed(Instant.now(), id(), name));
  }

  /** The labels of its spec; unmodifiable. */
  public Map<String, String> labels() {
    return record.options().labels();
  }

  /** The image it was made from. */
  public ImageReference image() {
    return ImageReference.parse(record.image());
  }

  /** When it was made. */
  public Instant created() {
    return Instant.ofEpochMilli(record.createdMillis());
  }

  /**
   * Its addresses on its networks, from its making to its removal; empty if it is on none. The
   * first one is on the first network by name.
   */
  public List<InetAddress> addresses() {
    return parts.networks().addresses(record.token());
  }

  /** How its networks see it; only if it has a network namespace that others can enter. */
  NetworkClient networkClient() {
    requireOpen();
    if (!Files.exists(directory.networkNamespace())) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "container " + id() + " was not made with a bridge network, and cannot join one now");
    }
    return ContainerNetwork.client(directory, record, List.of());
  }

  /** What it publishes, with the ports of the host; empty for the ports of a host's network. */
  public List<PortBinding> ports() {
    return record.portBindings();
  }

  /**
   * The port of the host that publishes a port of the container: the TCP port of that number or, if
   * only UDP is published, that one. Known from the making of the container on, and its own until
   * it is closed.
   *
   * @throws RuncibleException NOT_FOUND if the container does not publish it
   */
  public int hostPort(int containerPort) {
    return published(containerPort).hostPort();
  }

  /**
   * Where a client on this host connects to, to reach a published port; the loopback address if it
   * is published on all addresses. Otherwise as {@link #hostPort}.
   */
  public InetSocketAddress hostAddress(int containerPort) {
    PortBinding binding = published(containerPort);
    InetAddress address = binding.hostAddress();
    return new InetSocketAddress(
        address.isAnyLocalAddress() ? PortBinding.tcp(containerPort).hostAddress() : address,
        binding.hostPort());
  }

  private PortBinding published(int containerPort) {
    return ports().stream()
        .filter(binding -> binding.containerPort() == containerPort)
        .min(Comparator.comparing(PortBinding::protocol))
        .orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.NOT_FOUND,
                    "container "
                        + id()
                        + " does not publish port "
                        + containerPort
                        + ", but "
                        + ports()));
  }

  /** The chainIds of its image. */
  List<String> chain() {
    return record.chain();
  }

  /** What it does. */
  public ContainerState state() {
    synchronized (this) {
      if (closed) {
        return ContainerState.REMOVED;
      }
      adoptIfStarted();
      if (init == null) {
        return ContainerState.CREATED;
      }
      if (isRunning() && init.isBetweenRuns() && !hasNoPolicy()) {
        return ContainerState.RESTARTING;
      }
      if (isRunning()) {
        return control.isPaused() ? ContainerState.PAUSED : ContainerState.RUNNING;
      }
    }
    return lifecycle.isRestarting() ? ContainerState.RESTARTING : ContainerState.STOPPED;
  }

  private boolean hasNoPolicy() {
    return StoredRestart.of(directory, record).equals(RestartPolicy.NO);
  }

  /** All that there is to know of it. */
  public ContainerDetails inspect() {
    requireOpen();
    BundleConfig config = BundleConfig.read(directory);
    return new ContainerDetails(
        id(),
        name(),
        record.image(),
        created(),
        state(),
        pid(),
        lifecycle.runs(),
        lifecycle.restarts(),
        lifecycle.health(),
        config.command(),
        config.mountPoints(),
        config.limits(),
        labels(),
        config.annotations(),
        isDetached(),
        StoredRestart.of(directory, record),
        endpoints(),
        ports(),
        config.setup(record));
  }

  /** Its places on bridge networks. */
  List<NetworkEndpoint> endpoints() {
    return parts.networks().list().stream()
        .flatMap(
            network ->
                network.members().stream()
                    .filter(member -> member.containerId().equals(id()))
                    .map(
                        member ->
                            new NetworkEndpoint(
                                network.name(),
                                member.device(),
                                member.addresses(),
                                member.names())))
        .toList();
  }

  /** Whether it has a volume, by its name, or something mounted at a path. */
  boolean hasMounted(String nameOrPath) {
    return nameOrPath.startsWith("/")
        ? BundleConfig.read(directory).mountPoints().contains(nameOrPath)
        : parts
            .volumes()
            .find(nameOrPath)
            .map(volume -> volume.users().contains(id()))
            .orElse(false);
  }

  ContainerDirectory directory() {
    return directory;
  }

  void publish(EngineEvent event) {
    lifecycle.publish(event);
  }

  void tellCreated() {
    lifecycle.publish(new EngineEvent.Created(created(), id(), record.image()));
  }

  boolean isDetached() {
    return record.detached();
  }

  private synchronized boolean isPrepared() {
    return prepared != null;
  }

  synchronized boolean isStarted() {
    adoptIfStarted();
    return init != null;
  }

  synchronized void onClose(Runnable action) {
    onClose = action;
  }

  /**
   * Has the runtime make the container now, so that {@link #start()}, which otherwise takes tens of
   * milliseconds, has only to let its program go. A process of the runtime waits in the container
   * until then. What is mounted is as it is now. Returns when all is made; no effect if it was
   * before.
   *
   * <p>Nobody is the parent of such a container's process, and the kernel alone tells how it ended,
   * when somebody has reaped it. So this is without effect before Linux 6.15 and on a host whose
   * first process does not reap orphans at once, except with {@link Stdio#DIRECT}, which puts up
   * with that; and for a detached container, one with a terminal, a log of {@link LogPolicy#cri} or
   * a namespace of another container or the host. Then the start does it all.
   *
   * @throws RuncibleException FAILED_PRECONDITION if it was started before, otherwise as {@link
   *     #start()}
   */
  public synchronized void prepare() {
    requireOpen();
    requireNotStarted();
    if (prepared == null && ProcessStarts.canPrepare(record, stdio)) {
      connection.prepare();
      prepared = ProcessStarts.prepare(parts, directory, record, stdio);
    }
    if (prepared != null) {
      prepared.awaitPrepared();
    }
  }

  /**
   * Starts the program. Returns when it runs.
   *
   * @throws RuncibleException NOT_FOUND or PERMISSION_DENIED if the container has no such program
   *     or it may not be executed, FAILED_PRECONDITION if it was started before, if detached by any
   *     engine, otherwise what the runtime says; the container is then still to be closed
   */
  public ContainerProcess start() {
    requireOpen();
    requireNotStarted();
    return alone(this::startNow);
  }

  private synchronized ContainerProcess startNow() {
    requireOpen();
    requireNotStarted();
    return begin();
  }

  private synchronized void requireNotStarted() {
    adoptIfStarted();
    if (init != null) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "container " + id() + " was started before; restart it instead");
    }
  }

  /**
   * Of several engines that have a container only one starts it. What waits for another engine here
   * keeps nobody of this one waiting: it has not this container's own lock.
   */
  private ContainerProcess alone(Supplier<ContainerProcess> beginning) {
    if (!isDetached()) {
      return beginning.get();
    }
    LockFile lock = LockFile.acquire(directory.startLock(), true, LONGEST_BEGINNING);
    try {
      if (ContainerRemover.isOfAnother(directory, record)) {
        throw removed();
      }
      return beginning.get();
    } finally {
      lock.close();
    }
  }

  private <T> T counted(EngineOperation operation, Supplier<T> work) {
    return parts.tasks().operations().run(operation, id(), work);
  }

  private ContainerProcess begin() {
    return counted(EngineOperation.START, this::beginRun);
  }

  private ContainerProcess beginRun() {
    StartedProcess started = run();
    Runnable onEnd = connection.started(started, this::addresses);
    started.process().onExit().whenComplete((status, failure) -> onEnd.run());
    lifecycle.started(started.process(), Instant.now(), false);
    return started.process();
  }

  private StartedProcess run() {
    StartedProcess started = prepared;
    if (started != null) {
      prepared = null;
      init = started;
      started.letGo();
      return started;
    }
    if (isDetached() && !RootDirectories.isMounted(parts.host().visible(directory.rootfs()))) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "container "
              + id()
              + " cannot be started: its root file system is not mounted any more, as after a"
              + " restart of the machine; remove it and make another one");
    }
    connection.prepare();
    started = ProcessStarts.run(parts, directory, record, stdio, connection.held());
    init = started;
    started.awaitStart();
    return started;
  }

  /**
   * Stops it, if it runs, and starts it again, with the files that it has by now; one that was
   * never started is started. What it writes is added to its logs. Its {@link #process()} is a new
   * one, and what it was executing beside that has ended.
   *
   * @param grace as in {@link #stop}
   * @throws RuncibleException as {@link #start}
   */
  public ContainerProcess restart(Duration grace) {
    requireOpen();
    lifecycle.stopWanted();
    if (isRunning()) {
      stopSomehow(grace);
    }
    // Not under the lock, for which somebody who hears of the end may wait.
    lifecycle.awaitTold();
    return alone(this::restartNow);
  }

  private synchronized ContainerProcess restartNow() {
    requireOpen();
    return isStarted() ? beginAgain() : startNow();
  }

  /** How it ends does not matter, and may not be known. */
  private void stopSomehow(Duration grace) {
    try {
      stop(grace);
    } catch (RuncibleException e) {
      if (e.kind() != ErrorKind.NOT_FOUND || isRunning()) {
        throw e;
      }
    }
  }

  private ContainerProcess beginAgain() {
    StartedProcess before = started();
    if (before.process().isAlive()) {
      throw startedMeanwhile();
    }
    return beginAfter(before);
  }

  private ContainerProcess beginAfter(StartedProcess before) {
    boolean runs = isDetached() && DetachedMonitor.runs(directory);
    closeExecs();
    before.release();
    if (runs) {
      // From now on it is the run of another engine that this one knows.
      init = null;
      adoptIfStarted();
      throw startedMeanwhile();
    }
    remover.clear(directory, record);
    return begin();
  }

  private RuncibleException startedMeanwhile() {
    return new RuncibleException(
        ErrorKind.FAILED_PRECONDITION, "container " + id() + " has been started meanwhile");
  }

  /** Unless somebody stopped or removed it meanwhile. */
  void startByPolicy() {
    try {
      lifecycle.awaitTold();
      synchronized (this) {
        if (!closed && lifecycle.isRestarting()) {
          beginAgain();
        }
      }
    } catch (RuntimeException e) {
      LOG.warn("{} cannot be restarted", this, e);
      lifecycle.restartFailed();
    }
  }

  int restarts() {
    return lifecycle.restarts();
  }

  boolean isRestarting() {
    return lifecycle.isRestarting();
  }

  /** What its health checks say; {@link Health.Status#NONE} without any, and unless it runs. */
  public Health health() {
    return lifecycle.health();
  }

  void requireHealthCheck() {
    if (record.options().health() == null) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "container " + id() + " has no health check");
    }
  }

  /** Executes a check of its health; tells nobody. */
  ContainerProcess execCheck(List<String> command) {
    return exec(ExecSpec.builder(command.toArray(String[]::new)).build(), true);
  }

  /** It is whole, and does not end with this engine: anyone may start and remove it. */
  synchronized void letLive() {
    parts.watchdog().remove(record);
    entry.ifPresent(Journal.Entry::done);
    entry = Optional.empty();
  }

  /** Takes over a detached container that another engine has started, perhaps just now. */
  synchronized void adoptIfStarted() {
    if (init != null || closed || !isDetached() || !directory.wasStarted()) {
      return;
    }
    StartedProcess adopted = ProcessStarts.adopt(parts, directory, record);
    init = adopted;
    lifecycle.started(adopted.process(), directory.startTime(), true);
  }

  /**
   * The first process.
   *
   * @throws RuncibleException FAILED_PRECONDITION before the start
   */
  public ContainerProcess process() {
    return started().process();
  }

  private synchronized StartedProcess started() {
    adoptIfStarted();
    StartedProcess started = init;
    if (started == null) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "container " + id() + " has not been started");
    }
    return started;
  }

  /** Whether the first process runs. */
  public synchronized boolean isRunning() {
    adoptIfStarted();
    return init != null && !closed && init.process().isAlive();
  }

  /** The number of the first process on the host, while it runs. */
  public OptionalInt pid() {
    return isRunning() ? started().pid() : OptionalInt.empty();
  }

  /** Waits for the end of the first process; see {@link ContainerProcess#waitFor()}. */
  public ExitStatus waitFor() {
    return process().waitFor();
  }

  /** Waits for the end of the first process, at most so long. */
  public Optional<ExitStatus> waitFor(Duration limit) {
    return process().waitFor(limit);
  }

  /**
   * Gives the caller streams of its own to the first process as it is now: what that writes from
   * now on, and with {@link Stdio#INTERACTIVE} its input and the size of its terminal. Any number
   * of callers may be attached at once, and those of other engines to a detached container.
   *
   * @return the caller closes it, which leaves the container as it is
   * @throws RuncibleException FAILED_PRECONDITION if it does not run, or was made with {@link
   *     Stdio#PIPED} or {@link Stdio#DIRECT}, so that its output is the starter's alone
   */
  public Attachment attach() {
    requireRunning("attach to it");
    return process().attach();
  }

  /** What the container has written. */
  public Logs logs() {
    return new Logs(directory, record.options().logPolicy(), this::mayWrite);
  }

  private boolean mayWrite() {
    return isRunning() || isRestarting();
  }

  /** Its files. */
  public ContainerFiles files() {
    return new ContainerFiles(parts, directory, record, this);
  }

  /**
   * Makes an image of its image and what it has changed since, without what is mounted in it. It is
   * paused meanwhile, unless it belongs to an ordinary user. Equal changes make equal images, if
   * {@link ImageConfig.Builder#created} is set: no file of the new layer is later than that.
   * Blocks.
   *
   * @param name of the new image in the store; another one of that name loses it
   * @param change changes the configuration, which begins as that of its image
   * @throws RuncibleException NOT_FOUND if its image is not whole in the store any more,
   *     UNSUPPORTED on a file system that no overlay lies on, FAILED_PRECONDITION if files changed
   *     meanwhile
   */
  public Image commit(String name, Consumer<ImageConfig.Builder> change) {
    return commit(ImageReference.parse(name), change, Map.of());
  }

  /** The same with the files of volumes, by where they are mounted. */
  Image commit(
      ImageReference name, Consumer<ImageConfig.Builder> change, Map<String, Path> volumes) {
    requireOpen();
    boolean paused = isRunning() && !parts.host().rootless() && control.pause();
    try {
      return new Commit(parts.images(), files(), directory, record).run(name, change, volumes);
    } finally {
      if (paused) {
        control.resume();
      }
    }
  }

  /** The files of the volumes that go with it, by where they are mounted. */
  Map<String, Path> ownVolumes() {
    Map<String, Path> own = BundleConfig.read(directory).sources();
    own.values().removeIf(source -> !parts.volumes().isDataOf(source, record));
    return own;
  }

  /** The root as its first process sees it; empty if there is none. */
  Optional<FileDescriptor> openRoot() {
    OptionalInt pid = pid();
    if (pid.isEmpty()) {
      return Optional.empty();
    }
    StartedProcess started = started();
    try {
      FileDescriptor root =
          FileCalls.openDirectory(Path.of("/proc", String.valueOf(pid.getAsInt()), "root"));
      // Asked after it was opened: the number was still of this process.
      if (started.hasProcess()) {
        return Optional.of(root);
      }
      root.close();
    } catch (NativeException e) {
      if (started.hasProcess()) {
        throw e;
      }
    }
    return Optional.empty();
  }

  /** Starts a program in the container, as {@link #exec(ExecSpec)} with nothing else set. */
  public ContainerProcess exec(String... command) {
    return exec(ExecSpec.builder(command).build());
  }

  /**
   * Starts a program in the container, with the limits and capabilities of the container. Returns
   * when it runs.
   *
   * @return the process, owned by the container
   * @throws RuncibleException NOT_FOUND or PERMISSION_DENIED if the container has no such program
   *     or user, INVALID_INPUT if its user namespace lacks the user, FAILED_PRECONDITION if the
   *     container does not run, otherwise what the runtime says
   */
  public ContainerProcess exec(ExecSpec spec) {
    ContainerProcess process = counted(EngineOperation.EXEC, () -> exec(spec, false));
    lifecycle.executing(process, spec.command());
    return process;
  }

  private ContainerProcess exec(ExecSpec spec, boolean merged) {
    requireRunning("execute '" + spec.command().get(0) + "'");
    if (control.isPaused()) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "cannot execute '" + spec.command().get(0) + "': container " + id() + " is paused");
    }
    StartedProcess started =
        ProcessStarts.exec(parts, directory, record, spec, merged, running::remove);
    try {
      running.add(started);
      started.awaitStart();
      requireOpen();
      return started.process();
    } catch (RuntimeException e) {
      started.process().close();
      throw e;
    }
  }

  /**
   * Sends a signal to the first process. A paused container gets it when it is resumed; SIGKILL and
   * its stop signal resume it.
   *
   * @param signal a name such as {@code SIGHUP}, or a number
   * @return false if it does not run
   */
  public boolean kill(String signal) {
    ContainerProcess process = process();
    int number = Signals.parse(signal);
    if (number == Signals.KILL) {
      lifecycle.stopWanted();
      awaitRun(process, LONGEST_START.toNanos());
    }
    return send(process, number);
  }

  private boolean send(ContainerProcess process, int signal) {
    boolean ends = signal == Signals.KILL || signal == record.stopSignal();
    if (ends) {
      lifecycle.stopWanted();
    }
    boolean sent = process.sendSignal(signal);
    if (ends && control.resume()) {
      lifecycle.publish(new EngineEvent.Resumed(Instant.now(), id()));
    }
    return sent;
  }

  /** The same as {@link #stop(Duration)} within {@link #stopTimeout()}. */
  public ExitStatus stop() {
    return stop(stopTimeout());
  }

  /** How long {@link #stop()} waits before the kill: what its spec says, otherwise 10 s. */
  public Duration stopTimeout() {
    return record.options().stopTimeout();
  }

  /**
   * Asks the first process to end, by the stop signal of the spec or the image, and kills it when
   * the time is up. A paused container is resumed for it.
   *
   * @return how it ended
   * @throws RuncibleException NOT_FOUND if it has ended and nobody knows how, as {@link
   *     Stdio#DIRECT} has it
   */
  public ExitStatus stop(Duration grace) {
    return counted(EngineOperation.STOP, () -> stopWithin(grace));
  }

  private ExitStatus stopWithin(Duration grace) {
    ContainerProcess process = process();
    long patience = grace.compareTo(LONGEST_GRACE) < 0 ? grace.toNanos() : LONGEST_GRACE.toNanos();
    long begin = System.nanoTime();
    lifecycle.stopWanted();
    awaitRun(process, patience);
    send(process, record.stopSignal());
    Optional<ExitStatus> ended =
        process.waitFor(Duration.ofNanos(Math.max(0, patience - (System.nanoTime() - begin))));
    while (ended.isEmpty()) {
      // Again, as its monitor may have been starting another run, which had no process yet.
      send(process, Signals.KILL);
      ended = process.waitFor(AGAIN);
    }
    return ended.get();
  }

  /** Waits until a monitor that is about to start another run has done so, or has ended. */
  private void awaitRun(ContainerProcess process, long nanos) {
    long begin = System.nanoTime();
    while (started().isBetweenRuns()
        && System.nanoTime() - begin < nanos
        && process.waitFor(AGAIN).isEmpty()) {
      // The wait is in the condition.
    }
  }

  /**
   * Stops all its processes where they are, until {@link #resume()}; no effect if it is paused.
   * Blocks until they have stopped.
   *
   * @throws RuncibleException FAILED_PRECONDITION if it does not run, UNSUPPORTED for an ordinary
   *     user's container, which has no control group
   */
  public void pause() {
    requireRunning("pause it");
    if (control.pause()) {
      lifecycle.publish(new EngineEvent.Paused(Instant.now(), id()));
    }
  }

  /**
   * Lets its processes go on; no effect if it is not paused.
   *
   * @throws RuncibleException FAILED_PRECONDITION if it does not run
   */
  public void resume() {
    requireRunning("resume it");
    if (control.resume()) {
      lifecycle.publish(new EngineEvent.Resumed(Instant.now(), id()));
    }
  }

  /** Whether it is paused. */
  public boolean isPaused() {
    return isRunning() && control.isPaused();
  }

  /**
   * Changes its limits, also for its next start; what is not set stays.
   *
   * @throws RuncibleException FAILED_PRECONDITION if more memory is in use, UNSUPPORTED for an
   *     ordinary user's container, which has no control group
   */
  public void update(Limits limits) {
    requireOpen();
    control.update(limits, isRunning() || isPrepared());
    lifecycle.publish(new EngineEvent.Updated(Instant.now(), id(), limits));
  }

  /**
   * Changes any of its limits, also for its next start; what is not set stays. Limits of devices
   * replace all those of its next start, and now those of the same kind and device. Blocks.
   *
   * @throws RuncibleException as {@link #update(Limits)}; UNSUPPORTED also for what this host or
   *     its control group has no controller for, PERMISSION_DENIED for what the kernel refuses
   */
  public void update(Resources resources) {
    requireOpen();
    control.update(resources, isRunning() || isPrepared());
    Limits limits = BundleConfig.read(directory).limits();
    lifecycle.publish(new EngineEvent.Updated(Instant.now(), id(), limits));
  }

  /**
   * Changes its restart policy, from its next end on: a container that does not run is not started
   * by it, and one that waits for a restart is not restarted any more with {@link
   * RestartPolicy#NO}. That of a detached container counts for its monitor, too, so that nobody has
   * to be there.
   *
   * <pre>{@code
   * container.update(RestartPolicy.onFailure(3));
   * }</pre>
   *
   * @throws RuncibleException INVALID_INPUT for any but {@link RestartPolicy#NO} with {@link
   *     Stdio#DIRECT}, and for a detached container with a namespace of another container, as at
   *     its making
   */
  public void update(RestartPolicy policy) {
    requireOpen();
    if (!policy.equals(RestartPolicy.NO)) {
      ContainerSpec.requireRestartable(stdio);
      SharedNamespaces.requireRestartable(record);
    }
    StoredRestart.write(directory, policy);
    lifecycle.restart(policy);
    Limits limits = BundleConfig.read(directory).limits();
    lifecycle.publish(new EngineEvent.Updated(Instant.now(), id(), limits));
  }

  /**
   * What it uses and has used. After its end, until it is removed, what its runtime leaves of that:
   * runc all, crun nothing.
   *
   * @throws RuncibleException FAILED_PRECONDITION if nothing is left or it was never started,
   *     UNSUPPORTED for an ordinary user's container, which has no control group
   */
  public ContainerStats stats() {
    requireOpen();
    return control.stats(pid());
  }

  /**
   * What it uses, read at an interval on a thread that the engine has for all that it does by
   * itself; the first time now.
   *
   * @param interval 10 ms at least
   * @return the caller closes it
   * @throws RuncibleException FAILED_PRECONDITION if it does not run, INVALID_INPUT for a shorter
   *     interval, UNSUPPORTED as {@link #stats()}
   */
  public StatsStream stats(Duration interval) {
    requireRunning("measure it");
    StatsStream stream = StatsStream.begin(parts.tasks(), id(), interval, this::stats);
    if (!isRunning()) {
      // Its end may have been told before the stream could hear of it.
      stream.close();
    }
    return stream;
  }

  /**
   * The processes in it, in the order of their numbers on the host.
   *
   * @throws RuncibleException FAILED_PRECONDITION if it does not run
   */
  public List<ProcessInfo> top() {
    requireRunning("list its processes");
    OptionalInt pid = pid();
    return pid.isPresent() ? control.processes(pid.getAsInt()) : List.of();
  }

  private void requireRunning(String what) {
    requireOpen();
    if (!isRunning()) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "cannot " + what + ": container " + id() + " does not run");
    }
  }

  /**
   * Waits until the container is ready.
   *
   * @throws RuncibleException TIMEOUT when the limit ran out, FAILED_PRECONDITION when the
   *     container ended before; both with the last of its output
   */
  public void awaitReady(Ready ready) {
    new ReadyWait(this, ready, !stdio.isPiped()).run();
  }

  synchronized void requireOpen() {
    if (closed) {
      throw removed();
    }
  }

  private RuncibleException removed() {
    return new RuncibleException(
        ErrorKind.FAILED_PRECONDITION, "container " + id() + " was removed");
  }

  /** Lets go of a detached container without removing it. */
  synchronized void release() {
    closed = true;
    lifecycle.release();
    closeExecs();
    if (init != null) {
      init.release();
    }
    // Also after a start that failed.
    connection.release();
  }

  /**
   * Kills what runs in the container and removes the container with all that it wrote. Idempotent;
   * an interrupt does not stop it, and the flag stays set.
   */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      adoptIfStarted();
      closed = true;
    }
    lifecycle.stopWanted();
    try {
      counted(
          EngineOperation.REMOVE,
          () -> {
            Uninterrupted.run(parts.threads(), this::remove);
            return this;
          });
      lifecycle.publish(new EngineEvent.Removed(Instant.now(), id()));
    } finally {
      connection.close();
      onClose.run();
    }
  }

  private void remove() {
    Journal.Entry removal =
        entry.orElseGet(
            () -> parts.journal().record(ContainerRemover.KIND, ContainerRemover.facts(record)));
    StartedProcess started = init == null ? prepared : init;
    try {
      if (started != null) {
        started.end(control::resume);
      }
      closeExecs();
      boolean mayBeStarting = started == null ? isDetached() : started.mayBeStarting();
      if (mayBeStarting && !ContainerRemover.isOfAnother(directory, record)) {
        // It never came to run; a runtime may be about to.
        remover.endRuntimes(directory);
      }
      // Its files are among those to be removed.
      connection.close();
      remover.remove(directory, record, started != null && started.isKnownToHaveEnded());
    } finally {
      if (started != null) {
        started.release();
        lifecycle.awaitTold();
      }
    }
    parts.watchdog().remove(record);
    removal.done();
  }

  private void closeExecs() {
    List.copyOf(running).forEach(exec -> exec.process().close());
  }

  @Override
  public String toString() {
    return "container " + id() + " of " + record.image();
  }
}
