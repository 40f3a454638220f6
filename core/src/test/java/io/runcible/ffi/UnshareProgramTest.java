package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The machine code, on this processor and, by an emulator, on the other one. */
@EnabledOnOs(OS.LINUX)
class UnshareProgramTest {
  private static final int NOTHING = 0;

  /** No flag of the kernel's for it. */
  private static final int WRONG = 1;

  @TempDir private Path directory;

  private Process run(String processor, int flags) throws Exception {
    Path program = directory.resolve("unshare");
    Files.write(program, UnshareProgram.elf(processor, flags).orElseThrow());
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    List<String> command = new ArrayList<>(List.of(program.toString()));
    String here = System.getProperty("os.arch").equals("amd64") ? "x86_64" : "aarch64";
    if (!processor.equals(here)) {
      command.add(0, HostTools.requireProgram("qemu-" + processor, "qemu-user").toString());
    }
    return new ProcessBuilder(command).start();
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64", "aarch64"})
  void saysThatItIsReadyAndEndsWithItsInput(String processor) throws Exception {
    Process process = run(processor, NOTHING);
    byte[] ready = process.getInputStream().readNBytes("ready\n".length());
    assertThat(new String(ready, StandardCharsets.US_ASCII)).isEqualTo("ready\n");
    assertThat(process.isAlive()).isTrue();
    process.getOutputStream().close();
    assertThat(process.waitFor()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64", "aarch64"})
  void endsWithTheErrorOfTheKernel(String processor) throws Exception {
    Process process = run(processor, WRONG);
    assertThat(process.getInputStream().readAllBytes()).isEmpty();
    assertThat(process.waitFor()).isEqualTo(Errno.EINVAL);
  }

  @Test
  void otherProcessorsHaveNone() {
    assertThat(UnshareProgram.elf("riscv64", NOTHING)).isEmpty();
  }
}
