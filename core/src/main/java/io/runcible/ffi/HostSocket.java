package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;

import java.lang.ref.Reference;
import java.net.Inet6Address;
import java.net.InetSocketAddress;

/** A socket that has a port of the host and does nothing with it, for a child process to keep. */
public final class HostSocket {
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 02000000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_REUSEADDR = 2;
  private static final int IPPROTO_IPV6 = 41;
  private static final int IPV6_V6ONLY = 26;

  private HostSocket() {}

  /**
   * Binds one beside another socket that allows it, for the moment, by SO_REUSEADDR. The address of
   * all IPv6 addresses stands for those of IPv4, too.
   *
   * @param stream whether of TCP, otherwise of UDP
   * @return the socket, which the caller closes; it allows no other one
   */
  public static FileDescriptor bindBeside(InetSocketAddress address, boolean stream) {
    boolean ipv6 = address.getAddress() instanceof Inet6Address;
    int fd =
        libc()
            .socket(
                ipv6 ? AF_INET6 : AF_INET, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
    FileDescriptor socket = new FileDescriptor(check(fd, "open a socket", address), address);
    try {
      if (ipv6) {
        option(socket, IPPROTO_IPV6, IPV6_V6ONLY, 0);
      }
      option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
      bind(socket, address, ipv6);
      option(socket, SOL_SOCKET, SO_REUSEADDR, 0);
      return socket;
    } catch (RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  private static void option(FileDescriptor socket, int level, int option, int value) {
    Pointer memory = Native.allocate(4);
    memory.putInt(0, value);
    check(libc().setsockopt(socket.value(), level, option, memory, 4), "set up the socket", socket);
    Reference.reachabilityFence(memory);
  }

  /** By {@code sockaddr_in} or {@code sockaddr_in6}, in which ports are big-endian. */
  private static void bind(FileDescriptor socket, InetSocketAddress address, boolean ipv6) {
    int length = ipv6 ? 28 : 16;
    Pointer memory = Native.allocate(length);
    memory.putShort(0, (short) (ipv6 ? AF_INET6 : AF_INET));
    memory.putByte(2, (byte) (address.getPort() >> 8));
    memory.putByte(3, (byte) address.getPort());
    byte[] bytes = address.getAddress().getAddress();
    memory.put(ipv6 ? 8 : 4, bytes, 0, bytes.length);
    check(libc().bind(socket.value(), memory, length), "bind", socket);
    Reference.reachabilityFence(memory);
  }
}
