package io.runcible.ffi;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Starts a program with {@code posix_spawn}, in a session of its own, with the default signal
 * dispositions, no blocked signal, and no descriptor but the ones named here. (Threads of a JVM
 * block SIGQUIT, and the JVM opens files without close-on-exec: a child must inherit neither.)
 *
 * <p>The descriptors that are handed over stay the caller's, to be closed after {@link #start()}.
 */
public final class Spawn {
  private static final short SETSIGMASK = 0x08;
  private static final short SETSIGDEF = 0x04;
  private static final short SETSID = 0x80;
  private static final int F_DUPFD_CLOEXEC = 1030;
  private static final int F_SETFD = 2;
  private static final int FD_CLOEXEC = 1;
  private static final int MAX_CHILD_FD = 2048;
  private static final int SIGSET_SIZE = 128;
  private static final long SYS_CLOSE_RANGE = 436;
  private static final int CLOSE_RANGE_CLOEXEC = 4;

  /** Directories where programs are that the host lacks. */
  private static final List<Path> FURTHER = new CopyOnWriteArrayList<>();

  private final List<String> command;
  private final Map<String, String> environment;
  private final SortedMap<Integer, FileDescriptor> descriptors = new TreeMap<>();
  private @Nullable Path terminal;
  private Optional<Path> copy = Optional.empty();

  private Spawn(List<String> command, Map<String, String> environment) {
    this.command = List.copyOf(command);
    this.environment = Map.copyOf(environment);
  }

  /**
   * A program to start.
   *
   * @param command the program, searched in {@code PATH} of this process unless it has a slash, and
   *     its arguments
   * @param environment the whole environment of the child
   */
  public static Spawn of(List<String> command, Map<String, String> environment) {
    return new Spawn(command, environment);
  }

  /** A command as words of a shell. */
  public static String words(List<String> command) {
    return command.stream()
        .map(word -> "'" + word.replace("'", "'\\''") + "'")
        .collect(Collectors.joining(" "));
  }

  /**
   * The environment that the programs driven by the engine get: little, and none of the caller's.
   */
  public static Map<String, String> plainEnvironment() {
    return Map.of("PATH", searchPath(), "LC_ALL", "C");
  }

  /** Makes {@code source} the child's descriptor {@code childFd}; 0 to 2 default to /dev/null. */
  public Spawn descriptor(int childFd, FileDescriptor source) {
    if (childFd < 0 || childFd >= MAX_CHILD_FD) {
      throw new IllegalArgumentException("descriptor " + childFd);
    }
    descriptors.put(childFd, source);
    return this;
  }

  /** Makes a terminal the controlling one of the child, and its descriptors 0 to 2. */
  public Spawn terminal(Path device) {
    terminal = device;
    return this;
  }

  /** Starts it from a copy of the program's file; from the file itself if that is forbidden. */
  public Spawn from(Optional<Path> copy) {
    this.copy = copy;
    return this;
  }

  /**
   * Starts the program.
   *
   * @return the child; the caller waits for it and closes it
   * @throws RuncibleException NOT_FOUND if there is no such program, otherwise as the kernel says
   */
  public ChildProcess start() {
    try (FileDescriptor devNull = FileCalls.openNull()) {
      for (int fd = 0; fd <= 2 && terminal == null; fd++) {
        descriptors.putIfAbsent(fd, devNull);
      }
      List<FileDescriptor> sources = new ArrayList<>();
      try {
        int above = descriptors.isEmpty() ? 3 : descriptors.lastKey() + 1;
        SortedMap<Integer, FileDescriptor> high = new TreeMap<>();
        for (Map.Entry<Integer, FileDescriptor> wanted : descriptors.entrySet()) {
          high.put(wanted.getKey(), duplicateHigh(wanted.getValue(), above, sources));
        }
        return new ChildProcess(spawn(high), command.get(0));
      } finally {
        for (FileDescriptor source : sources) {
          source.close();
        }
      }
    }
  }

