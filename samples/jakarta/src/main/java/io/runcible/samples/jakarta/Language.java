package io.runcible.samples.jakarta;

import io.runcible.sandbox.SandboxRequest;
import jakarta.ws.rs.core.MediaType;

/** What programs can be written in. */
enum Language {
  SHELL("sh", "program"),
  AWK("awk", "-f", "program");

  static final String SHELL_TYPE = "text/x-shellscript";
  static final String AWK_TYPE = "text/x-awk";

  private final String[] command;

  Language(String... command) {
    this.command = command;
  }

  static Language of(MediaType type) {
    return type.isCompatible(MediaType.valueOf(AWK_TYPE)) ? AWK : SHELL;
  }

  SandboxRequest.Builder request(byte[] program) {
    return SandboxRequest.builder(command).file("program", program);
  }
}
