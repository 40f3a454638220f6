package io.runcible.ffi;

import java.util.Optional;

/** The processors that a {@link ScriptProgram} is there for. */
public enum Architecture {
  /** 64 bits of Intel and AMD. */
  X86_64(62, 0200000, 0400000),

  /** 64 bits of ARM. */
  AARCH64(183, 040000, 0100000);

  /** Its number in an ELF header. */
  public final int elfMachine;

  /** O_DIRECTORY of open(2). */
  public final int directoryFlag;

  /** O_NOFOLLOW of open(2). */
  public final int noFollowFlag;

  Architecture(int elfMachine, int directoryFlag, int noFollowFlag) {
    this.elfMachine = elfMachine;
    this.directoryFlag = directoryFlag;
    this.noFollowFlag = noFollowFlag;
  }

  /** That of this host; empty if it is another one. */
  public static Optional<Architecture> ofThisHost() {
    return switch (System.getProperty("os.arch", "")) {
      case "amd64", "x86_64" -> Optional.of(X86_64);
      case "aarch64" -> Optional.of(AARCH64);
      default -> Optional.empty();
    };
  }
}
