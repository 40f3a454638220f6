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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Namespaces that a small process makes, since a JVM has too many threads to make a user namespace.
 * The process ends at once; who wants to keep them opens or pins them while it is there.
 */
final class NewNamespaces implements AutoCloseable {
  private static final long MS_BIND = 4096;
  private static final int MAX_MESSAGE = 4096;

  private final ChildProcess child;
  private final Pipe lifeline;

  private NewNamespaces(ChildProcess child, Pipe lifeline) {
    this.child = child;
    this.lifeline = lifeline;
  }

  /**
   * Makes a user namespace.
   *
   * @param programs where the program that makes them is kept
   * @param network whether also a network namespace, which belongs to it
   */
  static NewNamespaces make(SealedPrograms programs, IdMapping mapping, boolean network) {
    List<String> command = new ArrayList<>(List.of("unshare", "--user"));
    if (network) {
      command.add("--net");
    }
    command.addAll(List.of("--", "sh", "-c", "echo ready; read -r end"));
    Pipe input = Pipe.open();
    try (Pipe output = Pipe.open();
        InputStream said = output.inputStream()) {
      ChildProcess child =
          Spawn.of(command, Spawn.plainEnvironment())
              .from(UnshareProgram.in(programs, network))
              .descriptor(0, input.reader())
              .descriptor(1, output.writer())
              .descriptor(2, output.writer())
              .start();
      NewNamespaces made = new NewNamespaces(child, input);
      try {
        output.writer().close();
        made.awaitReady(said);
        made.map(mapping);
        return made;
      } catch (IOException | RuntimeException e) {
        made.close();
        throw e;
      }
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.INTERNAL, "cannot read what 'unshare' says", e);
    } catch (RuntimeException e) {
      input.close();
      throw e;
    }
  }

  private void awaitReady(InputStream said) throws IOException {
    String ready = new String(said.readNBytes("ready\n".length()), StandardCharsets.UTF_8);
    if (!ready.equals("ready\n")) {
      ready += new String(said.readNBytes(MAX_MESSAGE), StandardCharsets.UTF_8);
      String why = ready.isBlank() ? Errno.describe(child.reap().code()) : ready.strip();
      throw new RuncibleException(ErrorKind.UNSUPPORTED, "cannot make a user namespace: " + why);
    }
  }

  private void map(IdMapping mapping) {
    try {
      Files.writeString(process().resolve("uid_map"), mapping.uids());
      Files.writeString(process().resolve("gid_map"), mapping.gids());
    } catch (IOException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the kernel refuses the mapping of ids " + mapping + ": " + e.getMessage(),
          e);
    }
  }

  private Path process() {
    return Path.of("/proc", String.valueOf(child.pid()));
  }

  /** The user namespace, for the caller to close. */
  FileDescriptor openUser() {
    return open(process().resolve("ns/user"));
  }

  /** Keeps them by files that are made for it, until those are unmounted. */
  static void pin(SealedPrograms programs, IdMapping mapping, Path user, Optional<Path> network) {
    try (NewNamespaces made = make(programs, mapping, network.isPresent())) {
      pin(made.process().resolve("ns/user"), user);
      network.ifPresent(file -> pin(made.process().resolve("ns/net"), file));
    }
  }

  private static void pin(Path namespace, Path pin) {
    try {
      Files.createFile(pin);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot make '" + pin + "'", e);
    }
    bind(namespace, pin);
  }

  /** Mounts a file or directory once more. */
  static void bind(Path source, Path target) {
    int result = libc().mount(Native.cString(source), Native.cString(target), null, MS_BIND, null);
    check(result, "mount '" + source + "' on", target);
  }

  static FileDescriptor open(Path namespace) {
    int flags = FileCalls.O_RDONLY | FileCalls.O_CLOEXEC;
    int fd = libc().open(Native.cString(namespace), flags, 0);
    return new FileDescriptor(check(fd, "open", namespace), namespace);
  }

  @Override
  public void close() {
    lifeline.close();
    child.killAndWait();
    child.close();
  }
}
