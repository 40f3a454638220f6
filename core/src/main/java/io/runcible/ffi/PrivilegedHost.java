package io.runcible.ffi;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where privileged work happens: mounts, changes of owner, programs that need namespaces. For root
 * that is this process. For an ordinary user it is a user and mount namespace that a small holder
 * process keeps open; the mounts made there go away with it.
 *
 * <p>Nothing outside this interface mounts, unmounts or enters a namespace. Code that changes
 * owners runs inside: in this process for root, in a worker started with {@link #spawn} otherwise.
 */
public interface PrivilegedHost extends AutoCloseable {
  /** The name of a file in the directory of a container that needs the place without a process. */
  String MARK = LastingHolder.MARK;

  /**
   * Finds a place for this process alone: a holder dies with it. Blocks for some milliseconds when
   * a holder has to start.
   *
   * @throws io.runcible.RuncibleException UNSUPPORTED if an ordinary user may not make a user
   *     namespace here, or a program for it is missing; the message says which
   */
  static PrivilegedHost open() {
    return NativeAccess.isRoot() ? new ThisProcess() : NamespaceHolder.start();
  }

  /**
   * Finds the place that this process shares with others of the same user, which finds what they
   * have mounted. A holder lives as long as one of them, and beyond that as long as a container has
   * a {@link #MARK}. Otherwise as {@link #open()}.
   *
   * @param place a directory for the holder, which is made; gone after a restart of the machine
   * @param containers the directory of the directories of the containers
   */
  static PrivilegedHost open(Path place, Path containers) {
    return NativeAccess.isRoot() ? new ThisProcess() : NamespaceHolder.join(place, containers);
  }

  /** Whether the work happens in a holder's namespaces. */
  boolean rootless();

  /** Whether files can belong to other ids than the caller's own. */
  boolean hasIdRange();

  /** The ids there, as {@code uid_map} and {@code gid_map} have them for this process. */
  IdMapping ids();

  /** A command as it has to be started to run there. */
  List<String> command(List<String> command);

  /**
   * The same for one that is to run in a network namespace of an ordinary user.
   *
   * @param network the file that keeps it
   * @throws io.runcible.RuncibleException UNSUPPORTED for root, whose networks are the host's
   */
  default List<String> command(Path network, List<String> command) {
    throw new io.runcible.RuncibleException(
        io.runcible.ErrorKind.UNSUPPORTED, "root's networks are those of the host");
  }

  /** A program that will run there. */
  default Spawn spawn(List<String> command, Map<String, String> environment) {
    return Spawn.of(command(command), environment);
  }

  /** The same for one that may outlive this process: a shared place is there as long as it runs. */
  default Spawn spawnLasting(List<String> command, Map<String, String> environment) {
    return spawn(command, environment);
  }

  /**
   * Where a program can be started from that is to be started often: a sealed copy in memory, which
   * spares a runtime to protect itself at each start. Made at the first call; a program that was
   * replaced is copied again.
   *
   * @return empty where it has to be started from its file; valid until the host is closed
   */
  Optional<Path> sealedCopy(Path program);

  /** How this process names a path that is mounted there. */
  Path visible(Path path);

  /** Mounts an overlay on an existing directory. */
  void mountOverlay(OverlayMount mount, Path target);

  /**
   * Mounts a file or directory once more, with other owners, without what is mounted below it.
   *
   * @param target an existing file or directory, as the source is
   * @throws io.runcible.RuncibleException UNSUPPORTED for an ordinary user, before Linux 5.12, and
   *     for a file system that takes no such mounts; INVALID_INPUT for a mapping that the kernel
   *     refuses
   */
  void mountIdMapped(Path source, IdMapping mapping, Path target);

  /**
   * The same with the owners of a user namespace: those of the file system are those inside.
   *
   * @param namespace the file that keeps it
   */
  void mountIdMapped(Path source, Path namespace, Path target);

  /** Mounts a directory once more, as it is, without what is mounted below it. */
  void mountAgain(Path source, Path target);

  /** Mounts a file system in memory on an existing directory; all may write to it. */
  void mountMemory(Path target, long bytes);

  /**
   * Keeps a namespace of a process by a file, instead of what is mounted there.
   *
   * @param kind its name in {@code /proc/PID/ns}
   * @param pin an existing file, until it is {@linkplain #unmount unmounted}
   * @return false if the process has ended, and nothing is mounted there
   */
  boolean pinNamespace(PidFd process, String kind, Path pin);

  /** The namespace of a kind that the work happens in, as {@code /proc/PID/ns} names it. */
  String namespaceHere(String kind);

  /**
   * Makes a user namespace.
   *
   * @param pin the file to be made that keeps it, until it is {@linkplain #unmount unmounted}
   * @param networkPin the same of a network namespace that belongs to it, for {@link
   *     #prepareNetworkNamespace}; empty for none
   * @throws io.runcible.RuncibleException UNSUPPORTED for an ordinary user, and where the kernel
   *     makes none; INVALID_INPUT for a mapping that the kernel refuses
   */
  void createUserNamespace(IdMapping mapping, Path pin, Optional<Path> networkPin);

  /** Unmounts whatever is mounted there; no error if nothing is, or the path is gone. */
  void unmount(Path target);

  /**
   * Sends a signal, also to a process of another id of the caller's range.
   *
   * @return false if the process is gone
   */
  boolean signal(PidFd process, int signal);

  /**
   * Makes a network namespace, which is gone when it is closed unless a file or a process has it.
   *
   * @throws io.runcible.RuncibleException UNSUPPORTED for an ordinary user, whose holder's files
   *     are what keeps one
   */
  NetworkNamespace createNetworkNamespace();

  /**
   * Prepares a network namespace that was {@linkplain #createUserNamespace made with a user
   * namespace} as {@link #createNetworkNamespace()} does.
   *
   * @throws io.runcible.RuncibleException UNSUPPORTED for an ordinary user
   */
  NetworkNamespace prepareNetworkNamespace(Path pin);

  /**
   * Makes a network namespace that a file keeps. An error may leave the file.
   *
   * @param pin the file to be made, until it is {@linkplain #unmount unmounted}
   * @throws io.runcible.RuncibleException UNSUPPORTED where an ordinary user may make none
   */
  default NetworkNamespace createNetworkNamespace(Path pin) {
    NetworkNamespace made = createNetworkNamespace();
    try {
      made.pin(pin);
      return made;
    } catch (RuntimeException e) {
      made.close();
      throw e;
    }
  }

  /**
   * Opens a network namespace.
   *
   * @param pin the file that keeps it
   */
  NetworkNamespace openNetworkNamespace(Path pin);

  /** Removes a directory and all below it, whoever owns it; no error if it is gone. */
  void removeTree(Path directory);

  /** Ends the holder, if there is one. Idempotent. */
  @Override
  void close();
}
