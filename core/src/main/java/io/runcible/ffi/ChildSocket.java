package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/**
 * A stream to a process that is started with its other end, by which descriptors go there, and
 * which tells what process each answer comes from: the kernel says that, not the other end.
 */
public final class ChildSocket implements AutoCloseable {
  private static final long SYS_SOCKETPAIR = Native.ARM64 ? 199 : 53;
  private static final long SYS_SENDMSG = Native.ARM64 ? 211 : 46;
  private static final long SYS_RECVMSG = Native.ARM64 ? 212 : 47;
  private static final long SYS_SHUTDOWN = Native.ARM64 ? 210 : 48;
  private static final int SHUT_RDWR = 2;
  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_CLOEXEC = 02000000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_PASSCRED = 16;
  private static final int SCM_RIGHTS = 1;
  private static final int SCM_CREDENTIALS = 2;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;

  /** Of a struct msghdr, behind which are the struct iovec and then the control message. */
  private static final int HEADER = 56;

  private static final int VECTOR = 16;
  private static final int CONTROL = HEADER + VECTOR;

  /** Of a struct cmsghdr. */
  private static final int CONTROL_HEADER = 16;

  /** Room for credentials: of descriptors that somebody sends, the kernel lets go. */
  private static final int RECEIVED = 32;

  private final FileDescriptor own;
  private final FileDescriptor child;

  private ChildSocket(FileDescriptor own, FileDescriptor child) {
    this.own = own;
    this.child = child;
  }

  /** Opens one; the caller closes it, and {@link #childEnd} once the child has it. */
  public static ChildSocket open() {
    Pointer fds = Native.allocate(8);
    long result =
        libc().syscall(SYS_SOCKETPAIR, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.address(), 0, 0);
    check((int) result, "open a socket", "of a child");
    Reference.reachabilityFence(fds);
    ChildSocket socket =
        new ChildSocket(
            new FileDescriptor(fds.getInt(0), "socket to a child"),
            new FileDescriptor(fds.getInt(4), "socket of a child"));
    try {
      Pointer one = Native.allocate(4);
      one.putInt(0, 1);
      int set = libc().setsockopt(socket.own.value(), SOL_SOCKET, SO_PASSCRED, one, 4);
      Reference.reachabilityFence(one);
      check(set, "set up the socket", "of a child");
      return socket;
    } catch (RuntimeException e) {
      socket.child.close();
      socket.close();
      throw e;
    }
  }

  /** What the child is to get. */
  public FileDescriptor childEnd() {
    return child;
  }

  /**
   * Sends bytes, all or none, without waiting.
   *
   * @param descriptors come with the first byte
   * @return false if nobody is there, or there is no room for all of them: it is of no use then
   */
  public boolean send(byte[] bytes, List<FileDescriptor> descriptors) {
    int data = CONTROL + CONTROL_HEADER + align(4 * descriptors.size());
    Pointer memory = Native.allocate(data + bytes.length);
    memory.put(data, bytes, 0, bytes.length);
    vector(memory, data, bytes.length);
    if (!descriptors.isEmpty()) {
      memory.putLong(32, memory.address() + CONTROL);
      memory.putLong(40, data - CONTROL);
      memory.putLong(CONTROL, CONTROL_HEADER + 4L * descriptors.size());
      memory.putInt(CONTROL + 8, SOL_SOCKET);
      memory.putInt(CONTROL + 12, SCM_RIGHTS);
      for (int i = 0; i < descriptors.size(); i++) {
        memory.putInt(CONTROL + CONTROL_HEADER + 4 * i, descriptors.get(i).value());
      }
    }
    int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    long sent;
    do {
      sent = libc().syscall(SYS_SENDMSG, own.value(), memory.address(), flags, 0, 0, 0);
    } while (sent < 0 && Native.errno() == Errno.EINTR);
    Reference.reachabilityFence(memory);
    return sent == bytes.length;
  }

  /**
   * An answer.
   *
   * @param pid of the process that wrote it
   * @param bytes no more than were asked for; fewer if that wrote fewer
   */
  public record Answer(int pid, ByteBuffer bytes) {}

  /**
   * Receives what one process wrote. Blocks, unless the thread is interrupted.
   *
   * @param length how much of it, at most
   * @param deadline as {@link System#nanoTime} has it; what is there already is received after it
   * @return empty if nobody is there, or nothing came in time
   */
  public Optional<Answer> receive(int length, long deadline) {
    Pointer memory = Native.allocate(CONTROL + RECEIVED + length);
    try {
      while (true) {
        boolean waits = System.nanoTime() - deadline < 0 && !Thread.currentThread().isInterrupted();
        if (Poll.readable(own, waits ? Poll.TICK_MILLIS : 0)) {
          vector(memory, CONTROL + RECEIVED, length);
          memory.putLong(32, memory.address() + CONTROL);
          memory.putLong(40, RECEIVED);
          int flags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
          long count = libc().syscall(SYS_RECVMSG, own.value(), memory.address(), flags, 0, 0, 0);
          int errno = count < 0 ? Native.errno() : 0;
          if (errno != Errno.EINTR && errno != Errno.EAGAIN) {
            return count <= 0 ? Optional.empty() : answer(memory, (int) count);
          }
        } else if (!waits) {
          return Optional.empty();
        }
      }
    } finally {
      Reference.reachabilityFence(memory);
    }
  }

  /** Nothing goes either way any more; what has come can still be received. */
  public void shutdown() {
    libc().syscall(SYS_SHUTDOWN, own.value(), SHUT_RDWR, 0, 0, 0, 0);
  }

  private static void vector(Pointer memory, int data, int length) {
    memory.putLong(16, memory.address() + HEADER);
    memory.putLong(24, 1);
    memory.putLong(HEADER, memory.address() + data);
    memory.putLong(HEADER + 8, length);
  }

  private static Optional<Answer> answer(Pointer memory, int count) {
    boolean told =
        memory.getLong(40) >= CONTROL_HEADER + Integer.BYTES
            && memory.getInt(CONTROL + 8) == SOL_SOCKET
            && memory.getInt(CONTROL + 12) == SCM_CREDENTIALS;
    byte[] bytes = new byte[count];
    memory.get(CONTROL + RECEIVED, bytes, 0, count);
    int pid = told ? memory.getInt(CONTROL + CONTROL_HEADER) : 0;
    return Optional.of(new Answer(pid, ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder())));
  }

  private static int align(int length) {
    return (length + 7) & ~7;
  }

  /** Closes the end of this process. Idempotent. */
  @Override
  public void close() {
    own.close();
  }
}
