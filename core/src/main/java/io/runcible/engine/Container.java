package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.FileDescriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.network.BridgeNetworks;
import io.runcible.network.NetworkClient;
import io.runcible.network.PortBinding;
import io.runcible.runtime.Resources;
import io.runcible.state.Journal;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * A container. {@link #close()} removes it with all it wrote. Thread-safe.
 *
 * <p>Made by {@link ContainerEngine#run} or {@link ContainerEngine#create}, or found by {@link
 * ContainerEngine#find} if it is detached.
 */
public final class Container implements AutoCloseable {
  private final EngineParts parts;
  private final ContainerDirectory directory;
  private final ContainerRecord record;
  private final Stdio stdio;
  private final ContainerControl control;
  private final Lifecycle lifecycle;
  private final ContainerExecs execs;
  private final FirstProcess first;
  private final ContainerStop stop;
  private final ContainerEnding ending;
  private final ContainerInspection inspection;

  Container(
      EngineParts parts,
      ContainerRemover remover,
      ContainerDirectory directory,
      ContainerRecord record,
      Stdio stdio,
      Optional<Journal.Entry> entry,
      ContainerConnection connection) {
    this.parts = parts;
    this.directory = directory;
    this.record = record;
    this.stdio = stdio;
    this.control = new ContainerControl(parts, directory, record);
    this.lifecycle = new Lifecycle(parts, record, this);
    this.execs = new ContainerExecs(parts, directory, record, control, lifecycle);
    MadeContainer made = new MadeContainer(parts, remover, directory, record, connection);
    this.first = new FirstProcess(made, stdio, lifecycle, execs);
    this.stop = new ContainerStop(parts, record, control, lifecycle, first);
    this.ending = new ContainerEnding(made, entry, control, lifecycle, execs, first);
    this.inspection = new ContainerInspection(parts, directory, record);
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
  public void rename(String name) {
    first.whileOpen(
        () -> {
          SpecRules.requireName(name);
          new ContainerNames(parts.containers()).rename(directory, name);
          lifecycle.publish(new EngineEvent.Renamed(Instant.now(), id(), name));
        });
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
    boolean ofUser = parts.host().rootless() && !BridgeNetworks.isShared(directory.path());
    if (ofUser || !Files.exists(directory.networkNamespace())) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          "container " + id() + " was not made with a bridge network, and cannot join one now");
    }
    return ContainerNetwork.client(parts, directory, record, List.of());
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
    return inspection.published(containerPort).hostPort();
  }

  /**
   * Where a client on this host connects to, to reach a published port; the loopback address if it
   * is published on all addresses. Otherwise as {@link #hostPort}.
   */
  public InetSocketAddress hostAddress(int containerPort) {
    return inspection.hostAddress(containerPort);
  }

  /** The chainIds of its image. */
  List<String> chain() {
    return record.chain();
  }

  /** What it does. */
  public ContainerState state() {
    return first.state(control);
  }

  /** All that there is to know of it. */
  public ContainerDetails inspect() {
    requireOpen();
    return inspection.details(this, lifecycle);
  }

  /** Its places on bridge networks. */
  List<NetworkEndpoint> endpoints() {
    return inspection.endpoints();
  }

  /** Whether it has a volume, by its name, or something mounted at a path. */
  boolean hasMounted(String nameOrPath) {
    return inspection.hasMounted(nameOrPath);
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

  boolean isStarted() {
    return first.isStarted();
  }

  void onClose(Runnable action) {
    ending.onClose(action);
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
  public void prepare() {
    first.prepare();
  }

  /**
   * Starts the program. Returns when it runs. A start of a detached container that another engine
   * is at, or was when it was killed, is waited for, two minutes at most; what it came to is
   * returned.
   *
   * @throws RuncibleException TIMEOUT if that takes longer; NOT_FOUND or PERMISSION_DENIED if the
   *     container has no such program or it may not be executed, NOT_FOUND also if another engine
   *     has removed it, FAILED_PRECONDITION if it was started before, if detached by any engine,
   *     otherwise what the runtime says; the container is then still to be closed
   */
  public ContainerProcess start() {
    try {
      return first.start();
    } catch (RuntimeException e) {
      // A start that fails is an end, too.
      removeIfEnded();
      throw e;
    }
  }

  /**
   * Starts the program, and attaches the caller to it from its first output on, however soon it
   * ends, also where it is then {@linkplain ContainerSpec.Builder#autoRemove removed}.
   *
   * @return the caller closes it, which leaves the container as it is
   * @throws RuncibleException as {@link #start()} and {@link #attach()}
   */
  public Attachment startAttached() {
    Runnable read = AutoRemoval.whileRead(directory, record);
    try {
      return start().attachFromStart();
    } finally {
      read.run();
    }
  }

  /** Begins to remove it, if it is to go by itself, once it is found to have ended. */
  void removeIfEnded() {
    ending.removeIfEnded();
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
    first.awaitBegun();
    if (record.options().autoRemove()) {
      return restartAtOnce(grace);
    }
    endForRestart(grace);
    return first.restart();
  }

  /** Nobody removes it between the one and the other. */
  private ContainerProcess restartAtOnce(Duration grace) {
    try {
      return first.restart(() -> endForRestart(grace));
    } catch (RuntimeException e) {
      removeIfEnded();
      throw e;
    }
  }

  private void endForRestart(Duration grace) {
    lifecycle.stopWanted();
    if (isRunning()) {
      stop.somehow(grace);
    }
    // Not under its own lock, for which somebody who hears of the end may wait.
    lifecycle.awaitTold();
  }

  void startByPolicy() {
    first.startByPolicy();
  }

  int restarts() {
    return lifecycle.restarts();
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
    return execs.check(first, command);
  }

  /** It is whole, and does not end with this engine: anyone may start and remove it. */
  void letLive() {
    ending.letLive();
  }

  /** Takes over a detached container that another engine has started, perhaps just now. */
  void adoptIfStarted() {
    first.adoptIfStarted();
  }

  /**
   * The first process.
   *
   * @throws RuncibleException FAILED_PRECONDITION before the start
   */
  public ContainerProcess process() {
    return first.process();
  }

  /** Whether the first process runs. */
  public boolean isRunning() {
    return first.isRunning();
  }

  /** The number of the first process on the host, while it runs. */
  public OptionalInt pid() {
    return first.pid();
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
   *     Stdio#PIPED} or {@link Stdio#DIRECT}, so that its output is the starter's alone, or with
   *     {@link LogPolicy#NONE}
   */
  public Attachment attach() {
    first.requireRunning("attach to it");
    return process().attach();
  }

  /** What the container has written. */
  public Logs logs() {
    return new Logs(directory, record.options().logPolicy(), this::runsOn);
  }

  /** Whether it runs, or will by its restart policy. */
  boolean runsOn() {
    // It may be restarted between the two looks.
    return isRunning() || lifecycle.isRestarting() || isRunning();
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
   * @throws RuncibleException NOT_FOUND if its image is not whole in the store any more, or it was
   *     removed meanwhile, FAILED_PRECONDITION if files changed meanwhile
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
    return first.openRoot();
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
    return execs.exec(first, spec);
  }

  /**
   * Sends a signal to the first process. A paused container gets it when it is resumed; SIGKILL and
   * its stop signal resume it.
   *
   * @param signal a name such as {@code SIGHUP}, or a number
   * @return false if it does not run
   */
  public boolean kill(String signal) {
    return stop.kill(signal);
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
    return stop.within(grace);
  }

  /**
   * Stops all its processes where they are, until {@link #resume()}; no effect if it is paused.
   * Blocks until they have stopped.
   *
   * @throws RuncibleException FAILED_PRECONDITION if it does not run, UNSUPPORTED for an ordinary
   *     user's container, which has no control group
   */
  public void pause() {
    first.requireRunning("pause it");
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
    first.requireRunning("resume it");
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
   * @throws RuncibleException FAILED_PRECONDITION if more memory is in use; UNSUPPORTED for an
   *     ordinary user's container that has no control group, and for what this host or that group
   *     has no controller for: then all of them stay
   */
  public void update(Limits limits) {
    requireOpen();
    control.update(limits, Resources.none(), isRunning() || first.isPrepared());
    lifecycle.publish(new EngineEvent.Updated(Instant.now(), id(), limits));
  }

  /**
   * Changes any of its limits, also for its next start; what is not set stays. Limits of devices
   * replace all those of its next start, and now those of the same kind and device. Blocks.
   *
   * @throws RuncibleException as {@link #update(Limits)}; PERMISSION_DENIED for what the kernel
   *     refuses
   */
  public void update(Resources resources) {
    update(Limits.unchanged(), resources);
  }

  /**
   * Changes both at once: if the kernel refuses one of all these limits, all of them stay. Where
   * both say something, it is the first that counts.
   *
   * @throws RuncibleException as the one and the other
   */
  public void update(Limits limits, Resources resources) {
    requireOpen();
    control.update(limits, resources, isRunning() || first.isPrepared());
    Limits now = BundleConfig.read(directory).limits();
    lifecycle.publish(new EngineEvent.Updated(Instant.now(), id(), now));
  }

  /**
   * Changes its restart policy, from its next end on: a container that does not run is not started
   * by it, and one that waits for a restart is not restarted any more if that would be one more in
   * a row than the new policy allows. That of a detached container counts for its monitor, too, so
   * that nobody has to be there.
   *
   * <pre>{@code
   * container.update(RestartPolicy.onFailure(3));
   * }</pre>
   *
   * @throws RuncibleException INVALID_INPUT for any but {@link RestartPolicy#NO} with {@link
   *     Stdio#DIRECT}, for a container that is removed once it has ended, and for a detached one
   *     with a namespace of another container, as at its making
   */
  public void update(RestartPolicy policy) {
    requireOpen();
    if (!policy.equals(RestartPolicy.NO)) {
      SpecRules.requireRestartable(stdio);
      SpecRules.requireStays(record.options().autoRemove());
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
    first.requireRunning("measure it");
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
    first.requireRunning("list its processes");
    OptionalInt pid = pid();
    return pid.isPresent() ? control.processes(pid.getAsInt(), execs.agents()) : List.of();
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

  void requireOpen() {
    first.requireOpen();
  }

  /** Lets go of a detached container without removing it, unless it has ended and is to go. */
  void release() {
    if (record.options().autoRemove() && first.hasEnded()) {
      lifecycle.awaitTold();
    }
    ending.awaitRemoval();
    first.release();
    // Its end may have come just now.
    ending.awaitRemoval();
  }

  /**
   * Kills what runs in the container and removes the container with all that it wrote. Idempotent;
   * an interrupt does not stop it, and the flag stays set.
   */
  @Override
  public void close() {
    ending.close();
  }

  @Override
  public String toString() {
    return "container " + id() + " of " + record.image();
  }
}