  /** Numbers above all targets, so that one dup2 never overwrites the source of the next. */
  private static FileDescriptor duplicateHigh(
      FileDescriptor source, int above, List<FileDescriptor> sources) {
    int fd = Native.libc().fcntl(source.value(), F_DUPFD_CLOEXEC, above);
    FileDescriptor copy = new FileDescriptor(Native.check(fd, "dup", source), source);
    sources.add(copy);
    return copy;
  }

  private int spawn(SortedMap<Integer, FileDescriptor> sources) {
    Libc libc = Native.libc();
    Pointer actions = Native.allocate(128);
    Pointer attributes = Native.allocate(512);
    Pointer signals = Native.allocate(SIGSET_SIZE);
    CStrings argv = new CStrings(command);
    CStrings envp = new CStrings(variables());
    Pointer pid = Native.allocate(4);
    checkCode(libc.posix_spawn_file_actions_init(actions));
    checkCode(libc.posix_spawnattr_init(attributes));
    try {
      if (terminal != null) {
        openTerminal(libc, actions, terminal);
      }
      for (Map.Entry<Integer, FileDescriptor> source : sources.entrySet()) {
        int fd = source.getValue().value();
        checkCode(libc.posix_spawn_file_actions_adddup2(actions, fd, source.getKey()));
      }
      int above = sources.isEmpty() ? 3 : Math.max(2, sources.lastKey()) + 1;
      for (int fd = 3; fd < above; fd++) {
        if (!sources.containsKey(fd)) {
          // No error if it is not open.
          checkCode(libc.posix_spawn_file_actions_addclose(actions, fd));
        }
      }
      closeTheRest(libc, actions, above);
      checkCode(
          libc.posix_spawnattr_setflags(attributes, (short) (SETSIGMASK | SETSIGDEF | SETSID)));
      checkCode(libc.posix_spawnattr_setsigmask(attributes, signals));
      for (int i = 0; i < 8; i++) {
        signals.putByte(i, (byte) 0xff);
      }
      checkCode(libc.posix_spawnattr_setsigdefault(attributes, signals));
      int code = copy.isPresent() ? spawn(copy.get(), pid, actions, attributes, argv, envp) : -1;
      if (code != 0) {
        // To look for the program takes longer than much else here.
        code = spawn(locate(), pid, actions, attributes, argv, envp);
      }
      checkCode(code);
      return pid.getInt(0);
    } finally {
      libc.posix_spawnattr_destroy(attributes);
      libc.posix_spawn_file_actions_destroy(actions);
      for (Object buffer : new Object[] {actions, attributes, signals, argv, envp, pid, sources}) {
        Reference.reachabilityFence(buffer);
      }
    }
  }

  private static int spawn(
      Path file, Pointer pid, Pointer actions, Pointer attributes, CStrings argv, CStrings envp) {
    CStrings path = new CStrings(List.of(file.toString()));
    int code =
        Native.libc()
            .posix_spawn(pid, path.string(0), actions, attributes, argv.array(), envp.array());
    Reference.reachabilityFence(path);
    return code;
  }

  private List<String> variables() {
    List<String> variables = new ArrayList<>();
    for (Map.Entry<String, String> variable : environment.entrySet()) {
      variables.add(variable.getKey() + "=" + variable.getValue());
    }
    return variables;
  }

  /** Done after the child has a session of its own, so that it becomes the session's terminal. */
  private void openTerminal(Libc libc, Pointer actions, Path device) {
    byte[] path = Native.cString(device);
    int readAndWrite = 2;
    checkCode(libc.posix_spawn_file_actions_addopen(actions, 0, path, readAndWrite, 0));
    checkCode(libc.posix_spawn_file_actions_adddup2(actions, 0, 1));
    checkCode(libc.posix_spawn_file_actions_adddup2(actions, 0, 2));
  }

