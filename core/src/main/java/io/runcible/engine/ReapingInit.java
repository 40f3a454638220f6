package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.StaticProgram;
import io.runcible.runtime.RuntimeSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * The first process of a container with {@link ContainerSpec.Builder#init}: a static program of
 * some seven hundred bytes, so that any image will do. It starts the program as its child, sends it
 * the signals that it gets itself, reaps whatever loses its parent, and ends with the child, by its
 * exit code or 128 plus the signal.
 *
 * <p>The machine code, as a listing for x86-64; that for 64-bit ARM does the same in the same
 * order:
 *
 * <pre>{@code
 *          mov r12, rsp
 *          sub rsp, 8192
 *          mov rbp, rsp
 *          mov eax, 157               # prctl: what the children leave is ours, too
 *          mov edi, 36
 *          mov esi, 1
 *          syscall
 *          or qword ptr [rbp+8], -1   # all signals wait; what the mask was is at rbp
 *          mov eax, 14
 *          xor edi, edi
 *          lea rsi, [rbp+8]
 *          mov rdx, rbp
 *          mov r10d, 8
 *          syscall
 *          mov r15d, 1
 *          mov eax, 57                # fork
 *          syscall
 *          mov r13d, eax
 *          test eax, eax
 *          jz child
 *          js failed
 * wait:    mov eax, 128               # the next signal, of the child
 *          lea rdi, [rbp+8]
 *          xor esi, esi
 *          xor edx, edx
 *          mov r10d, 8
 *          syscall
 *          cmp eax, 17
 *          je reap
 *          cmp eax, -4
 *          je wait
 *          test eax, eax
 *          js blind
 *          mov esi, eax               # or for it
 *          mov edi, r13d
 *          mov eax, 62
 *          syscall
 *          jmp wait
 * blind:   xor r15d, r15d             # no waiting for signals here: for children alone
 * reap:    mov eax, 61                # wait4
 *          or rdi, -1
 *          lea rsi, [rbp+16]
 *          mov edx, r15d
 *          xor r10d, r10d
 *          syscall
 *          test eax, eax
 *          jle wait
 *          cmp eax, r13d
 *          jne reap
 *          mov edi, [rbp+16]          # of the child: the code, or 128 and the signal
 *          mov eax, edi
 *          and eax, 0x7f
 *          jz exited
 *          lea edi, [rax+128]
 *          jmp exit
 * exited:  shr edi, 8
 * exit:    mov eax, 231
 *          syscall
 * child:   mov eax, 109               # a group of its own, which the terminal belongs to
 *          xor edi, edi
 *          xor esi, esi
 *          syscall
 *          mov eax, 39
 *          syscall
 *          mov [rbp+16], eax
 *          mov eax, 16
 *          xor edi, edi
 *          mov esi, 0x5410
 *          lea rdx, [rbp+16]
 *          syscall
 *          mov eax, 14
 *          mov edi, 2
 *          mov rsi, rbp
 *          xor edx, edx
 *          mov r10d, 8
 *          syscall
 *          mov rcx, [r12]
 *          lea r13, [r12+rcx*8+16]
 *          add r12, 16
 *          mov r15d, 127
 *          mov rbx, [r12]
 *          mov rsi, rbx
 * slash:   lodsb                      # a path is executed as it is
 *          cmp al, '/'
 *          je direct
 *          test al, al
 *          jnz slash
 *          mov r14, rsi
 *          sub r14, rbx
 *          mov rdi, r13               # otherwise PATH is searched
 * env:     mov rsi, [rdi]
 *          add rdi, 8
 *          test rsi, rsi
 *          jz failed
 *          cmp dword ptr [rsi], 0x48544150
 *          jne env
 *          cmp byte ptr [rsi+4], '='
 *          jne env
 *          add rsi, 5
 * element: lea rdi, [rbp+256]
 *          xor ecx, ecx
 * copy:    lodsb
 *          test al, al
 *          jz end
 *          cmp al, ':'
 *          je end
 *          mov [rdi+rcx], al
 *          cmp ecx, 4096              # longer ones are passed over
 *          adc ecx, 0
 *          jmp copy
 * end:     lea rdx, [rcx+r14]
 *          cmp rdx, 4096
 *          ja next
 *          test ecx, ecx
 *          jnz name
 *          mov byte ptr [rdi], '.'
 *          inc ecx
 * name:    add rdi, rcx
 *          mov byte ptr [rdi], '/'
 *          inc rdi
 *          mov r8, rsi
 *          mov rsi, rbx
 *          mov rcx, r14
 *          rep movsb
 *          lea rdi, [rbp+256]
 *          call exec
 *          mov rsi, r8
 * next:    cmp byte ptr [rsi-1], 0
 *          jne element
 *          jmp failed
 * direct:  mov rdi, rbx
 *          call exec
 * failed:  mov eax, 1
 *          mov edi, 2
 *          lea rsi, [rip+text]
 *          mov edx, 31
 *          syscall
 *          mov edi, r15d
 *          jmp exit
 * exec:    mov rsi, r12               # execve; 127 if no place has it, 126 for anything else
 *          mov rdx, r13
 *          mov eax, 59
 *          syscall
 *          cmp eax, -2
 *          je none
 *          cmp eax, -20
 *          je none
 *          mov r15d, 126
 * none:    ret
 * text:    .ascii "the program cannot be executed\n"
 * }</pre>
 */
final class ReapingInit {
  /** Where nothing of the image is, and no trace of it stays. */
  private static final String PATH = "/dev/.runcible-init";

  private static final String FILE = "init";

  private static final String X86_64 =
      "4989e44881ec002000004889e5b89d000000bf24000000be010000000f05"
          + "48834d08ffb80e00000031ff488d75084889ea41ba080000000f0541bf01"
          + "000000b8390000000f054189c585c074740f8863010000b880000000488d"
          + "7d0831f631d241ba080000000f0583f811741a83f8fc74e185c0780e89c6"
          + "4489efb83e0000000f05ebcf4531ffb83d0000004883cfff488d75104489"
          + "fa4531d20f0585c07eb34439e875e28b7d1089f883e07f74088db8800000"
          + "00eb03c1ef08b8e70000000f05b86d00000031ff31f60f05b8270000000f"
          + "05894510b81000000031ffbe10540000488d55100f05b80e000000bf0200"
          + "00004889ee31d241ba080000000f05498b0c244d8d6ccc104983c41041bf"
          + "7f000000498b1c244889deac3c2f0f848c00000084c075f34989f64929de"
          + "4c89ef488b374883c7084885f6747b813e5041544875ec807e043d75e648"
          + "83c605488dbd0001000031c9ac84c074123c3a740e88040f81f900100000"
          + "83d100ebe94a8d14314881fa00100000772c85c97505c6072effc14801cf"
          + "c6072f48ffc74989f04889de4c89f1f3a4488dbd00010000e8330000004c"
          + "89c6807eff0075a1eb084889dfe820000000b801000000bf02000000488d"
          + "352d000000ba1f0000000f054489ffe9e4feffff4c89e64c89eab83b0000"
          + "000f0583f8fe740b83f8ec740641bf7e000000c37468652070726f677261"
          + "6d2063616e6e6f742062652065786563757465640a";

  private static final String AARCH64 =
      "f3030091ff0b40d1f4030091e81480d2800480d2210080d2010000d40000"
          + "8092800600f9e81080d2000080d281220091e20314aa030180d2010000d4"
          + "37008052881b80d2200280d2010080d2020080d2030080d2040080d20100"
          + "00d4f503002aa0040034a00df837281180d280220091010080d2020080d2"
          + "030180d2010000d41f440071400100541f100031e0feff54c000f837e103"
          + "002ae003152a281080d2010000d4f1ffff1717008052882080d200008092"
          + "81420091e203172a030080d2010000d41f0000710dfdff541f00156be1fe"
          + "ff54801240b901180072600000542000021102000014007c0853c80b80d2"
          + "010000d4481380d2000080d2010080d2010000d4881580d2010000d48012"
          + "00b9a80380d2000080d201828ad282420091010000d4e81080d2400080d2"
          + "e10314aa020080d2030180d2010000d4610240f9750e018bb54200917342"
          + "0091f70f8052760240f9e90316aa211540383fbc007180050054a1ffff35"
          + "380116cbea0315aa498540f8290500b4210140b9022a8852820aa9723f00"
          + "026b41ffff54211140393ff40071e1feff54291500918a0204910b0080d2"
          + "21154038e10000343fe80071a000005441692b387f0540f16b258b9af9ff"
          + "ff176201188b5f0440f1c80100548b0000b5c2058052420100392b0080d2"
          + "4a010b8be205805242150038eb0316aa6215403842150038c2ffff358002"
          + "04910d00009421f15f38a1fcff3503000014e00316aa08000094080880d2"
          + "400080d2e1010010e20380d2010000d4e003172aafffff17e10313aae203"
          + "15aaa81b80d2010000d41f080031800000541f50003140000054d70f8052"
          + "c0035fd67468652070726f6772616d2063616e6e6f742062652065786563"
          + "757465640a";

  private ReapingInit() {}

  /** Before anything is made: where there is no place for it. */
  static void check(ContainerSpec spec) {
    if (!spec.hasInit()) {
      return;
    }
    if (spec.mounts().stream().anyMatch(mount -> mount.destination().equals("/dev"))) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "a container with init has a /dev of its own, and none mounted");
    }
    elf(System.getProperty("os.arch", ""));
  }

  /** The file. */
  static byte[] elf(String processor) {
    return switch (processor) {
      case "amd64", "x86_64" -> StaticProgram.elf(62, HexFormat.of().parseHex(X86_64));
      case "aarch64" -> StaticProgram.elf(183, HexFormat.of().parseHex(AARCH64));
      default ->
          throw new RuncibleException(
              ErrorKind.UNSUPPORTED, "there is no init for " + processor + ": it is not written");
    };
  }

  /** Mounts it, and puts it before the words of the first process. */
  static void configure(ContainerDirectory directory, RuntimeSpec.Builder builder) {
    Path file = directory.path().resolve(FILE);
    try {
      Files.write(file, elf(System.getProperty("os.arch", "")));
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.UNAVAILABLE, "cannot write '" + file + "'", e);
    }
    builder.mount(RuntimeSpec.Mount.bind(file, PATH, true));
    RuntimeSpec spec = builder.build();
    List<String> args = new ArrayList<>(List.of(PATH));
    args.addAll(spec.process().args());
    builder.process(spec.process().toBuilder().args(args).build());
  }

  /** The words without it. */
  static List<String> without(List<String> args) {
    return !args.isEmpty() && args.get(0).equals(PATH) ? args.subList(1, args.size()) : args;
  }
}
