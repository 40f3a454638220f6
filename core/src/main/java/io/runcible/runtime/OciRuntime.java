package io.runcible.runtime;

import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.PidFd;
import io.runcible.ffi.PrivilegedHost;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A program that runs one prepared bundle: runc or one with the same command line. It is started
 * for run and exec alone; state is read from its files, signals go by pid descriptors, and pausing
 * and limits are the control group's. Thread-safe.
 *
 * <p>A container lives from {@link #run} or {@link #create} to {@link #delete}: its state and its
 * control group stay after its end, so that it can be seen why it ended. (crun removes them by
 * itself.)
 */
@SuppressWarnings("exports")
public interface OciRuntime {
  /**
   * Finds a runtime and asks for its version. A known escape of that version is logged as a
   * warning, once for each program in a JVM. Blocks for some milliseconds.
   *
   * @param program a name such as {@code runc}, or a path
   * @param stateRoot the directory of the runtime's state, created if it is not there; runtimes
   *     that share it must not have containers of the same id
   * @param host where the runtime is started
   * @throws RuncibleException UNSUPPORTED if it is not installed or is no OCI runtime
   */
  static OciRuntime open(String program, Path stateRoot, PrivilegedHost host) {
    return RuncRuntime.open(program, stateRoot, host, Cgroups.detect());
  }

  /**
   * The same, for containers whose control groups are in a certain place.
   *
   * @param limits what this host can do
   */
  static OciRuntime open(String program, Path stateRoot, PrivilegedHost host, HostLimits limits) {
    return RuncRuntime.open(program, List.of(), stateRoot, host, limits.cgroups())
        .in(limits.place());
  }

  /**
   * What a runtime says of itself.
   *
   * @param name {@code runc}, {@code crun} or what it calls itself
   * @param version its version, as it writes it
   * @param specVersion the version of the runtime specification
   * @param program where it is
   * @param features what it says that it was built with, such as {@code SECCOMP}; runc says nothing
   */
  record Info(String name, String version, String specVersion, Path program, Set<String> features) {
    /** Copies the features. */
    public Info {
      features = Set.copyOf(features);
    }

    /** Known container escapes of this version, a sentence each. */
    public List<String> warnings() {
      return RuntimeVersion.warnings(this);
    }
  }

  /**
   * Asks a runtime for its version. Blocks for some milliseconds.
   *
   * @param program its absolute path
   * @param host where it is started
   * @throws RuncibleException UNSUPPORTED if it is no OCI runtime
   */
  static Info ask(Path program, PrivilegedHost host) {
    return RuntimeVersion.ask(program, host);
  }

  /**
   * The first three descriptors of a process; they stay the caller's, to be closed after the start.
   *
   * @param stdin its input; null for {@code /dev/null}
   * @param stdout its output; null for {@code /dev/null}
   * @param stderr its error output; null for {@code /dev/null}
   * @param terminal a terminal of the host instead of all three. The process gets one of its own,
   *     if {@link ProcessSpec#terminal()} says so, and the runtime passes on between the two
   */
  record Stdio(
      @Nullable FileDescriptor stdin,
      @Nullable FileDescriptor stdout,
      @Nullable FileDescriptor stderr,
      @Nullable Path terminal) {
    /** Without a terminal. */
    public Stdio(
        @Nullable FileDescriptor stdin,
        @Nullable FileDescriptor stdout,
        @Nullable FileDescriptor stderr) {
      this(stdin, stdout, stderr, null);
    }

    /** A terminal. */
    public static Stdio terminal(Path device) {
      return new Stdio(null, null, null, device);
    }

    /** Everything is {@code /dev/null}. */
    public static Stdio none() {
      return new Stdio(null, null, null);
    }
  }

  /**
   * A container to start.
   *
   * @param id its id, unique in the state root
   * @param bundle its bundle
   * @param pidFile where the runtime writes the pid once the process runs; must not exist
   * @param log where the runtime writes its errors; must not exist
   * @param stdio its descriptors
   * @param othersEnd whether the runtime ends the other processes of the container when the first
   *     one has ended, because the kernel does not: it shares its pid namespace
   */
  record RunRequest(
      String id, Bundle bundle, Path pidFile, Path log, Stdio stdio, boolean othersEnd) {
    /**
     * Checks the id.
     *
     * @throws RuncibleException INVALID_INPUT for an id that is no file name
     */
    public RunRequest {
      SpecChecks.id(id);
    }

    /** A request with {@code pid} and {@code runtime.log} in the directory of the bundle. */
    public static RunRequest of(String id, Bundle bundle, Stdio stdio) {
      Path directory = bundle.directory();
      return new RunRequest(
          id, bundle, directory.resolve("pid"), directory.resolve("runtime.log"), stdio, false);
    }

    /** The same with {@link #othersEnd}. */
    public RunRequest withOthersEnd(boolean ends) {
      return new RunRequest(id, bundle, pidFile, log, stdio, ends);
    }
  }

  /**
   * A process to start in a running container.
   *
   * @param id the container
   * @param processFile the process, as {@link ProcessSpec#toJson()}
   * @param pidFile where the runtime writes the pid once the process runs; must not exist
   * @param log where the runtime writes its errors; must not exist
   * @param stdio its descriptors
   */
  record ExecRequest(String id, Path processFile, Path pidFile, Path log, Stdio stdio) {
    /**
     * Checks the id.
     *
     * @throws RuncibleException INVALID_INPUT for an id that is no file name
     */
    public ExecRequest {
      SpecChecks.id(id);
    }

    /**
     * A request with all its files in one directory, which belongs to this process alone. Writes
     * the process there.
     *
     * @param directory an existing directory that only its owner may enter
     */
    public static ExecRequest in(Path directory, String id, ProcessSpec process, Stdio stdio) {
      Path processFile = directory.resolve("process.json");
      Bundle.writeFile(processFile, process.toJson());
      return new ExecRequest(
          id, processFile, directory.resolve("pid"), directory.resolve("runtime.log"), stdio);
    }
  }

  /** What it is. */
  Info info();

  /**
   * The same, whose commands run in a network namespace of an ordinary user: a container without
   * one of its own is in it. A container with another user namespace than the one that owns it
   * cannot have it as its own, since runc's processes join the container's user namespace first,
   * and have no right to the other one there.
   *
   * @param network the file that keeps it, where the runtime runs
   */
  OciRuntime within(Path network);

  /** Known container escapes of this version, a sentence each. */
  List<String> warnings();

  /**
   * The whole command of {@link #run}, for a monitor that runs it in the foreground, and for an
   * ordinary user in the same user namespace.
   */
  List<String> runCommand(RunRequest request);

  /** The whole command of {@link #exec}. */
  List<String> execCommand(ExecRequest request);

  /**
   * Starts a container and returns at once. The child is the runtime; it ends when the container
   * does, with its exit code, or 128 and the number of the signal that ended it. {@link
   * #failure(RunRequest)} then tells whether it was the container that ended so.
   *
   * @return the child; the caller waits for it and closes it
   */
  ChildProcess run(RunRequest request);

  /**
   * Makes a container without starting its program, and returns at once. The child is the runtime;
   * it ends with 0 when a process of its own, of which nobody in this process is the parent, waits
   * in the container for {@link #start}. Otherwise {@link #failure(RunRequest)} tells why not.
   *
   * @return the child; the caller waits for it and closes it
   */
  ChildProcess create(RunRequest request);

  /**
   * Has the process that waits in a container become the program. Returns when it is about to, or
   * has. What then can still fail is the last exec, of which the kernel alone can say it: a script
   * without interpreter, a binary of another machine. Such a failure is on the error output of the
   * container, {@link #failure(RunRequest)} is empty, and the process ends with another code than
   * 0.
   *
   * @param process that process
   * @throws RuncibleException FAILED_PRECONDITION if it does not wait, since it was started before
   *     or has ended
   */
  void start(String id, PidFd process);

  /**
   * Starts a process in a running container and returns at once, as {@link #run}.
   *
   * @return the child; the caller waits for it and closes it
   */
  ChildProcess exec(ExecRequest request);

  /**
   * The same with further descriptors, from 3 on.
   *
   * @param passed open in the process, whether their files are in the container or not
   */
  ChildProcess exec(ExecRequest request, List<FileDescriptor> passed);

  /**
   * After the end of {@link #run}: the runtime's own failure, when the program never ran. Its kind
   * is NOT_FOUND if there is no such program in the container, PERMISSION_DENIED if it may not be
   * executed, FAILED_PRECONDITION if it is not for this machine, UNSUPPORTED or another for what
   * the host refuses. Empty if the exit code is the program's.
   *
   * <p>runc (not crun) reports a script without interpreter and a binary of another machine on the
   * error output of the container, with exit code 1, and not here.
   */
  Optional<RuncibleException> failure(RunRequest request);

  /** After the end of {@link #exec}, as {@link #failure(RunRequest)}. */
  Optional<RuncibleException> failure(ExecRequest request);

  /**
   * Whether a process is still the runtime's own, about to become the program that it was started
   * for: a signal may end it that the program would handle, or, as the first of a container, never
   * hear of.
   */
  boolean isStarting(int pid);

  /**
   * The state of a container; empty if the runtime has none of this id. Of one that {@link #run}
   * starts, crun writes it when the program runs already.
   */
  Optional<RuntimeState> state(String id);

  /**
   * The number of the first process of a container on the host; empty once it has ended, or if
   * there is no such container. May be cheaper than {@link #state}.
   */
  default OptionalInt pid(String id) {
    int pid = state(id).map(RuntimeState::pid).orElse(0);
    return pid > 0 ? OptionalInt.of(pid) : OptionalInt.empty();
  }

  /** The control group of a container; empty if it has none, or there is no such container. */
  Optional<Cgroup> cgroup(String id);

  /** Whether the control group of a container stays when it ends, until it is deleted. */
  default boolean keepsCgroup() {
    return info().name().equals("runc");
  }

  /**
   * Sends a signal to the first process, or to all of them.
   *
   * @return false if the container is not running
   */
  boolean kill(String id, int signal, boolean all);

  /**
   * Removes a container's control group and state. No error if there is none. Blocks until it is
   * gone.
   *
   * @param force kill what still runs in it, and do not mind state that cannot be read
   * @throws RuncibleException FAILED_PRECONDITION if it runs and {@code force} is false
   */
  void delete(String id, boolean force);

  /**
   * As {@link #delete} by force, for a container of whose processes it is known that they have
   * ended: its state is not read, and its control group is left to the caller.
   */
  void deleteEnded(String id, Bundle bundle);

  /**
   * Stops all processes of a container. Blocks until they have stopped.
   *
   * @throws RuncibleException NOT_FOUND, or UNSUPPORTED if it has no control group with a freezer
   */
  void pause(String id);

  /**
   * Lets the processes of a container go on.
   *
   * @throws RuncibleException as {@link #pause}
   */
  void resume(String id);

  /**
   * Changes the limits of a running container; what is not set stays.
   *
   * @throws RuncibleException NOT_FOUND, or as {@link Cgroup#update}
   */
  void update(String id, Resources resources);

  /**
   * What the runtime can do, the JSON of its {@code features} command. Blocks.
   *
   * @throws RuncibleException UNSUPPORTED if it has no such command
   */
  String features();

  /** The ids of the containers in the state root. */
  List<String> list();
}
