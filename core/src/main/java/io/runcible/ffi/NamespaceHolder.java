package io.runcible.ffi;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The rootless place: a shell that does nothing but keep a user and a mount namespace open until
 * its input ends, which it does when this process ends in whatever way, or a {@link LastingHolder}.
 * Programs join it with nsenter, because a JVM has too many threads to change its own user
 * namespace.
 */
final class NamespaceHolder implements PrivilegedHost {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int MAX_MESSAGE = 4096;

  /** The beginning of a command that makes the namespaces. */
  static final List<String> UNSHARE =
      List.of("unshare", "--user", "--mount", "--propagation", "private", "--");

  private static final String READY = "ready ";

  /** Not one that a script uses. */
  private static final int LIFELINE = 9;

  private static final int CLAIM = 3;
  private static final int MOST_REMOVALS = 10;

  private final int pid;
  private final boolean idRange;
  private final Runnable end;
  private final HolderNetworks networks;

  /** What keeps a {@link LastingHolder}; none if it dies with this process. */
  private final Optional<FileDescriptor> lifeline;

  private NamespaceHolder(
      int pid, boolean idRange, Runnable end, Optional<FileDescriptor> lifeline) {
    this.pid = pid;
    this.networks = new HolderNetworks(pid);
    this.idRange = idRange;
    this.end = end;
    this.lifeline = lifeline;
  }

  /**
   * One that runs, and that others share.
   *
   * @param idRange whether more than one id is mapped
   * @param lifeline keeps it while somebody has that open
   */
  static NamespaceHolder lasting(int pid, boolean idRange, FileDescriptor lifeline) {
    return new NamespaceHolder(pid, idRange, lifeline::close, Optional.of(lifeline));
  }

  /** The holder that all processes of this user have for a data root. */
  static NamespaceHolder join(Path place, Path containers) {
    requirePrograms();
    return LastingHolder.join(place, containers);
  }

  private static void requirePrograms() {
    requireProgram("unshare", "util-linux");
    requireProgram("nsenter", "util-linux");
  }

  /** One for this process alone. */
  static NamespaceHolder start() {
    requirePrograms();
    List<String> command = new ArrayList<>(UNSHARE);
    command.addAll(List.of("sh", "-c", "echo ready $$; read -r end"));
    Pipe input = Pipe.open();
    try (Pipe output = Pipe.open();
        InputStream said = output.inputStream()) {
      ChildProcess child =
          Spawn.of(command, Spawn.plainEnvironment())
              .descriptor(0, input.reader())
              .descriptor(1, output.writer())
              .descriptor(2, output.writer())
              .start();
      input.reader().close();
      output.writer().close();
      try {
        boolean idRange = mapIds(awaitReady(said));
        return new NamespaceHolder(
            child.pid(), idRange, () -> end(child, input.writer()), Optional.empty());
      } catch (IOException | RuntimeException e) {
        end(child, input.writer());
        throw e;
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.INTERNAL, "the holder of the user namespace did not start", e);
    } catch (RuntimeException e) {
      input.close();
      throw e;
    }
  }

