package io.runcible.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.TestEngine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Programs in sandboxes, polite and hostile. */
class SandboxIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  @Test
  void programRuns() {
    try (Sandbox sandbox =
        Sandbox.builder(ENGINE.reference("busybox")).engine(ENGINE.get()).build()) {
      SandboxResult result =
          sandbox.run(
              SandboxRequest.builder("sh", "-c", "pwd; cat; cat a/b; exit 3")
                  .stdin("hello\n")
                  .file("a/b", "content\n")
                  .build());
      assertThat(result.stdout()).isEqualTo("/work\nhello\ncontent\n");
      assertThat(result.exitCode()).hasValue(3);
    }
  }
}
