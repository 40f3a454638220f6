package io.runcible.engine;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.RuncibleException;
import io.runcible.ffi.Architecture;
import io.runcible.ffi.FileDescriptor;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@linkplain ExecAgent agents} of a container: one for each user and set of rights that
 * something is executed with again and again. What is executed once in a while has none, and what
 * one cannot start the runtime does, which also finds the words for why it cannot be.
 */
final class ExecAgents {
  /** Whoever executes something within this time after the last one does so again. */
  private static final Duration AGAIN = Duration.ofSeconds(5);

  /** How long an agent stays that has nothing to do. */
  private static final Duration IDLE = Duration.ofSeconds(10);

  private static final Duration ENDING = Duration.ofSeconds(2);

  private static final int MOST = 4;

  /** After so many that did not work or were ended there is no other one. */
  private static final int MAX_FAILURES = 2;

  /** What makes one exec differ from another of the same user and rights. */
  private static final List<String> OWN = List.of("args", "env", "cwd", "consoleSize");

  private final EngineParts parts;
  private final ContainerDirectory directory;
  private final ContainerRecord record;
  private final Map<ObjectNode, Use> uses = new HashMap<>();

  /** Whose runtime has not been reaped, also those that nobody uses any more. */
  private final Set<AgentStart.Made> alive = ConcurrentHashMap.newKeySet();

  /** Whose end is not known. */
  private final Set<Started> children = ConcurrentHashMap.newKeySet();

  private OptionalInt first = OptionalInt.empty();
  private boolean closed;

  /** What is executed with certain rights. */
  private static final class Use {
    private long last = System.nanoTime() - AGAIN.toNanos();
    private int running;
    private int failures;
    private boolean starting;
    private boolean expires;
    private AgentStart.@Nullable Made made;

    /** Whether it says nothing about what comes next. */
    private boolean isForgotten() {
      return made == null
          && !starting
          && running == 0
          && System.nanoTime() - last >= AGAIN.toNanos();
    }
  }

  /** A process that runs, for whoever started it to follow. */
  final class Started {
    private final Use use;
    private final ExecAgent agent;
    private final ExecAgent.Child child;

    private Started(Use use, ExecAgent agent, ExecAgent.Child child) {
      this.use = use;
      this.agent = agent;
      this.child = child;
    }

    ExecAgent agent() {
      return agent;
    }

    ExecAgent.Child child() {
      return child;
    }

    /** Its end is known, or nobody will know it. Idempotent. */
    void ended() {
      if (children.remove(this)) {
        child.process().close();
        leave(use);
      }
    }
  }

  ExecAgents(EngineParts parts, ContainerDirectory directory, ContainerRecord record) {
    this.parts = parts;
    this.directory = directory;
    this.record = record;
  }

  /**
   * Starts a process, if there is an agent for it.
   *
   * @param now the first process of the container
   * @param process as the runtime is told of it
   * @param streams its descriptors 0 to 2
   * @return empty if the runtime is to do it
   */
  Optional<Started> start(OptionalInt now, ObjectNode process, List<FileDescriptor> streams) {
    List<String> paths = ExecProcess.paths(process);
    if (process.path("terminal").asBoolean() || paths.isEmpty() || !canStart()) {
      return Optional.empty();
    }
    Use use;
    ExecAgent agent;
    synchronized (this) {
      use = closed ? null : use(now, rights(process));
      agent = use == null ? null : agent(use, process);
      if (use == null || agent == null) {
        return Optional.empty();
      }
      use.running++;
    }
    Optional<ExecAgent.Child> child = Optional.empty();
    try {
      child =
          agent.start(
              paths,
              ExecProcess.words(process.path("args")),
              ExecProcess.words(process.path("env")),
              process.path("cwd").asText(),
              streams);
      Optional<Started> started = child.map(one -> new Started(use, agent, one));
      started.ifPresent(children::add);
      return started;
    } finally {
      if (child.isEmpty()) {
        leave(use);
      }
    }
  }

  /** The runtime has started a process, which has ended. A slow one takes longer than all else. */
  synchronized void ended(ObjectNode process) {
    Use use = uses.get(rights(process));
    if (use != null) {
      use.last = System.nanoTime();
    }
  }

  private synchronized void leave(Use use) {
    use.running--;
    expireLater(use, IDLE);
  }

  /** A namespace of others outlives the container, and with it would what is in it. */
  private boolean canStart() {
    Map<String, String> namespaces = record.options().namespaces();
    return ProcessStarts.canCreate(parts)
        && Architecture.ofThisHost().isPresent()
        && (namespaces == null || !namespaces.containsKey("pid"));
  }

