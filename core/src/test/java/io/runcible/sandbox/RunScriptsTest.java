package io.runcible.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.Architecture;
import io.runcible.ffi.ScriptProgram;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the init program is told fits into it. */
class RunScriptsTest {
  private final RunScripts scripts =
      new RunScripts(Architecture.X86_64, Map.of(), new byte[16], new byte[16]);

  /** Keeps no block, but looks at each. */
  private static final class Blocks extends ByteArrayOutputStream {
    private int written;

    @Override
    public void write(byte[] block) {
      assertThat(block.length).isLessThanOrEqualTo(ScriptProgram.BLOCK_SIZE);
      assertThat(ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN).getLong())
          .isEqualTo(block.length - Long.BYTES);
      written++;
    }
  }

  @Test
  void deepAndLongNamesAreTakenInPieces() throws IOException {
    SandboxRequest.Builder request = SandboxRequest.builder("true");
    String deep = ("x".repeat(119) + "/").repeat(32);
    for (int i = 0; i < 1024; i++) {
      request.file((1000 + i) + deep + "y", "");
    }
    Blocks blocks = new Blocks();
    scripts.write(request.build(), List.of("/bin/true"), List.of(), blocks);
    assertThat(blocks.written).isEqualTo(1 + 1024 + 1024 + 1);
  }

  @Test
  void directoriesThatAreSharedAreMadeOnce() throws IOException {
    SandboxRequest request =
        SandboxRequest.builder("true")
            .file("a/b/1", "")
            .file("a-b/1", "")
            .file("a/b/2", "")
            .file("0", "")
            .build();
    Blocks blocks = new Blocks();
    scripts.write(request, List.of("/bin/true"), List.of(), blocks);
    assertThat(blocks.written).isEqualTo(1 + 2 + 4 + 1);
  }

  @Test
  void environmentThatDoesNotFitIsRefused() {
    Blocks blocks = new Blocks();
    List<String> environment = List.of("A=" + "x".repeat(ScriptProgram.BLOCK_SIZE));
    assertThatThrownBy(
            () ->
                scripts.write(
                    SandboxRequest.builder("true").build(),
                    List.of("/bin/true"),
                    environment,
                    blocks))
        .asInstanceOf(type(RuncibleException.class))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
    assertThat(blocks.written).isZero();
  }
}
