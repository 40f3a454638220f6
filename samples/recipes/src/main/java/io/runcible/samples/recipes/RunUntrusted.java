package io.runcible.samples.recipes;

import io.runcible.engine.ContainerEngine;
import io.runcible.sandbox.Sandbox;
import io.runcible.sandbox.SandboxProfile;
import io.runcible.sandbox.SandboxRequest;
import io.runcible.sandbox.SandboxResult;
import java.time.Duration;

/** Runs programs that nobody trusts. */
final class RunUntrusted {
  private RunUntrusted() {}

  static Sandbox open(ContainerEngine engine, String image) {
    SandboxProfile profile =
        SandboxProfile.untrusted().toBuilder().memory("64m").timeout(Duration.ofSeconds(5)).build();
    return Sandbox.builder(image).engine(engine).profile(profile).warm(4).build();
  }

  static String judge(Sandbox sandbox, String user, String program, String input) {
    SandboxRequest request =
        SandboxRequest.builder("/bin/sh", "program.sh")
            .file("program.sh", program)
            .stdin(input)
            .artifacts("result.txt")
            .caller(user)
            .build();
    SandboxResult result = sandbox.run(request);
    return switch (result.reason()) {
      case EXITED -> result.exitCode().getAsInt() + ": " + result.stdout();
      case TIMEOUT -> "took too long";
      case MEMORY -> "used too much memory";
      case OUTPUT -> "wrote too much";
      case SIGNALLED -> "crashed";
    };
  }
}
