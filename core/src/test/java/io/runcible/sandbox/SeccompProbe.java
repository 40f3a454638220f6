package io.runcible.sandbox;

import io.runcible.ffi.Architecture;
import io.runcible.ffi.Script;
import io.runcible.ffi.ScriptProgram;
import io.runcible.ffi.SystemCall;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/** Programs that make system calls by their numbers and tell what they return. */
final class SeccompProbe {
  private static final Architecture HERE = Architecture.ofThisHost().orElseThrow();
  private static final int CODE = 64 + 3 * 56;

  /** Of a call of the same processor with another way to pass numbers. */
  static final long X32 = 0x40000000;

  /** Numbers and first arguments for x86-64, then for 64-bit ARM; none of them does harm. */
  private static final long[][][] CALLS = {
    {
      {39, 0}, // getpid
      {272, 0x10000000}, // unshare, a user namespace
      {272, 0}, // and none
      {101, 0}, // ptrace, the program by its parent
      {310, 1}, // process_vm_readv
      {425, 1}, // io_uring_setup
      {41, 1}, // socket, unix
      {41, 2}, // IPv4
      {41, 16}, // netlink
      {41, 38}, // the kernel's cryptography
      {41, 40}, // the hypervisor
      {41, (1L << 32) + 38}, // the kernel looks at the lower half
      {135, 0xffffffffL}, // personality, which one
      {135, 4}, // and another one
      {56, 0x10000000 | 17}, // clone, a user namespace
      {435, 0}, // clone3
      {321, 0}, // bpf
      {246, 0}, // kexec_load
      {180, 0}, // nfsservctl
      {999, 0}, // nothing
    },
    {
      {172, 0},
      {97, 0x10000000},
      {97, 0},
      {117, 0},
      {270, 1},
      {425, 1},
      {198, 1},
      {198, 2},
      {198, 16},
      {198, 38},
      {198, 40},
      {198, (1L << 32) + 38},
      {92, 0xffffffffL},
      {92, 4},
      {220, 0x10000000 | 17},
      {435, 0},
      {280, 0},
      {104, 0},
      {42, 0},
      {999, 0},
    }
  };

  private SeccompProbe() {}

  /** Makes all the calls. */
  static SandboxRequest all() {
    Script script = new Script(HERE);
    long place = ScriptProgram.REPLY;
    for (long[] call : CALLS[HERE == Architecture.X86_64 ? 0 : 1]) {
      script.call(call[0], call[1]).into(place);
      place += Long.BYTES;
    }
    script.call(SystemCall.WRITE, 1, ScriptProgram.REPLY, place - ScriptProgram.REPLY);
    script.call(SystemCall.EXIT_GROUP, 0);
    return program(ScriptProgram.elf(HERE), script);
  }

  /** What they returned. */
  static List<Long> results(SandboxResult result) {
    ByteBuffer bytes = ByteBuffer.wrap(result.stdoutBytes()).order(ByteOrder.LITTLE_ENDIAN);
    List<Long> results = new ArrayList<>();
    while (bytes.remaining() >= Long.BYTES) {
      results.add(bytes.getLong());
    }
    return results;
  }

  /** Makes one call, by its number. */
  static SandboxRequest one(long number) {
    Script script = new Script(HERE);
    script.call(number);
    script.call(SystemCall.EXIT_GROUP, 0);
    return program(ScriptProgram.elf(HERE), script);
  }

  /** Makes a call as a program of 32 bits does on x86: {@code getpid} by {@code int 0x80}. */
  static SandboxRequest ofX86() {
    return program(x86(), new Script(HERE));
  }

  /** Whether this kernel has such calls at all: for one that has not, it is a fault. */
  static boolean hasX86() throws IOException, InterruptedException {
    Path file = Files.createTempFile("runcible-", ".elf");
    try {
      Files.write(file, x86());
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
      return new ProcessBuilder(file.toString()).start().waitFor() == 0;
    } finally {
      Files.delete(file);
    }
  }

  private static byte[] x86() {
    byte[] elf = ScriptProgram.elf(Architecture.X86_64);
    byte[] code = {
      (byte) 0xb8,
      20,
      0,
      0,
      0,
      (byte) 0xcd,
      (byte) 0x80, // mov eax, 20; int 0x80
      0x31,
      (byte) 0xff,
      (byte) 0xb8,
      (byte) 231,
      0,
      0,
      0,
      0x0f,
      5 // exit_group(0)
    };
    System.arraycopy(code, 0, elf, CODE, code.length);
    return elf;
  }

  private static SandboxRequest program(byte[] elf, Script script) {
    return SandboxRequest.builder("./program")
        .file("program", elf, 0755)
        .stdin(script.block())
        .build();
  }
}
