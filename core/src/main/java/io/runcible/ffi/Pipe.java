package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;

import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ref.Reference;

/**
 * A pipe of the kernel, both ends closed on exec. The caller owns both and closes the one that it
 * gave away to a child right after the child started.
 *
 * @param reader the end to read
 * @param writer the end to write
 */
public record Pipe(FileDescriptor reader, FileDescriptor writer) implements AutoCloseable {
  private static final int O_CLOEXEC = 02000000;

  /** Opens a pipe. */
  public static Pipe open() {
    Pointer fds = Native.allocate(8);
    check(libc().pipe2(fds, O_CLOEXEC), "pipe", "of a child");
    Pipe pipe =
        new Pipe(
            new FileDescriptor(fds.getInt(0), "pipe"), new FileDescriptor(fds.getInt(4), "pipe"));
    Reference.reachabilityFence(fds);
    return pipe;
  }

  /** Whether a write of less than a page would not block, or would fail. */
  public boolean isWritable() {
    return Poll.writable(writer, 0);
  }

  /** A stream over the reading end; closing it closes the end, also while a read blocks. */
  public InputStream inputStream() {
    return new PipeInputStream(reader);
  }

  /** A stream over the writing end; closing it closes the end. Not buffered. */
  public OutputStream outputStream() {
    return new PipeOutputStream(writer);
  }

  /** Closes both ends. Idempotent. */
  @Override
  public void close() {
    reader.close();
    writer.close();
  }
}
