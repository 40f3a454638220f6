package io.runcible.ffi;

import static io.runcible.ffi.Native.check;
import static io.runcible.ffi.Native.libc;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/** What the kernel says of all packet filters of this network namespace together. */
public final class PacketFilters {
  private static final int AF_NETLINK = 16;
  private static final int SOCK_RAW_CLOEXEC = 02000003;
  private static final int NETLINK_NETFILTER = 12;
  private static final int NFT_MSG_GETGEN = 10 << 8 | 16;
  private static final int NFT_MSG_NEWGEN = 10 << 8 | 15;
  private static final int NFTA_GEN_ID = 1;
  private static final int FAMILY_HEADER = 4;

  private PacketFilters() {}

  /**
   * A number that changes with them (NFT_MSG_GETGEN); empty where this kernel has no nf_tables, or
   * does not tell this process.
   */
  public static Optional<String> generation() {
    int fd = libc().socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_NETFILTER);
    if (fd < 0) {
      return Optional.empty();
    }
    try (FileDescriptor socket = new FileDescriptor(fd, "netfilter")) {
      NetlinkSocket.Answer answer = ask(socket);
      if (answer.type() != NFT_MSG_NEWGEN) {
        return Optional.empty();
      }
      ByteBuffer attributes = answer.content().slice().order(ByteOrder.nativeOrder());
      attributes.position(FAMILY_HEADER);
      return NetlinkAttributes.parse(attributes).bytes(NFTA_GEN_ID).map(Arrays::toString);
    }
  }

  private static NetlinkSocket.Answer ask(FileDescriptor socket) {
    byte[] request =
        new NetlinkMessage(NFT_MSG_GETGEN, NetlinkSocket.REQUEST).bytes(0, 0, 0, 0).encode(1);
    Pointer memory = Native.allocate(4096);
    memory.put(0, request, 0, request.length);
    check((int) libc().send(socket.value(), memory, request.length, 0), "send", "netfilter");
    int length = check((int) libc().recv(socket.value(), memory, 4096, 0), "receive", "netfilter");
    byte[] answer = new byte[length];
    memory.get(0, answer, 0, length);
    Reference.reachabilityFence(memory);
    return NetlinkSocket.split(answer).get(0);
  }
}