  /** glibc 2.34 closes in the child; before that everything is marked close-on-exec here. */
  private static void closeTheRest(Libc libc, Pointer actions, int from) {
    try {
      checkNumber(libc.posix_spawn_file_actions_addclosefrom_np(actions, from));
    } catch (UnsatisfiedLinkError e) {
      // Linux 5.11 does it at once.
      if (libc.syscall(SYS_CLOSE_RANGE, 3, 0xffffffffL, CLOSE_RANGE_CLOEXEC, 0, 0, 0) != 0) {
        markCloseOnExec();
      }
    }
  }

  /** Marks one open file of this process after the other. */
  static void markCloseOnExec() {
    try (DirectoryStream<Path> open = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path file : open) {
        int fd = Integer.parseInt(file.getFileName().toString());
        if (fd > 2) {
          // It may have been closed meanwhile.
          Native.libc().fcntl(fd, F_SETFD, FD_CLOEXEC);
        }
      }
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.UNAVAILABLE, "cannot list the open files of this process in /proc", e);
    }
  }

  private static void checkNumber(int code) {
    if (code != 0) {
      throw new NativeException("posix_spawn", code, "file actions");
    }
  }

  private void checkCode(int code) {
    if (code != 0) {
      throw new NativeException("start program", code, command.get(0));
    }
  }

  private Path locate() {
    Optional<Path> program = findProgram(command.get(0));
    if (program.isEmpty()) {
      throw new RuncibleException(
          ErrorKind.NOT_FOUND,
          "the program '"
              + command.get(0)
              + "' is not installed, or not executable, in "
              + searchPath());
    }
    return program.get();
  }

  /** Where a program is: the path itself if it has a slash, otherwise the first in the PATH. */
  public static Optional<Path> findProgram(String name) {
    if (name.indexOf('/') >= 0) {
      Path program = Path.of(name);
      return Files.isExecutable(program) ? Optional.of(program) : Optional.empty();
    }
    for (String directory : searchPath().split(":", -1)) {
      if (!directory.isEmpty()) {
        Path candidate = Path.of(directory, name);
        // Asked first: what is not there costs an exception otherwise, in most of the directories.
        if (Files.exists(candidate)
            && Files.isExecutable(candidate)
            && !Files.isDirectory(candidate)) {
          return Optional.of(candidate);
        }
      }
    }
    return Optional.empty();
  }

  /** PATH of this process, and the directories of administration that it may lack. */
  private static String searchPath() {
    @Nullable String path = System.getenv("PATH");
    String administration = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin";
    String host = path == null || path.isEmpty() ? administration : path + ":" + administration;
    for (Path further : FURTHER) {
      host += ":" + further;
    }
    return host;
  }

  /**
   * Looks for programs in a further directory, after all others, for every caller in this JVM and
   * for the programs that are started, until {@link #searchNoMore} was called as often.
   *
   * @throws RuncibleException INVALID_INPUT if the path has a colon, which separates such paths
   */
  public static void searchAlso(Path directory) {
    if (directory.toString().indexOf(':') >= 0) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "programs cannot be run from '" + directory + "': the path has a colon");
    }
    FURTHER.add(directory);
  }

  /** Undoes one {@link #searchAlso}. */
  public static void searchNoMore(Path directory) {
    FURTHER.remove(directory);
  }

  /** NUL-terminated strings and the NULL-terminated array of their addresses. */
  private static final class CStrings {
    private final List<Pointer> strings = new ArrayList<>();
    private final Pointer array;

    CStrings(List<String> values) {
      array = Native.allocate((values.size() + 1) * 8);
      for (int i = 0; i < values.size(); i++) {
        byte[] bytes = Native.cString(values.get(i));
        Pointer string = Native.allocate(bytes.length);
        string.put(0, bytes, 0, bytes.length);
        strings.add(string);
        array.putLong(i * 8, string.address());
      }
    }

    Pointer array() {
      return array;
    }

    Pointer string(int index) {
      return strings.get(index);
    }
  }
}
