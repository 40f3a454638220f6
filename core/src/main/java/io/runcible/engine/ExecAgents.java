package io.runcible.engine;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Architecture;
import io.runcible.ffi.FileDescriptor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@linkplain ExecAgent agents} of a container: one for each user and set of rights that
 * something is executed with again and again. What is executed once in a while has none, and what
 * one cannot start the runtime does, which also finds the words for why it cannot be.
 */
final class ExecAgents {
  /** Whoever executes twice within this time does so again. */
  private static final Duration AGAIN = Duration.ofSeconds(5);

  /** How long an agent stays that has nothing to do. */
  private static final Duration IDLE = Duration.ofSeconds(10);

  private static final int MOST = 4;

  /** After so many that did not work or were ended there is no other one. */
  private static final int MAX_FAILURES = 2;

  /** What makes one exec differ from another of the same user and rights. */
  private static final List<String> OWN = List.of("args", "env", "cwd", "consoleSize");

  private final EngineParts parts;
  private final ContainerDirectory directory;
  private final ContainerRecord record;
  private final Map<ObjectNode, Use> uses = new HashMap<>();
  private OptionalInt first = OptionalInt.empty();
  private boolean closed;

  /** What is executed with certain rights. */
  private static final class Use {
    private long last;
    private int running;
    private int failures;
    private boolean starting;
    private boolean expires;
    private @Nullable ExecAgent agent;

    private Use(long now) {
      last = now - AGAIN.toNanos();
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

    /** Its end is known, or nobody will know it. */
    void ended() {
      synchronized (ExecAgents.this) {
        use.running--;
        expireLater(use, IDLE);
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
    boolean started = false;
    try {
      Optional<ExecAgent.Child> child =
          agent.start(
              paths,
              ExecProcess.words(process.path("args")),
              ExecProcess.words(process.path("env")),
              process.path("cwd").asText(),
              streams);
      started = child.isPresent();
      return child.map(one -> new Started(use, agent, one));
    } finally {
      if (!started) {
        new Started(use, agent, null).ended();
      }
    }
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
      end();
      first = now;
    }
    Use known = uses.get(rights);
    if (known == null && uses.size() < MOST) {
      known = new Use(System.nanoTime());
      uses.put(rights, known);
    }
    return known;
  }

  /** Null if there is none, and one is started if that pays. */
  private @Nullable ExecAgent agent(Use use, ObjectNode process) {
    long now = System.nanoTime();
    boolean again = now - use.last < AGAIN.toNanos();
    use.last = now;
    ExecAgent agent = use.agent;
    if (agent != null && !agent.isOpen()) {
      agent.close();
      use.agent = null;
      use.failures++;
      return null;
    }
    if (agent == null && again && !use.starting && use.failures < MAX_FAILURES) {
      use.starting = true;
      parts.tasks().elsewhere(() -> begin(use, process));
    }
    return agent;
  }

  private void begin(Use use, ObjectNode process) {
    ExecAgent made = null;
    try {
      made = make(process);
    } catch (RuncibleException e) {
      log().debug("what is executed in {} is started by the runtime", directory.id(), e);
    }
    synchronized (this) {
      use.starting = false;
      if (made == null) {
        use.failures = MAX_FAILURES;
      } else if (closed || !uses.containsValue(use)) {
        made.close();
      } else {
        use.agent = made;
        expireLater(use, IDLE);
      }
    }
  }

  private ExecAgent make(ObjectNode process) {
    if (!Orphans.areReaped()) {
      throw new RuncibleException(ErrorKind.UNSUPPORTED, "nobody reaps orphans");
    }
    return AgentStart.start(parts, directory, record, process);
  }

  /** One look for each agent, however often it is used. */
  private void expireLater(Use use, Duration delay) {
    if (!use.expires && use.running == 0 && use.agent != null) {
      use.expires = true;
      var unused = parts.tasks().after(delay, () -> expire(use));
    }
  }

  private synchronized void expire(Use use) {
    use.expires = false;
    ExecAgent agent = use.agent;
    long left = IDLE.toNanos() - (System.nanoTime() - use.last);
    if (left > 0) {
      expireLater(use, Duration.ofNanos(left));
    } else if (use.running == 0 && agent != null) {
      use.agent = null;
      agent.close();
    }
  }

  /** The numbers of the agents, which are nothing that somebody has executed. */
  synchronized Set<Integer> pids() {
    Set<Integer> pids = new HashSet<>();
    for (Use use : uses.values()) {
      if (use.agent != null) {
        pids.add(use.agent.pid());
      }
    }
    return pids;
  }

  /** Ends those that are there. */
  synchronized void end() {
    for (Use use : new ArrayList<>(uses.values())) {
      if (use.agent != null) {
        use.agent.close();
      }
    }
    uses.clear();
  }

  /** Ends them; there will be no other one. */
  synchronized void close() {
    closed = true;
    end();
  }

  private static Logger log() {
    return LoggerFactory.getLogger(ExecAgents.class);
  }
}
