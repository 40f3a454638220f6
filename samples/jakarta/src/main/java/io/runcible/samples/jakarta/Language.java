package io.runcible.samples.jakarta;

import io.runcible.sandbox.SandboxRequest;
import jakarta.ws.rs.NotSupportedException;
import jakarta.ws.rs.core.MediaType;
import org.jspecify.annotations.Nullable;

/** What programs can be written in. */
enum Language {
  SHELL,
  AWK;

  static final String SHELL_TYPE = "text/x-shellscript";
  static final String AWK_TYPE = "text/x-awk";

  /** The language of a content type, which a request need not have. */
  static Language of(@Nullable MediaType type) {
    if (type != null && type.isCompatible(MediaType.valueOf(AWK_TYPE))) {
      return AWK;
    }
    if (type != null && type.isCompatible(MediaType.valueOf(SHELL_TYPE))) {
      return SHELL;
    }
    throw new NotSupportedException("the content type has to be " + SHELL_TYPE + " or " + AWK_TYPE);
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
