package io.runcible.runtime;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.Fifo;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.PidFd;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.ProcessStat;
import io.runcible.ffi.Spawn;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** runc, crun and whatever else has their command line. */
final class RuncRuntime implements OciRuntime {
  /** Of the command of a process, as much as says whose it is. */
  private static final int MAX_COMMAND = 4200;

  private static final Path PROC = Path.of("/proc");
  private static final int SIGKILL = 9;

  /** There as long as the first process waits to be started. */
  private static final String EXEC_FIFO = "exec.fifo";

  private final Info info;
  private final List<String> launcher;
  private final Path stateRoot;
  private final PrivilegedHost host;
  private final Cgroups cgroups;
  private final CgroupPlace place;
  private final RecentStarts starts =
      new RecentStarts(Runtime.getRuntime().availableProcessors(), System::nanoTime);

  private RuncRuntime(
      Info info,
      List<String> launcher,
      Path stateRoot,
      PrivilegedHost host,
      Cgroups cgroups,
      CgroupPlace place) {
    this.info = info;
    this.launcher = List.copyOf(launcher);
    this.stateRoot = stateRoot;
    this.host = host;
    this.cgroups = cgroups;
    this.place = place;
  }

  static RuncRuntime open(String program, Path stateRoot, PrivilegedHost host, Cgroups cgroups) {
    return open(program, List.of(), stateRoot, host, cgroups);
  }

