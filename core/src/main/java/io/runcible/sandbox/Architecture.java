package io.runcible.sandbox;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;

/** The processors that the init program of a sandbox is there for. */
enum Architecture {
  X86_64(62, 0200000, 0400000),
  AARCH64(183, 040000, 0100000);

  /** Its number in an ELF header. */
  final int elfMachine;

  final int directoryFlag;
  final int noFollowFlag;

  Architecture(int elfMachine, int directoryFlag, int noFollowFlag) {
    this.elfMachine = elfMachine;
    this.directoryFlag = directoryFlag;
    this.noFollowFlag = noFollowFlag;
  }

  static Architecture ofThisHost() {
    String name = System.getProperty("os.arch", "");
    return switch (name) {
      case "amd64", "x86_64" -> X86_64;
      case "aarch64" -> AARCH64;
      default ->
          throw new RuncibleException(
              ErrorKind.UNSUPPORTED,
              "there are no sandboxes on " + name + ": their init program is not written for it");
    };
  }
}
