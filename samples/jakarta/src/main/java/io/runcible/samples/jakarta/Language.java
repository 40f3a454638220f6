package io.runcible.samples.jakarta;

import io.runcible.sandbox.SandboxRequest;
import jakarta.ws.rs.core.MediaType;

/** What programs can be written in. */
enum Language {
  SHELL,
  AWK;

  static final String SHELL_TYPE = "text/x-shellscript";
  static final String AWK_TYPE = "text/x-awk";

  static Language of(MediaType type) {
    return type.isCompatible(MediaType.valueOf(AWK_TYPE)) ? AWK : SHELL;
  }

  SandboxRequest.Builder request(byte[] program) {
    SandboxRequest.Builder request =
        switch (this) {
          case SHELL -> SandboxRequest.builder("sh", "program");
          case AWK -> SandboxRequest.builder("awk", "-f", "program");
        };
    return request.file("program", program);
  }
}
