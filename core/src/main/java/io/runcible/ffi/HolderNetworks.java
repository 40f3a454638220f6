package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The network namespaces that belong to the user namespace of a holder. This process may not enter
 * them, but as the owner of that user namespace it has every right in them (user_namespaces(7)): a
 * small program opens a netlink socket there, this process takes that over, and the kernel does
 * what it is asked by it. Thread-safe.
 */
final class HolderNetworks implements AutoCloseable {
  private static final int PROGRAM = 9;
  private static final int MAX_MESSAGE = 4096;
  private static final String READY = "ready\n";
  private static final String START = "/proc/self/fd/" + PROGRAM;

  /** Else one container could name itself the router of the others. */
  private static final String PREPARE =
      "for i in all default; do file=/proc/sys/net/ipv6/conf/$i/accept_ra;"
          + " [ ! -e $file ] || echo 0 >$file || exit 1; done; exec "
          + START;

  private final int holder;
  private @Nullable FileDescriptor program;

  HolderNetworks(int holder) {
    this.holder = holder;
  }

  /**
   * Makes one that a file keeps, with its loopback device on. An error may leave the file.
   *
   * @param pin the file to be made
   */
  NetworkNamespace create(Path pin) {
    try {
      Files.write(pin, new byte[0], StandardOpenOption.CREATE);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + pin + "'", e);
    }
    List<String> command = new ArrayList<>(NamespaceHolder.enter(holder));
    command.addAll(List.of("unshare", "--net=" + pin, "--", "sh", "-c", PREPARE));
    NetworkNamespace made = take(command, "make a network namespace");
    try {
      made.netlink().setUp(made.netlink().link("lo").orElseThrow());
      return made;
    } catch (RuntimeException e) {
      made.close();
      throw e;
    }
  }

  /** Opens one that a file keeps. */
  NetworkNamespace open(Path pin) {
    return take(command(pin, List.of(START)), "enter the network namespace '" + pin + "'");
  }

  /** A command as it has to be started to run in one that a file keeps. */
  List<String> command(Path pin, List<String> command) {
    List<String> enter = NamespaceHolder.enter(holder);
    List<String> joined = new ArrayList<>(enter.subList(0, enter.size() - 1));
    joined.addAll(List.of("--net=/proc/" + holder + "/root" + pin.toAbsolutePath(), "--"));
    joined.addAll(command);
    return joined;
  }

  private NetworkNamespace take(List<String> command, String what) {
    try (Pipe input = Pipe.open();
        Pipe output = Pipe.open();
        InputStream said = output.inputStream();
        ChildProcess child =
            Spawn.of(command, Spawn.plainEnvironment())
                .descriptor(0, input.reader())
                .descriptor(1, output.writer())
                .descriptor(2, output.writer())
                .descriptor(PROGRAM, program())
                .start()) {
      output.writer().close();
      try {
        awaitReady(child, said, what);
        return taken(child);
      } finally {
        input.writer().close();
        child.killAndWait();
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.INTERNAL, "cannot " + what, e);
    }
  }

  private static void awaitReady(ChildProcess child, InputStream said, String what)
      throws IOException {
    String text = new String(said.readNBytes(READY.length()), StandardCharsets.UTF_8);
    if (!text.equals(READY)) {
      text += new String(said.readNBytes(MAX_MESSAGE), StandardCharsets.UTF_8);
      String why = text.isBlank() ? Errno.describe(child.reap().code()) : text.strip();
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "an ordinary user cannot "
              + what
              + " on this host ("
              + why
              + "); see user.max_net_namespaces, and in a container, let /proc/sys/net be"
              + " writable");
    }
  }

  private static NetworkNamespace taken(ChildProcess child) {
    FileDescriptor socket = socket(child);
    try {
      Path namespace = Path.of("/proc/" + child.pid() + "/ns/net");
      int flags = FileCalls.O_RDONLY | FileCalls.O_CLOEXEC;
      int fd = check(libc().open(Native.cString(namespace), flags, 0), "open", namespace);
      return NetworkNamespace.of(new FileDescriptor(fd, namespace), Rtnetlink.of(socket));
    } catch (RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  private static FileDescriptor socket(ChildProcess child) {
    try {
      return child.pidFd().take(NetlinkProgram.SOCKET);
    } catch (NativeException e) {
      if (e.errno() != Errno.EPERM && e.errno() != Errno.ENOSYS) {
        throw e;
      }
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "an ordinary user cannot work on network namespaces on this host ("
              + e.getMessage()
              + "): that takes Linux 5.6 and a kernel.yama.ptrace_scope below 3, and in a"
              + " container, a seccomp profile that allows pidfd_getfd",
          e);
    }
  }

  private synchronized FileDescriptor program() {
    FileDescriptor made = program;
    if (made == null) {
      String processor = System.getProperty("os.arch", "");
      byte[] elf =
          NetlinkProgram.elf(processor)
              .orElseThrow(
                  () ->
                      new RuncibleException(
                          ErrorKind.UNSUPPORTED,
                          "bridge networks of an ordinary user are not written for the processor '"
                              + processor
                              + "'"));
      made = SealedPrograms.seal("netlink", elf);
      program = made;
    }
    return made;
  }

  /** Nothing may be about to start. Idempotent. */
  @Override
  public synchronized void close() {
    if (program != null) {
      program.close();
      program = null;
    }
  }
}