  private static ObjectNode rights(ObjectNode process) {
    return process.deepCopy().remove(OWN);
  }

  /** Null for one too many. */
  private @Nullable Use use(OptionalInt now, ObjectNode rights) {
    if (!now.equals(first)) {
      forget();
      first = now;
    }
    if (!uses.containsKey(rights) && uses.size() >= MOST) {
      uses.values().removeIf(Use::isForgotten);
    }
    return uses.size() >= MOST ? uses.get(rights) : uses.computeIfAbsent(rights, key -> new Use());
  }

  /** Null if there is none, and one is started if that pays. */
  private @Nullable ExecAgent agent(Use use, ObjectNode process) {
    boolean again = !use.isForgotten();
    use.last = System.nanoTime();
    AgentStart.Made made = use.made;
    if (made != null && !made.agent().isOpen()) {
      made.agent().close();
      use.made = null;
      use.failures++;
      return null;
    }
    if (made == null && again && !use.starting && use.failures < MAX_FAILURES) {
      use.starting = true;
      String namespace = ProcessTable.namespace(first.orElse(0));
      // Not here, also if the engine closes just now.
      var unused = parts.tasks().after(Duration.ZERO, () -> begin(use, process, namespace));
    }
    return made == null ? null : made.agent();
  }

  private void begin(Use use, ObjectNode process, String namespace) {
    AgentStart.Made made = null;
    try {
      made = new AgentStart(parts, directory, record).start(process, namespace);
    } catch (RuncibleException e) {
      log().debug("what is executed in {} is started by the runtime", directory.id(), e);
    } finally {
      if (!keep(use, made) && made != null) {
        // Here: the engine that closes waits for who does this, and nobody reaps after that.
        made.agent().close();
        await(made.gone());
      }
    }
  }

  /** Keeps the one that was made; returns false if there is none, or it comes too late. */
  private synchronized boolean keep(Use use, AgentStart.@Nullable Made made) {
    use.starting = false;
    if (made == null) {
      use.failures++;
    } else if (uses.containsValue(use)) {
      use.made = made;
      alive.add(made);
      var unused = made.gone().thenRun(() -> alive.remove(made));
      expireLater(use, IDLE);
      return true;
    }
    return false;
  }

  /** One look for each agent, however often it is used. */
  private void expireLater(Use use, Duration delay) {
    if (!use.expires && use.running == 0 && use.made != null) {
      use.expires = true;
      var unused = parts.tasks().after(delay, () -> expire(use));
    }
  }

  private synchronized void expire(Use use) {
    use.expires = false;
    long left = IDLE.toNanos() - (System.nanoTime() - use.last);
    if (left > 0) {
      expireLater(use, Duration.ofNanos(left));
    } else if (use.running == 0 && use.made != null) {
      use.made.agent().close();
      use.made = null;
    }
  }

  /** The numbers of the agents, which are nothing that somebody has executed. */
  synchronized Set<Integer> pids() {
    Set<Integer> pids = new HashSet<>();
    for (Use use : uses.values()) {
      if (use.made != null) {
        pids.add(use.made.agent().pid());
      }
    }
    return pids;
  }

  private synchronized void forget() {
    for (Use use : uses.values()) {
      if (use.made != null) {
        use.made.agent().close();
      }
    }
    uses.clear();
  }

  /** There will be no other ones. */
  synchronized void refuse() {
    closed = true;
  }

  /** Ends those that are there. Returns when they are gone, unless the container stands still. */
  void end() {
    forget();
    List.copyOf(alive).forEach(made -> await(made.gone()));
  }

  /** Of what is left, in a container that stands still, nobody will hear. */
  void letGo() {
    List.copyOf(children).forEach(Started::ended);
    // Others end by themselves, and before their runtimes, which reap them.
    if (!alive.isEmpty() && new ContainerControl(parts, directory, record).isPaused()) {
      List<AgentStart.Made> left = List.copyOf(alive);
      left.forEach(AgentStart.Made::end);
      left.forEach(made -> await(made.gone()));
    }
  }

  /** Not to be interrupted. */
  private static void await(Future<Boolean> gone) {
    long deadline = System.nanoTime() + ENDING.toNanos();
    boolean interrupted = false;
    while (!gone.isDone() && System.nanoTime() - deadline < 0) {
      try {
        gone.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      } catch (ExecutionException | TimeoutException e) {
        // It is looked again.
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(ExecAgents.class);
  }
}
