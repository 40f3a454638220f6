package io.runcible.ffi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;

/**
 * What {@code unshare} and a shell would do, as a static program of some two hundred bytes: it has
 * the namespaces in a fraction of a millisecond. It says {@code ready}, and ends with its input. If
 * the kernel refuses, it ends with the number of the error.
 *
 * <p>The machine code, as a listing for x86-64; that for 64-bit ARM does the same in the same
 * order:
 *
 * <pre>{@code
 *         mov edi, [rip+flags]
 *         mov eax, 272              # unshare
 *         syscall
 *         test eax, eax
 *         jnz end
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
 * flags:
 * }</pre>
 */
final class UnshareProgram {
  private static final String X86_64 =
      "8b3d44000000b8100100000f0585c07528b801000000bf01000000488d35"
          + "22000000ba060000000f0531c031ff4889e6ba010000000f0531c0f7d889"
          + "c7b8e70000000f0572656164790a";

  private static final String AARCH64 =
      "80020018280c80d2010000d480010035080880d2200080d281010010c200"
          + "80d2010000d4e80780d2000080d2e1030091220080d2010000d400008052"
          + "e003004bc80b80d2010000d472656164790a0000";

  private static final int NEW_USER = 0x10000000;
  private static final int NEW_NET = 0x40000000;

  private UnshareProgram() {}

  /**
   * Where it can be executed; empty where it cannot.
   *
   * @param network whether it makes a network namespace besides the user namespace
   */
  static Optional<Path> in(SealedPrograms programs, boolean network) {
    int flags = network ? NEW_USER | NEW_NET : NEW_USER;
    return elf(System.getProperty("os.arch", ""), flags)
        .flatMap(elf -> programs.find(Path.of(network ? "unshare-user-net" : "unshare-user"), elf));
  }

  /** The file; empty if it is not written for a processor. */
  static Optional<byte[]> elf(String processor, int flags) {
    return switch (processor) {
      case "amd64", "x86_64" -> Optional.of(elf(62, X86_64, flags));
      case "aarch64" -> Optional.of(elf(183, AARCH64, flags));
      default -> Optional.empty();
    };
  }

  private static byte[] elf(int machine, String code, int flags) {
    byte[] instructions = HexFormat.of().parseHex(code);
    ByteBuffer whole =
        ByteBuffer.allocate(instructions.length + Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    return StaticProgram.elf(machine, whole.put(instructions).putInt(flags).array());
  }
}
