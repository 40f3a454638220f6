package io.runcible.ffi;

import java.util.HexFormat;
import java.util.Optional;

/**
 * Opens a netlink socket in the network namespace that it is started in, for another process to
 * take: a static program of some hundred bytes. The socket is its descriptor {@link #SOCKET}. It
 * says {@code ready}, and ends with its input. If the kernel refuses, it ends with the number of
 * the error.
 *
 * <p>The machine code, as a listing for x86-64; that for 64-bit ARM does the same in the same
 * order:
 *
 * <pre>{@code
 *         mov edi, 16               # AF_NETLINK
 *         mov esi, 0x80003          # SOCK_RAW | SOCK_CLOEXEC
 *         xor edx, edx              # NETLINK_ROUTE
 *         mov eax, 41               # socket
 *         syscall
 *         test eax, eax
 *         js end
 *         mov edi, eax
 *         mov esi, 100
 *         xor edx, edx
 *         mov eax, 292              # dup3
 *         syscall
 *         mov eax, 1                # write
 *         mov edi, 1
 *         lea rsi, [rip+text]
 *         mov edx, 6
 *         syscall
 *         xor eax, eax              # read
 *         xor edi, edi
 *         mov rsi, rsp
 *         mov edx, 1
 *         syscall
 *         xor eax, eax
 * end:    neg eax
 *         mov edi, eax
 *         mov eax, 231              # exit_group
 *         syscall
 * text:   .ascii "ready\n"
 * }</pre>
 */
final class NetlinkProgram {
  /** Not one that it is started with. */
  static final int SOCKET = 100;

  private static final String X86_64 =
      "bf10000000be0300080031d2b8290000000f0585c0783889c7be64000000"
          + "31d2b8240100000f05b801000000bf01000000488d3522000000ba060000"
          + "000f0531c031ff4889e6ba010000000f0531c0f7d889c7b8e70000000f05"
          + "72656164790a";

  private static final String AARCH64 =
      "000280d2610080d20101a0f2020080d2c81880d2010000d40002f837810c"
          + "80d2020080d2080380d2010000d4200080d2a1010010c20080d2080880d2"
          + "010000d4000080d2e14300d1220080d2e80780d2010000d400008052e003"
          + "004bc80b80d2010000d472656164790a";

  private NetlinkProgram() {}

  /** The file; empty if it is not written for a processor. */
  static Optional<byte[]> elf(String processor) {
    HexFormat hex = HexFormat.of();
    return switch (processor) {
      case "amd64", "x86_64" -> Optional.of(StaticProgram.elf(62, hex.parseHex(X86_64)));
      case "aarch64" -> Optional.of(StaticProgram.elf(183, hex.parseHex(AARCH64)));
      default -> Optional.empty();
    };
  }
}
