package io.runcible.network;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ChildProcess;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.NativeAccess;
import io.runcible.ffi.Pipe;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.ProcessStat;
import io.runcible.ffi.ProcessWatcher;
import io.runcible.ffi.Spawn;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The network of one container of an ordinary user: a network namespace, and a program beside it
 * that makes the connections of the container as the user's own, and brings those to the published
 * ports in. The namespace is there before the container starts, and the program ends with the
 * container or with this process, in whatever way that ends, unless it is {@linkplain #letLive
 * left} to another process. Thread-safe.
 */
public final class UserNetwork implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int PAUSE_MILLIS = 2;
  private static final int MAX_MESSAGE = 600;
  private static final int LIFELINE = 3;

  /**
   * Arguments: the file that the namespace is bound to, whether to make that, the command. Ends the
   * program when its descriptor 3 does. Runs in the directory of the file.
   */
  private static final String SCRIPT =
      """
      namespace=$1 make=$2
      shift 2
      if [ "$make" = true ]; then
        : >"$namespace" && unshare --net="$namespace" -- true || exit 1
      fi
      "$@" 3<&- &
      program=$!
      { read -r end <&3; kill "$program"; } &
      reader=$!
      wait "$program"
      code=$?
      kill "$reader"
      [ "$make" = false ] || umount -l "$namespace"
      exit $code
      """;

  /** Arguments: the directory, the command. */
  private static final String CHILD =
      """
      cd "$1" && echo $$ >network.shell || exit 1
      shift
      exec "$@"
      """;

  /** The same; leaves it to the first process of the host, or who stands for it. */
  private static final String ORPHAN =
      """
      cd "$1" || exit 1
      shift
      "$@" &
      echo $! >network.shell
      """;

  private final PrivilegedHost host;
  private final ProcessWatcher watcher;
  private final UserNetworkProgram program;
  private final Path directory;

  /** Whether its shell is nobody's child, so that no process has to stay and reap it. */
  private final boolean lasting;

  /** Whether the namespace is that of bridge networks, and there. */
  private final boolean beside;

  private List<HostPort> ports;
  private final List<PortBinding> bindings;
  private @Nullable FileDescriptor lifeline;
  private @Nullable CompletableFuture<Boolean> ended;

  private UserNetwork(
      PrivilegedHost host,
      ProcessWatcher watcher,
      UserNetworkProgram program,
      Path directory,
      boolean lasting,
      boolean beside,
      List<HostPort> ports,
      List<PortBinding> bindings) {
    this.lasting = lasting;
    this.beside = beside;
    this.host = host;
    this.watcher = watcher;
    this.program = program;
    this.directory = directory;
    this.ports = ports;
    this.bindings = bindings;
  }

  /**
   * Takes the ports of a network to come.
   *
   * @param directory for its files, which the caller makes and removes
   * @param lasting whether it is to be {@linkplain #letLive left} to another process
   * @param beside whether the container is on bridge networks, which made its namespace, and this
   *     only publishes
   * @throws RuncibleException UNSUPPORTED if this host has no program for it, or the program cannot
   *     publish one of the ports; the message says what is missing. Otherwise as {@link
   *     PortForwarder#reserve}
   */
  @SuppressWarnings("exports")
  public static UserNetwork reserve(
      PrivilegedHost host,
      ProcessWatcher watcher,
      Path directory,
      boolean lasting,
      boolean beside,
      List<PortBinding> wanted) {
    requireOrdinaryUser(!host.rootless());
    UserNetworkProgram program = find(beside);
    program.check(wanted);
    List<HostPort> ports = take(wanted);
    return new UserNetwork(
        host,
        watcher,
        program,
        directory,
        lasting,
        beside,
        ports,
        ports.stream().map(HostPort::binding).toList());
  }

  private static UserNetworkProgram find(boolean beside) {
    return UserNetworkProgram.find(purpose(beside));
  }

  private static String purpose(boolean beside) {
    return beside ? "a published port on a bridge network" : "the network USER";
  }

  private static List<HostPort> take(List<PortBinding> wanted) {
    List<HostPort> ports = new ArrayList<>();
    try {
      for (PortBinding one : wanted) {
        ports.add(HostPort.reserve(one));
      }
      return List.copyOf(ports);
    } catch (RuntimeException e) {
      ports.forEach(HostPort::close);
      throw e;
    }
  }

  /**
   * The network that another process made, and whose program may run.
   *
   * @param beside as in {@link #reserve}
   * @param bindings the ports that it has
   */
  @SuppressWarnings("exports")
  public static UserNetwork adopt(
      PrivilegedHost host,
      ProcessWatcher watcher,
      Path directory,
      boolean beside,
      List<PortBinding> bindings) {
    UserNetworkProgram program = find(beside);
    return new UserNetwork(
        host, watcher, program, directory, true, beside, List.of(), List.copyOf(bindings));
  }

  /**
   * What this host has for it, for a person to read.
   *
   * @throws RuncibleException UNSUPPORTED with what is missing
   */
  public static String describe() {
    requireOrdinaryUser(NativeAccess.isRoot());
    return UserNetworkProgram.find().toString();
  }

  private static void requireOrdinaryUser(boolean root) {
    if (root) {
      throw UserNetworkProgram.unsupported(
          "the network USER is for ordinary users; this process is root and publishes ports without"
              + " it");
    }
  }

  /** The file that the namespace is bound to, while there is one. */
  public static Path namespace(Path directory) {
    return directory.resolve("netns");
  }

  /** The ports, each with the port of the host that it got. */
  public List<PortBinding> bindings() {
    return bindings;
  }

  /** What a container has as {@code /etc/resolv.conf}; empty if there is no program. */
  public static Optional<String> resolverOfThisHost() {
    try {
      return Optional.of(UserNetworkProgram.find().resolvConf(ResolvConf.ofThisHost()));
    } catch (RuncibleException e) {
      return Optional.empty();
    }
  }

  /**
   * Whether it is the way out of a container on bridge networks that publishes these ports.
   *
   * @throws RuncibleException UNSUPPORTED if this host has no program for it
   */
  public static boolean isWayOut(List<PortBinding> ports) {
    return find(true).isWayOut(ports);
  }

  /** What the container has as {@code /etc/resolv.conf}. */
  public String resolvConf() {
    return program.resolvConf(ResolvConf.ofThisHost());
  }

  /**
   * Makes the namespace and starts the program. Blocks until the network works and the ports are
   * served.
   *
   * @throws RuncibleException UNAVAILABLE with what the program said if it does not
   */
  public synchronized void start() {
    stop();
    if (ports.isEmpty()) {
      // None, or left to the program that has just ended.
      ports = take(bindings);
    }
    Path namespace = namespace(directory);
    Path log = directory.resolve("network.log");
    try {
      for (String old : List.of("network.log", "network.pid", "network.sock", "network.shell")) {
        Files.deleteIfExists(directory.resolve(old));
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot prepare '" + directory + "'", e);
    }
    List<String> command =
        new ArrayList<>(List.of("sh", "-c", lasting ? ORPHAN : CHILD, "sh", directory.toString()));
    command.addAll(
        List.of("sh", "-c", SCRIPT, "runcible-network", namespace.toString(), "" + !beside));
    command.addAll(
        beside
            ? program.beside(namespace, directory, bindings)
            : program.command(namespace, directory, bindings));
    ports.forEach(HostPort::share);
    try (FileDescriptor output = FileCalls.createForOutput(log)) {
      launch(command, output);
      awaitReady(log);
    } catch (RuntimeException e) {
      stop();
      throw e;
    } finally {
      ports.forEach(HostPort::unshare);
    }
  }

  private void launch(List<String> command, FileDescriptor output) {
    Pipe pipe = Pipe.open();
    ChildProcess shell;
    try {
      shell =
          host.spawn(command, Spawn.plainEnvironment())
              .descriptor(1, output)
              .descriptor(2, output)
              .descriptor(LIFELINE, pipe.reader())
              .start();
    } catch (RuntimeException e) {
      pipe.close();
      throw e;
    }
    pipe.reader().close();
    lifeline = pipe.writer();
    if (lasting) {
      try (shell) {
        shell.reap();
      }
      return;
    }
    CompletableFuture<Boolean> end = new CompletableFuture<>();
    try {
      watcher.onEnd(
          shell.pidFd(),
          () -> {
            shell.reap();
            shell.close();
            end.complete(true);
          });
    } catch (RuntimeException e) {
      // It sees the end of its lifeline, and nobody else waits for it.
      end();
      reap(shell);
      throw e;
    }
    ended = end;
  }

  private static void reap(ChildProcess shell) {
    try (shell) {
      try {
        var unused = shell.waitFor(LIMIT);
      } finally {
        shell.killAndWait();
      }
    }
  }

  private void awaitReady(Path log) {
    CompletableFuture<Boolean> end = ended;
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!program.ready(directory, bindings)) {
      if (end == null ? !isThere() : end.isDone()) {
        throw failure("ended at once", log);
      }
      if (System.nanoTime() > deadline) {
        throw failure("is not ready after " + LIMIT, log);
      }
      pause();
    }
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RuncibleException(
          ErrorKind.CANCELLED, "interrupted while a network was started", e);
    }
  }

  private RuncibleException failure(String what, Path log) {
    return new RuncibleException(
        ErrorKind.UNAVAILABLE,
        "the program for " + purpose(beside) + ", " + program + ", " + what + ": " + said(log));
  }

  /** Without the lines that only say that there is no system log. */
  static String said(Path log) {
    try {
      String text =
          String.join(
              "; ",
              Files.readString(log, StandardCharsets.ISO_8859_1)
                  .lines()
                  .filter(line -> !line.isBlank() && !line.endsWith("bytes to syslog"))
                  .toList());
      String printable = text.replaceAll("[^ -~]", "?");
      return printable.substring(Math.max(0, printable.length() - MAX_MESSAGE));
    } catch (IOException e) {
      return "it said nothing";
    }
  }

  /**
   * What keeps the program that was started: it ends when nobody has this open any more, here or in
   * another process.
   */
  @SuppressWarnings("exports")
  public synchronized FileDescriptor lifeline() {
    return java.util.Objects.requireNonNull(lifeline);
  }

  /** Leaves the program to who else has its lifeline, and the ports to the program. */
  public synchronized void letLive() {
    end();
    ports.forEach(HostPort::close);
    ports = List.of();
  }

  /** Ends the program, soon. The ports stay taken. */
  public void end() {
    FileDescriptor line;
    synchronized (this) {
      line = lifeline;
    }
    if (line != null) {
      line.close();
    }
  }

  /** Ends the program and waits until it has. */
  private void stop() {
    end();
    CompletableFuture<Boolean> end = ended;
    if (end == null) {
      awaitEndOfOrphan();
      lifeline = null;
      return;
    }
    boolean interrupted = false;
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!end.isDone() && System.nanoTime() < deadline) {
      try {
        end.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
        log().warn("{} does not end", program, e);
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    ended = null;
    lifeline = null;
  }

  /** Perhaps one that another process started, whose lifeline has ended with its container. */
  private void awaitEndOfOrphan() {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (isThere() && System.nanoTime() < deadline) {
      pause();
    }
  }

  private boolean isThere() {
    try {
      String shell = Files.readString(directory.resolve("network.shell")).strip();
      Path process = Path.of("/proc", shell);
      byte[] line = Files.readAllBytes(process.resolve("cmdline"));
      // It has none while it becomes another program.
      return line.length == 0
          ? ProcessStat.of(process).map(stat -> !stat.hasEnded()).orElse(false)
          : new String(line, StandardCharsets.UTF_8)
              .contains("runcible-network\0" + namespace(directory) + "\0");
    } catch (IOException | java.nio.file.InvalidPathException e) {
      return false;
    }
  }

  /** Ends the program and lets go of the ports. Idempotent. */
  @Override
  public synchronized void close() {
    try {
      stop();
    } finally {
      ports.forEach(HostPort::close);
    }
  }

  private static Logger log() {
    return LoggerFactory.getLogger(UserNetwork.class);
  }
}
