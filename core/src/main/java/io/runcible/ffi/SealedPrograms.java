package io.runcible.ffi;

import static io.runcible.ffi.Native.libc;

import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies of programs in memory that nobody can change any more, this process included. A runtime
 * that runs from its file makes such a copy of itself, or a read-only mount, at each start, since a
 * process in a container can reach what it was started from; one that runs from a sealed copy does
 * not have to.
 */
final class SealedPrograms implements AutoCloseable {
  /** Where the kernel chooses the domain of a process by the label of its program's file. */
  private static final Path SELINUX = Path.of("/sys/fs/selinux/enforce");

  private static final long MAX_SIZE = 256L << 20;
  private static final byte[] ELF = {0x7f, 'E', 'L', 'F'};
  private static final int CLOEXEC_AND_SEALABLE = 3;
  private static final int EXECUTABLE = 0x10;
  private static final int ADD_SEALS = 1033;

  /** No further seal, no shrinking, no growing, no writing: what the runtimes look for. */
  private static final int SEALS = 0xf;

  private static final int MODE = 0755;

  /** The start at which a program is taken for one that is started again and again. */
  static final int OFTEN = 16;

  private final Map<Path, Copy> copies = new HashMap<>();

  /** Also of programs that have been replaced: somebody may be about to start an old one. */
  private final List<FileDescriptor> files = new ArrayList<>();

  private boolean closed;

  /** Which file was copied, and what came of it. */
  private record Copy(@Nullable Object file, long size, FileTime changed, Optional<Sealed> sealed) {
    boolean isOf(BasicFileAttributes now) {
      return now.size() == size
          && now.lastModifiedTime().equals(changed)
          && (file == null || file.equals(now.fileKey()));
    }
  }

  /** A copy, where it can be executed, and how often that was asked. */
  private record Sealed(FileDescriptor file, Path path, AtomicInteger starts) {}

  /** Where the copy of a program can be executed; empty if it has to be started from its file. */
  Optional<Path> find(Path program) {
    Optional<Copy> copy = copyOf(program);
    Optional<Sealed> sealed = copy.flatMap(Copy::sealed);
    if (sealed.isPresent() && sealed.get().starts().incrementAndGet() == OFTEN) {
      // It pays after some starts. Not under the lock: others need not wait for it.
      enlarge(program, sealed.get().file(), copy.get().size());
    }
    return sealed.map(Sealed::path);
  }

  private static void enlarge(Path program, FileDescriptor file, long size) {
    try {
      boolean done = LargePages.collapse(file, size);
      log().debug("'{}' is in large pages: {}", program, done);
    } catch (RuncibleException | UnsatisfiedLinkError e) {
      // Closed meanwhile.
      log().debug("'{}' stays in small pages", program, e);
    }
  }

  private synchronized Optional<Copy> copyOf(Path program) {
    try {
      BasicFileAttributes now = Files.readAttributes(program, BasicFileAttributes.class);
      Copy known = copies.get(program);
      if (known == null || !known.isOf(now)) {
        Optional<Sealed> made = closed ? Optional.empty() : copy(program, now.size());
        known = new Copy(now.fileKey(), now.size(), now.lastModifiedTime(), made);
        copies.put(program, known);
      }
      return Optional.of(known);
    } catch (RuncibleException | UnsatisfiedLinkError | IOException e) {
      log().debug("'{}' is started from its file", program, e);
      return Optional.empty();
    }
  }

  /**
   * The same for a program of this library; its name tells it from others. Empty if it cannot be
   * executed from memory here.
   */
  synchronized Optional<Path> find(Path name, byte[] program) {
    Copy known = copies.get(name);
    if (known != null || closed || Files.exists(SELINUX)) {
      return known == null ? Optional.empty() : known.sealed().map(Sealed::path);
    }
    Optional<Sealed> made = Optional.empty();
    try {
      made = seal(name, copy -> write(program, copy));
    } catch (RuncibleException | UnsatisfiedLinkError | IOException e) {
      log().debug("'{}' is not executed", name, e);
    }
    copies.put(name, new Copy(null, program.length, FileTime.fromMillis(0), made));
    return made.map(Sealed::path);
  }

  /** A program of this library, for who starts it by a descriptor, which the caller closes. */
  static FileDescriptor seal(String name, byte[] program) {
    return sealed(Path.of(name), copy -> write(program, copy));
  }

  private Optional<Sealed> copy(Path program, long size) throws IOException {
    if (size > MAX_SIZE || Files.exists(SELINUX) || !isBinary(program)) {
      return Optional.empty();
    }
    return seal(program, copy -> transfer(program, copy));
  }

  /** Not by a FileChannel, which an interrupt of the thread closes. */
  private static void write(byte[] program, FileDescriptor copy) {
    FileContent.write(copy, ByteBuffer.allocateDirect(program.length).put(program).flip());
  }

  /** As {@link #write}. */
  private static void transfer(Path program, FileDescriptor copy) {
    try (FileDescriptor file = FileCalls.openToRead(program)) {
      FileContent.copy(file, copy);
    }
  }

  /** Writes a program. */
  private interface Content {
    void write(FileDescriptor copy);
  }

  private Optional<Sealed> seal(Path program, Content content) throws IOException {
    FileDescriptor file = sealed(program, content);
    files.add(file);
    return executable(file).map(path -> new Sealed(file, path, new AtomicInteger()));
  }

  private static FileDescriptor sealed(Path program, Content content) {
    FileDescriptor file = create(program);
    try {
      content.write(file);
      Native.check(libc().fchmod(file.value(), MODE), "chmod", file);
      Native.check(libc().fcntl(file.value(), ADD_SEALS, SEALS), "seal", file);
      return file;
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /**
   * The path is resolved by the process that is started, so it names this one as /proc numbers it,
   * which may be that of another pid namespace.
   */
  private static Optional<Path> executable(FileDescriptor file) throws IOException {
    Path here = Path.of(file.procPath());
    Path self = Files.readSymbolicLink(Path.of("/proc/self"));
    Path path = Path.of("/proc").resolve(self).resolve("fd/" + file.value());
    return Files.isSameFile(path, here) ? Optional.of(path) : Optional.empty();
  }

  /** A script is told by its path where it is, which would be another one. */
  private static boolean isBinary(Path program) throws IOException {
    try (InputStream in = Files.newInputStream(program)) {
      return Arrays.equals(in.readNBytes(ELF.length), ELF);
    }
  }

  private static FileDescriptor create(Path program) {
    byte[] name = Native.cString(program.getFileName());
    int fd = libc().memfd_create(name, CLOEXEC_AND_SEALABLE | EXECUTABLE);
    if (fd < 0 && Native.errno() == Errno.EINVAL) {
      fd = libc().memfd_create(name, CLOEXEC_AND_SEALABLE); // Before Linux 6.3.
    }
    return new FileDescriptor(Native.check(fd, "memfd_create", program), program);
  }

  /** Nothing may be about to start one of them. */
  @Override
  public synchronized void close() {
    closed = true;
    copies.clear();
    files.forEach(FileDescriptor::close);
  }

  private static Logger log() {
    return LoggerFactory.getLogger(SealedPrograms.class);
  }
}