  /**
   * Reads the line in which a holder says its pid.
   *
   * @throws RuncibleException UNSUPPORTED with what it said instead
   */
  static int awaitReady(InputStream output) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int c = output.read(); c >= 0 && c != '\n' && line.size() < MAX_MESSAGE; ) {
      line.write(c);
      c = output.read();
    }
    String said = line.toString(StandardCharsets.UTF_8);
    if (said.startsWith(READY)) {
      return Integer.parseInt(said.substring(READY.length()));
    }
    said += " " + new String(output.readNBytes(MAX_MESSAGE), StandardCharsets.UTF_8);
    throw new RuncibleException(
        ErrorKind.UNSUPPORTED,
        "an ordinary user may not make a user namespace on this host ("
            + said.strip()
            + "); see kernel.unprivileged_userns_clone, user.max_user_namespaces and"
            + " kernel.apparmor_restrict_unprivileged_userns, or run as root");
  }

  private static void requireProgram(String program, String debianPackage) {
    if (Spawn.findProgram(program).isEmpty()) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "containers of an ordinary user need '"
              + program
              + "', which is not installed: apt-get install "
              + debianPackage);
    }
  }

  /** Maps root of the namespace to the caller and, where granted, its range above it. */
  static boolean mapIds(int pid) {
    OwnRights rights = OwnRights.ofThisProcess();
    int uid = NativeAccess.effectiveUid();
    int gid = NativeAccess.effectiveGid();
    if (uid == 0 && rights.mapsAll()) {
      mapIds(pid, rights.toItself());
      return true;
    }
    String name = System.getProperty("user.name", "");
    Optional<SubordinateIds> uids = SubordinateIds.find(Path.of("/etc/subuid"), name, uid);
    Optional<SubordinateIds> gids = SubordinateIds.find(Path.of("/etc/subgid"), name, uid);
    if (uids.isPresent()
        && gids.isPresent()
        && rights.whyNot(uids.get(), gids.get()).isEmpty()
        && Spawn.findProgram("newuidmap").isPresent()) {
      run(mapCommand("newuidmap", pid, uid, uids.get()));
      run(mapCommand("newgidmap", pid, gid, gids.get()));
      return true;
    }
    write(pid, "setgroups", "deny");
    mapIds(pid, new IdMapping("0 " + uid + " 1", "0 " + gid + " 1"));
    return false;
  }

  private static void mapIds(int pid, IdMapping ids) {
    write(pid, "uid_map", ids.uids());
    write(pid, "gid_map", ids.gids());
  }

  private static void write(int pid, String file, String text) {
    try {
      Files.writeString(Path.of("/proc", String.valueOf(pid), file), text);
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "cannot map user "
              + NativeAccess.effectiveUid()
              + " into a user namespace"
              + (NativeAccess.effectiveUid() == 0
                  ? ": root needs CAP_SETFCAP for that, with CAP_SETUID and CAP_SETGID for all of"
                      + " its ids; give the container that this process is in these, or be another"
                      + " user"
                  : ""),
          e);
    }
  }

  private static List<String> mapCommand(String program, int pid, int id, SubordinateIds range) {
    return List.of(
        program,
        String.valueOf(pid),
        "0",
        String.valueOf(id),
        "1",
        "1",
        String.valueOf(range.start()),
        String.valueOf(range.count()));
  }

  static void run(List<String> command) {
    run(command, Optional.empty());
  }

  /** The program has a claim, too, as long as it runs. */
  private static void run(List<String> command, Optional<FileDescriptor> claim) {
    Pipe errors = Pipe.open();
    Spawn spawn =
        Spawn.of(command, Spawn.plainEnvironment())
            .descriptor(1, errors.writer())
            .descriptor(2, errors.writer());
    claim.ifPresent(held -> spawn.descriptor(CLAIM, held));
    try (Lifeline lifeline = Lifeline.open();
        ChildProcess child = lifeline.start(spawn);
        InputStream text = errors.inputStream()) {
      errors.writer().close();
      ChildProcess.Answer answer = child.answer(text, MAX_MESSAGE, LIMIT);
      String said = answer.text().strip();
      Optional<WaitStatus> status = answer.status();
      if (status.isEmpty()) {
        throw new RuncibleException(
            ErrorKind.TIMEOUT, "'" + command.get(0) + "' did not end within " + LIMIT);
      }
      if (!status.get().isSuccess()) {
        throw new RuncibleException(
            // In the words of the C locale.
            said.contains("No space left on device") ? ErrorKind.UNAVAILABLE : ErrorKind.INTERNAL,
            "'" + String.join(" ", command) + "' failed (" + status.get() + "): " + said);
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.INTERNAL, "cannot read what '" + command.get(0) + "' says", e);
    } finally {
      errors.close();
    }
  }

  @Override
  public boolean rootless() {
    return true;
  }

  @Override
  public boolean hasIdRange() {
    return idRange;
  }

  @Override
  public IdMapping ids() {
    return ProcessNamespaces.ids(Path.of("/proc", String.valueOf(pid)));
  }

  @Override
  public List<String> command(List<String> command) {
    List<String> joined = new ArrayList<>(enter(pid));
    joined.addAll(command);
    return joined;
  }

  /** The beginning of a command that runs in the namespaces of a process. */
  static List<String> enter(int pid) {
    return List.of(
        "nsenter",
        "--target",
        String.valueOf(pid),
        "--user",
        "--mount",
        "--preserve-credentials",
        "--");
  }

  @Override
  public Spawn spawnLasting(List<String> command, Map<String, String> environment) {
    Spawn spawn = spawn(command, environment);
    lifeline.ifPresent(kept -> spawn.descriptor(LIFELINE, kept));
    return spawn;
  }

  /** In the namespace this process is another user's, whose descriptors are closed to it. */
  @Override
  public Optional<Path> sealedCopy(Path program) {
    return Optional.empty();
  }

  @Override
  public Path visible(Path path) {
    return Path.of("/proc/" + pid + "/root" + path.toAbsolutePath());
  }

  @Override
  public void mountOverlay(OverlayMount mount, Path target) {
    new HolderOverlay(this).mount(mount, target);
  }

  @Override
  public void mountIdMapped(Path source, IdMapping mapping, Path target) {
    throw new RuncibleException(
        ErrorKind.UNSUPPORTED,
        "cannot mount '"
            + source
            + "' with other owners: the kernel lets only root do so; an ordinary user's own files"
            + " belong to root in its containers anyway");
  }

  @Override
  public void mountIdMapped(Path source, Path namespace, Path target) {
    throw new RuncibleException(
        ErrorKind.UNSUPPORTED,
        "cannot mount '" + source + "' with other owners: the kernel lets only root do so");
  }

  @Override
  public void mountAgain(Path source, Path target) {
    run(command(List.of("mount", "--bind", source.toString(), target.toString())));
  }

  @Override
  public void mountMemory(Path target, long bytes) {
    String options = ProcessNamespaces.memoryOptions(bytes) + ",nosuid,nodev,noexec";
    run(command(List.of("mount", "-t", "tmpfs", "-o", options, "shm", target.toString())));
  }

  @Override
  public boolean pinNamespace(PidFd process, String kind, Path pin) {
    unmount(pin);
    return ProcessNamespaces.pin(
        process, kind, source -> mountAgain(source, pin), () -> unmount(pin));
  }

  @Override
  public String namespaceHere(String kind) {
    return ProcessNamespaces.name(Path.of("/proc", String.valueOf(pid)), kind);
  }

  @Override
  public void createUserNamespace(IdMapping mapping, Path pin, Optional<Path> networkPin) {
    throw new RuncibleException(
        ErrorKind.UNSUPPORTED,
        "a further user namespace of an ordinary user's container is its runtime's to make");
  }

  @Override
  public void unmount(Path target) {
    // Another process may be faster.
    String script = "if mountpoint -q \"$1\"; then umount -l \"$1\" || ! mountpoint -q \"$1\"; fi";
    run(command(List.of("sh", "-c", script, "sh", target.toString())));
  }

  @Override
  public boolean signal(PidFd process, int signal) {
    if (process.hasEnded()) {
      return false;
    }
    try {
      return process.signal(signal);
    } catch (NativeException e) {
      if (e.errno() != Errno.EPERM) {
        throw e;
      }
    }
    // The process has another id of our range; only root of the namespace may signal it.
    String number = String.valueOf(process.pid());
    run(command(List.of("sh", "-c", "kill -" + signal + " " + number + " || ! kill -0 " + number)));
    return true;
  }

  @Override
  public NetworkNamespace createNetworkNamespace() {
    throw noNetworks("be without a file");
  }

  @Override
  public NetworkNamespace prepareNetworkNamespace(Path pin) {
    throw noNetworks("have a user namespace of its own");
  }

  private static RuncibleException noNetworks(String what) {
    return new RuncibleException(
        ErrorKind.UNSUPPORTED,
        "a network namespace of an ordinary user belongs to its holder, and cannot " + what);
  }

  @Override
  public NetworkNamespace createNetworkNamespace(Path pin) {
    return networks.create(pin);
  }

  @Override
  public NetworkNamespace openNetworkNamespace(Path pin) {
    return networks.open(pin);
  }

  @Override
  public List<String> command(Path network, List<String> command) {
    return networks.command(network, command);
  }

  @Override
  public void removeTree(Path directory) {
    // A worker whose JVM was killed may be ending, and a program that removes.
    DirectoryClaim.alone(directory, LIMIT, claim -> removeTree(directory, claim));
  }

  /** Again if somebody has put a file there meanwhile, as who copies into a container may. */
  private void removeTree(Path directory, Optional<FileDescriptor> claim) {
    List<String> removal = command(List.of("rm", "-rf", "--", directory.toString()));
    for (int left = MOST_REMOVALS; ; left--) {
      try {
        run(removal, claim);
        return;
      } catch (RuncibleException e) {
        // In the words of the C locale.
        if (left == 1 || !String.valueOf(e.getMessage()).contains("Directory not empty")) {
          throw e;
        }
      }
    }
  }

  @Override
  public void close() {
    networks.close();
    end.run();
  }

  private static void end(ChildProcess child, FileDescriptor lifeline) {
    lifeline.close();
    child.killAndWait();
    child.close();
  }
}