  /** With a command that is put before the program, as a wrapper for tests. */
  static RuncRuntime open(
      String program, List<String> wrapper, Path stateRoot, PrivilegedHost host, Cgroups cgroups) {
    Path path =
        Spawn.findProgram(program)
            .orElseThrow(
                () ->
                    new RuncibleException(
                        ErrorKind.UNSUPPORTED,
                        "the OCI runtime '" + program + "' is not installed" + hint(program)));
    List<String> launcher = new ArrayList<>(wrapper);
    launcher.add(path.toString());
    Path root = stateRoot.toAbsolutePath();
    try {
      Files.createDirectories(
          root, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot create the runtime's state directory '" + root + "'", e);
    }
    Info info = RuntimeVersion.of(host, launcher, path, new RuntimeAnswers(root));
    return new RuncRuntime(info, launcher, root, host, cgroups, CgroupPlace.top(cgroups));
  }

  /** Others than these two come from elsewhere. */
  private static String hint(String program) {
    return Stream.of("crun", "runc")
        .filter(program::contains)
        .findFirst()
        .map(name -> "; on Debian and Ubuntu: apt-get install " + name)
        .orElse("");
  }

  /** The same runtime with control groups in another place. */
  RuncRuntime in(CgroupPlace place) {
    return new RuncRuntime(info, launcher, stateRoot, host, cgroups, place);
  }

  @Override
  public RuncRuntime within(Path network) {
    List<String> entered = new ArrayList<>(List.of("nsenter", "--net=" + network, "--"));
    entered.addAll(launcher);
    return new RuncRuntime(info, entered, stateRoot, host, cgroups, place);
  }

  @Override
  public Info info() {
    return info;
  }

  @Override
  public List<String> warnings() {
    return info.warnings();
  }

  @Override
  public List<String> runCommand(RunRequest request) {
    // Its control group is needed after its end, to see whether memory ran out.
    boolean keeps = keepsCgroup() && !request.othersEnd();
    return runCommand("run", request, keeps ? List.of("--keep") : List.of());
  }

  private List<String> runCommand(String verb, RunRequest request, List<String> options) {
    List<String> command = command(request.log(), verb);
    command.addAll(List.of("--bundle", request.bundle().directory().toString()));
    command.addAll(List.of("--pid-file", request.pidFile().toString()));
    command.addAll(options);
    command.add(request.id());
    return command;
  }

  @Override
  public List<String> execCommand(ExecRequest request) {
    return execCommand(request, ownScore(request), List.of());
  }

  private List<String> execCommand(ExecRequest request, OptionalInt score, List<String> options) {
    List<String> command = command(request.log(), "exec");
    command.addAll(options);
    command.addAll(List.of("--process", request.processFile().toString()));
    command.addAll(List.of("--pid-file", request.pidFile().toString()));
    command.add(request.id());
    return host.command(score.isPresent() ? OomScore.command(score.getAsInt(), command) : command);
  }

  /** Of a process that the runtime starts without the score that it is to have. */
  private OptionalInt ownScore(ExecRequest request) {
    return info.name().equals("crun") ? OomScore.of(request.processFile()) : OptionalInt.empty();
  }

  private List<String> command(Path log, String verb) {
    List<String> command = new ArrayList<>(launcher);
    command.addAll(List.of("--root", stateRoot.toString()));
    command.addAll(List.of("--log", log.toString(), "--log-format", "json"));
    if (place.manager() == CgroupManager.SYSTEMD) {
      command.add("--systemd-cgroup");
    }
    command.add(verb);
    return command;
  }

  @Override
  public ChildProcess run(RunRequest request) {
    return start(host.command(runCommand(request)), request.stdio());
  }

  @Override
  public ChildProcess create(RunRequest request) {
    return start(host.command(runCommand("create", request, List.of())), request.stdio());
  }

  @Override
  public void start(String id, PidFd process) {
    Path fifo = directory(id).resolve(EXEC_FIFO);
    if (!Files.exists(fifo)) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "container '" + id + "' does not wait for its start");
    }
    // All that "start" does, which takes some ms to come to it.
    if (isOfVersion1("runc")) {
      takeByte(id, fifo, process);
    } else if (isOfVersion1("crun") && !new Bundle(directory(id)).hasHooks(Hook.Stage.POSTSTART)) {
      giveByte(id, fifo);
    } else {
      List<String> command = new ArrayList<>(launcher);
      command.addAll(List.of("--root", stateRoot.toString(), "start", id));
      RuntimeCommand.call(host, command, "cannot start container '" + id + "'");
    }
  }

  private boolean isOfVersion1(String name) {
    return info.name().equals(name) && info.version().startsWith("1.");
  }

  private static void takeByte(String id, Path fifo, PidFd process) {
    if (!Fifo.awaitByte(fifo, process)) {
      throw endedBefore(id);
    }
    try {
      Files.deleteIfExists(fifo);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot remove '" + fifo + "'", e);
    }
  }

  /** crun, which copies the configuration there, waits for a byte of a FIFO without a name. */
  private static void giveByte(String id, Path fifo) {
    try (OutputStream out = Fifo.writer(fifo).orElseThrow(() -> endedBefore(id))) {
      Files.deleteIfExists(fifo);
      out.write(0);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot start container '" + id + "' by '" + fifo + "'", e);
    }
  }

  private static RuncibleException endedBefore(String id) {
    return new RuncibleException(
        ErrorKind.FAILED_PRECONDITION, "container '" + id + "' has ended before its start");
  }

  @Override
  public ChildProcess exec(ExecRequest request) {
    return exec(request, List.of());
  }

  @Override
  public ChildProcess exec(ExecRequest request, List<FileDescriptor> passed) {
    OptionalInt score = ownScore(request);
    List<String> options =
        passed.isEmpty() ? List.of() : List.of("--preserve-fds", String.valueOf(passed.size()));
    List<String> command = execCommand(request, score, options);
    Spawn spawn = spawn(command, request.stdio(), score.isEmpty());
    for (int i = 0; i < passed.size(); i++) {
      spawn.descriptor(3 + i, passed.get(i));
    }
    return spawn.start();
  }

  private ChildProcess start(List<String> command, Stdio stdio) {
    return spawn(command, stdio, true).start();
  }

  /**
   * A command of the runtime.
   *
   * @param directly whether the runtime is what is started, and may be a sealed copy
   */
  private Spawn spawn(List<String> command, Stdio stdio, boolean directly) {
    Spawn spawn = Spawn.of(command, environment());
    if (directly && launcher.size() == 1) {
      spawn.from(host.sealedCopy(info.program()));
    }
    if (stdio.stdin() != null) {
      spawn.descriptor(0, stdio.stdin());
    }
    if (stdio.stdout() != null) {
      spawn.descriptor(1, stdio.stdout());
    }
    if (stdio.stderr() != null) {
      spawn.descriptor(2, stdio.stderr());
    }
    if (stdio.terminal() != null) {
      spawn.terminal(stdio.terminal());
    }
    return spawn;
  }

  /**
   * runc spreads over several threads, which costs time where no processor is free. It takes the
   * variable from itself before it becomes the container's process.
   */
  private Map<String, String> environment() {
    if (!info.name().equals("runc") || !starts.add()) {
      return place.environment();
    }
    Map<String, String> environment = new HashMap<>(place.environment());
    environment.put("GOMAXPROCS", "1");
    return environment;
  }

  @Override
  public Optional<RuncibleException> failure(RunRequest request) {
    return failure(
        "cannot start container '" + request.id() + "'",
        request.pidFile(),
        request.log(),
        request.bundle().config(),
        "/process");
  }

  @Override
  public Optional<RuncibleException> failure(ExecRequest request) {
    return failure(
        "cannot start a process in container '" + request.id() + "'",
        request.pidFile(),
        request.log(),
        request.processFile(),
        "");
  }

  /** Both runtimes write the pid file when all is prepared; only the last exec can still fail. */
  private static Optional<RuncibleException> failure(
      String what, Path pidFile, Path log, Path file, String process) {
    List<String> errors = RuntimeFailures.errors(log);
    if (Files.exists(pidFile)) {
      List<String> ofExec = errors.stream().filter(RuncRuntime::isLateExecFailure).toList();
      return ofExec.isEmpty() ? Optional.empty() : Optional.of(RuntimeFailures.of(what, ofExec));
    }
    return Optional.of(
        errors.isEmpty()
            ? withoutMessage(what, log)
            : RuntimeFailures.of(what, errors, file, process));
  }

  /** A runtime opens its log before all else. */
  private static RuncibleException withoutMessage(String what, Path log) {
    return Files.exists(log)
        ? new RuncibleException(
            ErrorKind.INTERNAL,
            what
                + ": the runtime ended before the program started, without a message; it was"
                + " killed")
        : new RuncibleException(
            ErrorKind.UNAVAILABLE,
            what
                + ": the runtime could not write '"
                + log
                + "', or was killed at once; see the space and permissions there");
  }

  /** crun's words for it. */
  private static boolean isLateExecFailure(String error) {
    return error.startsWith("exec container process") || error.startsWith("exec: ");
  }

  /** In runc it is "runc init"; crun has none that a signal would end. */
  @Override
  public boolean isStarting(int pid) {
    try (InputStream read = Files.newInputStream(Path.of("/proc/" + pid + "/cmdline"))) {
      byte[] command = read.readNBytes(MAX_COMMAND);
      String[] words = new String(command, StandardCharsets.UTF_8).split("\0", 3);
      return words.length > 1
          && words[1].equals("init")
          && words[0].endsWith(String.valueOf(info.program().getFileName()));
    } catch (IOException e) {
      // It has ended.
      return false;
    }
  }

  @Override
  public Optional<RuntimeState> state(String id) {
    return stateFile(id).map(state -> state(id, state));
  }

  private RuntimeState state(String id, StateFile file) {
    boolean alive = isAlive(file);
    RuntimeState.Status status;
    if (!alive) {
      status = RuntimeState.Status.STOPPED;
    } else if (Files.exists(directory(id).resolve(EXEC_FIFO))) {
      status = RuntimeState.Status.CREATED;
    } else if (file.cgroup().map(Cgroup::isFrozen).orElse(false)) {
      status = RuntimeState.Status.PAUSED;
    } else {
      status = RuntimeState.Status.RUNNING;
    }
    return new RuntimeState(
        id, status, alive ? file.pid() : 0, file.startTime(), file.created(), file.bundle());
  }

  @Override
  public OptionalInt pid(String id) {
    Optional<StateFile> file = stateFile(id).filter(RuncRuntime::isAlive);
    return file.isPresent() ? OptionalInt.of(file.get().pid()) : OptionalInt.empty();
  }

  private static boolean isAlive(StateFile file) {
    OptionalLong start = ProcessStat.startOf(PROC.resolve(String.valueOf(file.pid())));
    return file.pid() > 0 && start.isPresent() && start.getAsLong() == file.startTime();
  }

  @Override
  public Optional<Cgroup> cgroup(String id) {
    return stateFile(id).flatMap(StateFile::cgroup);
  }

  private Optional<StateFile> stateFile(String id) {
    return StateFile.read(directory(id), cgroups);
  }

  private Path directory(String id) {
    return stateRoot.resolve(SpecChecks.id(id));
  }

  @Override
  public boolean kill(String id, int signal, boolean all) {
    return stateFile(id).map(state -> kill(state, signal, all)).orElse(false);
  }

  private boolean kill(StateFile state, int signal, boolean all) {
    if (!all || state.cgroup().isEmpty()) {
      return signalFirst(state, signal);
    }
    boolean reached = false;
    for (int pid : state.cgroup().get().pids()) {
      try (PidFd process = PidFd.open(pid).orElse(null)) {
        // The number may be another process's by now.
        if (process != null && state.cgroup().get().pids().contains(pid)) {
          reached |= host.signal(process, signal);
        }
      }
    }
    return reached;
  }

  private boolean signalFirst(StateFile state, int signal) {
    if (state.pid() <= 0) {
      return false;
    }
    try (PidFd process = PidFd.open(state.pid()).orElse(null)) {
      // Opened first: what is seen alive after that is what the descriptor names.
      return process != null && isAlive(state) && host.signal(process, signal);
    }
  }

  @Override
  public void delete(String id, boolean force) {
    Optional<StateFile> state = force ? readable(id) : stateFile(id);
    if (state.isPresent()) {
      if (!force && isAlive(state.get())) {
        throw new RuncibleException(
            ErrorKind.FAILED_PRECONDITION,
            "container '" + id + "' runs; stop it first, or delete it by force");
      }
      signalFirst(state.get(), SIGKILL);
      state.get().cgroup().ifPresent(group -> group.end(host));
      state
          .get()
          .bundle()
          .map(Bundle::new)
          .filter(RuncRuntime::hasStopHooks)
          .ifPresent(bundle -> deleteByProgram(id));
    }
    // What the runtimes keep there is files alone.
    removeDirectory(directory(id));
  }

  @Override
  public void deleteEnded(String id, Bundle bundle) {
    if (hasStopHooks(bundle)) {
      delete(id, true);
    } else {
      removeDirectory(directory(id));
    }
  }

  private static boolean hasStopHooks(Bundle bundle) {
    return bundle.hasHooks(Hook.Stage.POSTSTOP);
  }

  /** The program knows how hooks are run. A hook that fails keeps no container in place. */
  private void deleteByProgram(String id) {
    List<String> command = new ArrayList<>(launcher);
    command.addAll(List.of("--root", stateRoot.toString(), "delete", "--force", id));
    try {
      RuntimeCommand.call(host, command, "container '" + id + "' is removed");
    } catch (RuncibleException e) {
      log().warn("{}", e.getMessage());
    }
  }

  /** A power cut can leave half a file, of a container that it has ended. */
  private Optional<StateFile> readable(String id) {
    try {
      return stateFile(id);
    } catch (RuncibleException e) {
      if (e.kind() == ErrorKind.CORRUPT_DATA) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static void removeDirectory(Path directory) {
    try {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
        for (Path file : files) {
          Files.deleteIfExists(file);
        }
      }
      Files.deleteIfExists(directory);
    } catch (NoSuchFileException e) {
      // Gone already.
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION, "cannot remove the state in '" + directory + "'", e);
    }
  }

  @Override
  public void pause(String id) {
    requireCgroup(id).freeze();
  }

  @Override
  public void resume(String id) {
    requireCgroup(id).thaw();
  }

  private Cgroup requireCgroup(String id) {
    StateFile state =
        stateFile(id)
            .orElseThrow(
                () ->
                    new RuncibleException(
                        ErrorKind.NOT_FOUND, "there is no container '" + id + "'"));
    return state
        .cgroup()
        .orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.UNSUPPORTED,
                    "container '"
                        + id
                        + "' has no control group, so it cannot be paused or limited"));
  }

  @Override
  public void update(String id, Resources resources) {
    requireCgroup(id).update(resources);
  }

  @Override
  public String features() {
    List<String> command = new ArrayList<>(launcher);
    command.add("features");
    return RuntimeCommand.call(host, command, "cannot ask " + info.name() + " for its features");
  }

  @Override
  public List<String> list() {
    List<String> ids = new ArrayList<>();
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(stateRoot, entry -> Files.isDirectory(entry))) {
      entries.forEach(entry -> ids.add(entry.getFileName().toString()));
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot list the containers in '" + stateRoot + "'", e);
    }
    ids.sort(null);
    return ids;
  }

  private static Logger log() {
    return LoggerFactory.getLogger(RuncRuntime.class);
  }
}
