package io.runcible.ffi;

import java.util.HexFormat;

/**
 * A static program of some three hundred bytes that works for this process inside a container, so
 * that any image will do. It reads a block of {@linkplain Script steps} from its standard input,
 * each of them a system call, makes them one after the other, and reads the next block. At the end
 * of the input it ends.
 *
 * <p>The first that it does is to be not dumpable: a process of the same user without
 * CAP_SYS_PTRACE can neither read nor trace it, nor what it has forked, until that executes another
 * program.
 *
 * <p>The machine code, as a listing for x86-64; that for 64-bit ARM does the same in the same
 * order:
 *
 * <pre>{@code
 *         mov eax, 157              # prctl: nobody traces or reads this
 *         mov edi, 4
 *         xor esi, esi
 *         syscall
 * block:  mov r12d, 0x20000000      # the block goes here: its length,
 *         mov r13d, 8
 *         call readn
 *         mov rbx, r12              # then its steps, the first of which is here, and its data
 *         mov r13, [r12-8]
 *         call readn
 * step:   mov rax, [rbx]            # the number of the call; a negative one: the next block
 *         test rax, rax
 *         js block
 *         mov rdi, [rbx+8]          # its arguments
 *         mov rsi, [rbx+16]
 *         mov rdx, [rbx+24]
 *         mov r10, [rbx+32]
 *         mov r8, [rbx+40]
 *         mov r9, [rbx+48]
 *         syscall
 *         mov rcx, [rbx+80]         # where the result is stored
 *         mov [rcx], rax
 *         sub rax, [rbx+56]         # is it in the expected range, as its least value
 *         cmp rax, [rbx+64]         # and the distance to its greatest?
 *         ja other
 *         add rbx, 88               # then the next step
 *         jmp step
 * other:  mov rbx, [rbx+72]         # otherwise this one
 *         jmp step
 * readn:  xor eax, eax              # read(0, r12, r13), until all is read
 *         xor edi, edi
 *         mov rsi, r12
 *         mov rdx, r13
 *         syscall
 *         test rax, rax
 *         jle end
 *         add r12, rax
 *         sub r13, rax
 *         jnz readn
 *         ret
 * end:    xor edi, edi              # exit_group(0)
 *         mov eax, 231
 *         syscall
 * }</pre>
 */
public final class ScriptProgram {
  /** Where a block is read to. */
  public static final long BLOCK = 0x20000000L;

  /** The largest block, with its length. */
  public static final int BLOCK_SIZE = 0x100000;

  /** Where a block may put what it wants to answer. */
  public static final long REPLY = BLOCK + BLOCK_SIZE;

  public static final int REPLY_SIZE = 0x40000;

  private static final String X86_64 =
      "b89d000000bf0400000031f60f0541bc0000002041bd08000000e84c0000004c89e34d8b6c24f8e83f000000"
          + "488b034885c078da488b7b08488b7310488b53184c8b53204c8b43284c8b"
          + "4b300f05488b4b50488901482b4338483b434077064883c358ebc7488b5b"
          + "48ebc131c031ff4c89e64c89ea0f054885c07e094901c44929c575e7c331"
          + "ffb8e70000000f05";

  private static final String AARCH64 =
      "800080d2010080d2e81480d2010000d41400a4d2150180d214000094f30314aa95825ff811000094680240f928ff"
          + "ffb7608640a9628e41a9649642a9010000d4692a40f9200100f969aa43a9"
          + "000009cb1f000aeb6800005473620191f3ffff17732640f9f1ffff170000"
          + "80d2e10314aae20315aae80780d2010000d41f0000f1ad0000549402008b"
          + "b50200ebe1feff54c0035fd6000080d2c80b80d2010000d4";

  private ScriptProgram() {}

  /** It as a file without a name, which nobody can change any more, for the caller to close. */
  public static FileDescriptor seal(Architecture architecture, String name) {
    return SealedPrograms.seal(name, elf(architecture));
  }

  /** The file. */
  public static byte[] elf(Architecture architecture) {
    byte[] code = HexFormat.of().parseHex(architecture == Architecture.X86_64 ? X86_64 : AARCH64);
    return StaticProgram.elf(architecture.elfMachine, code, BLOCK, BLOCK_SIZE + REPLY_SIZE);
  }
}
