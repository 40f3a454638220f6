package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A netlink socket to the kernel's table of devices, addresses and routes. It belongs to the
 * network namespace of the thread that opens it, and any thread may use it then.
 */
final class NetlinkSocket implements AutoCloseable {
  static final int REQUEST = 1;
  static final int ACK = 4;
  static final int DUMP = 0x300;

  private static final int AF_NETLINK = 16;
  private static final int SOCK_RAW = 3;
  private static final int SOCK_CLOEXEC = 02000000;
  private static final int NETLINK_ROUTE = 0;
  private static final int SOL_NETLINK = 270;
  private static final int NETLINK_CAP_ACK = 10;
  private static final int NETLINK_EXT_ACK = 11;
  private static final int MSG_TRUNC = 0x20;

  private static final int DUMP_INTERRUPTED = 0x10;
  private static final int HAS_EXPLANATION = 0x200;
  private static final int TYPE_ERROR = 2;
  private static final int TYPE_DONE = 3;
  private static final int EXPLANATION = 1;

  /** The kernel's parts of a dump are no longer than 32 KiB. */
  private static final int BUFFER = 64 << 10;

  private static final int MAX_DUMPS = 20;

  private final FileDescriptor socket;
  private final Pointer buffer = Native.allocate(BUFFER);
  private int sequence;

  private NetlinkSocket(FileDescriptor socket) {
    this.socket = socket;
  }

  static NetlinkSocket open() {
    int fd = libc().socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    return of(new FileDescriptor(check(fd, "open socket", "netlink"), "netlink"));
  }

  /** One that is open, and owned from now on. */
  static NetlinkSocket of(FileDescriptor socket) {
    NetlinkSocket opened = new NetlinkSocket(socket);
    // So that an answer says why in words, and does not repeat the question. Not all kernels can.
    opened.option(NETLINK_EXT_ACK);
    opened.option(NETLINK_CAP_ACK);
    return opened;
  }

  private void option(int option) {
    buffer.putInt(0, 1);
    libc().setsockopt(socket.value(), SOL_NETLINK, option, buffer, 4);
    Reference.reachabilityFence(buffer);
  }

  /**
   * Does what a message asks for.
   *
   * @param call what that is, and {@code what} to which object, for the error
   * @return what came before the kernel said that it is done
   * @throws NativeException as the kernel says
   */
  synchronized List<ByteBuffer> execute(NetlinkMessage message, String call, String what) {
    int number = send(message, call, what);
    List<ByteBuffer> found = new ArrayList<>();
    boolean[] acknowledged = new boolean[1];
    while (!acknowledged[0]) {
      receive(
          number,
          answer -> {
            if (answer.type() == TYPE_ERROR) {
              answer.throwIfFailed(call, what);
              acknowledged[0] = true;
            } else {
              found.add(answer.content());
            }
          });
    }
    return found;
  }

  /** All answers to a message that asks for a list, each without its header. */
  synchronized List<ByteBuffer> dump(NetlinkMessage message, String call) {
    for (int attempt = 0; attempt < MAX_DUMPS; attempt++) {
      List<ByteBuffer> found = new ArrayList<>();
      if (dumpOnce(message, call, found)) {
        return found;
      }
    }
    throw new RuncibleException(
        ErrorKind.UNAVAILABLE, "cannot " + call + ": it changes faster than it can be read");
  }

  /** False if what was listed changed meanwhile. */
  private boolean dumpOnce(NetlinkMessage message, String call, List<ByteBuffer> found) {
    int number = send(message, call, "");
    boolean[] done = new boolean[1];
    boolean[] whole = {true};
    while (!done[0]) {
      receive(
          number,
          answer -> {
            whole[0] &= (answer.flags() & DUMP_INTERRUPTED) == 0;
            if (answer.type() == TYPE_ERROR) {
              answer.throwIfFailed(call, "");
            } else if (answer.type() == TYPE_DONE) {
              done[0] = true;
            } else {
              found.add(answer.content());
            }
          });
    }
    return whole[0];
  }

  private int send(NetlinkMessage message, String call, String what) {
    int number = ++sequence;
    byte[] bytes = message.encode(number);
    Pointer memory = Native.allocate(bytes.length);
    memory.put(0, bytes, 0, bytes.length);
    try {
      while (libc().send(socket.value(), memory, bytes.length, 0) < 0) {
        int errno = Native.errno();
        if (errno != Errno.EINTR) {
          throw new NativeException(call, errno, what);
        }
      }
      return number;
    } finally {
      Reference.reachabilityFence(memory);
    }
  }

  /** Takes one datagram and hands over what in it answers a request. */
  private void receive(int number, Consumer<Answer> consumer) {
    long length = libc().recv(socket.value(), buffer, BUFFER, MSG_TRUNC);
    if (length < 0) {
      int errno = Native.errno();
      if (errno == Errno.EINTR) {
        return;
      }
      throw new NativeException("receive", errno, "netlink");
    }
    if (length > BUFFER) {
      throw corrupt("an answer of " + length + " bytes");
    }
    byte[] bytes = new byte[(int) length];
    buffer.get(0, bytes, 0, bytes.length);
    Reference.reachabilityFence(buffer);
    for (Answer answer : split(bytes)) {
      if (answer.sequence() == number) {
        consumer.accept(answer);
      }
    }
  }

  /** The messages of a datagram. */
  static List<Answer> split(byte[] datagram) {
    ByteBuffer all = ByteBuffer.wrap(datagram).order(ByteOrder.nativeOrder());
    List<Answer> answers = new ArrayList<>();
    int at = 0;
    while (at < datagram.length) {
      int left = datagram.length - at;
      int length = left < NetlinkMessage.HEADER ? left : all.getInt(at);
      if (length < NetlinkMessage.HEADER || length > left) {
        throw corrupt("a message of " + length + " bytes in " + left);
      }
      answers.add(
          new Answer(
              Short.toUnsignedInt(all.getShort(at + 4)),
              Short.toUnsignedInt(all.getShort(at + 6)),
              all.getInt(at + 8),
              all.slice(at + NetlinkMessage.HEADER, length - NetlinkMessage.HEADER)
                  .order(ByteOrder.nativeOrder())));
      at = Math.min(datagram.length, at + align(length));
    }
    return answers;
  }

  static int align(int length) {
    return (length + 3) & ~3;
  }

  static RuncibleException corrupt(String what) {
    return new RuncibleException(ErrorKind.CORRUPT_DATA, "netlink has " + what);
  }

  @Override
  public void close() {
    socket.close();
  }

  /** One message of the kernel. */
  record Answer(int type, int flags, int sequence, ByteBuffer content) {
    void throwIfFailed(String call, String what) {
      if (content.remaining() < 4) {
        throw corrupt("an error of " + content.remaining() + " bytes");
      }
      int errno = -content.getInt(content.position());
      if (errno != 0) {
        throw new NativeException(call, errno, what, explanation());
      }
    }

    /** The number, the header of the request, and then words. */
    private String explanation() {
      int words = 4 + NetlinkMessage.HEADER;
      if ((flags & HAS_EXPLANATION) == 0 || content.remaining() < words) {
        return "";
      }
      return NetlinkAttributes.parse(
              content.duplicate().order(ByteOrder.nativeOrder()).position(words))
          .text(EXPLANATION)
          .orElse("");
    }
  }
}
