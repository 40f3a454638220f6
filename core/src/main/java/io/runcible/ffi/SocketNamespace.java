package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The network namespace of another process, for sockets of this one: a socket belongs to the
 * namespace that it was opened in, whatever thread uses it later. Needs root. Keeps the namespace
 * until it is closed by its owner.
 */
public final class SocketNamespace implements AutoCloseable {
  private static final int CLONE_NEWNET = 0x40000000;
  private static final Path OWN = Path.of("/proc/thread-self/ns/net");

  private final FileDescriptor namespace;

  /** Opens a socket. */
  @FunctionalInterface
  public interface Opening<T> {
    T open() throws IOException;
  }

  private SocketNamespace(FileDescriptor namespace) {
    this.namespace = namespace;
  }

  /** The one that a process is in now; empty if the process has ended, or is about to. */
  public static Optional<SocketNamespace> of(PidFd process) {
    SocketNamespace found;
    try {
      found = new SocketNamespace(open(Path.of("/proc/" + process.pid() + "/ns/net")));
    } catch (NativeException e) {
      // On its way out it leaves its namespaces before its end can be seen.
      if (e.errno() == Errno.ENOENT || process.hasEnded()) {
        return Optional.empty();
      }
      throw e;
    }
    boolean ended = true;
    try {
      // Asked last: the number was that of the process as long as that had not ended.
      ended = process.hasEnded();
      return ended ? Optional.empty() : Optional.of(found);
    } finally {
      if (ended) {
        found.close();
      }
    }
  }

  private static FileDescriptor open(Path path) {
    int flags = FileCalls.O_RDONLY | FileCalls.O_CLOEXEC;
    int fd = libc().open(Native.cString(path), flags, 0);
    return new FileDescriptor(check(fd, "open namespace", path), path);
  }

  /** Opens a socket there. The calling thread, a platform thread, is back in its own afterwards. */
  public <T> T call(Opening<T> opening) throws IOException {
    try (FileDescriptor own = open(OWN)) {
      enter(namespace);
      try {
        return opening.open();
      } finally {
        enter(own);
      }
    }
  }

  private static void enter(FileDescriptor namespace) {
    check(libc().setns(namespace.value(), CLONE_NEWNET), "enter namespace", namespace);
  }

  /** Idempotent. */
  @Override
  public void close() {
    namespace.close();
  }
}
