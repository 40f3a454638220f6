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
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The machine code, on this processor and, by an emulator, on the other one. */
@EnabledOnOs(OS.LINUX)
class NetlinkProgramTest {
  @TempDir private Path directory;

  @ParameterizedTest
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  @ValueSource(strings = {"x86_64", "aarch64"})
  void hasASocketUntilItsInputEnds(String processor) throws Exception {
    Path program = directory.resolve("netlink");
    Files.write(program, NetlinkProgram.elf(processor).orElseThrow());
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    List<String> command = new ArrayList<>(List.of(program.toString()));
    String here = System.getProperty("os.arch").equals("amd64") ? "x86_64" : "aarch64";
    if (!processor.equals(here)) {
      command.add(0, HostTools.requireProgram("qemu-" + processor, "qemu-user").toString());
    }
    Process process = new ProcessBuilder(command).start();
    try {
      byte[] ready = process.getInputStream().readNBytes("ready\n".length());
      assertThat(new String(ready, StandardCharsets.US_ASCII)).isEqualTo("ready\n");
      Path socket = Path.of("/proc/" + process.pid() + "/fd/" + NetlinkProgram.SOCKET);
      assertThat(Files.readSymbolicLink(socket).toString()).startsWith("socket:");
      process.getOutputStream().close();
      assertThat(process.waitFor()).isZero();
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void otherProcessorsHaveNone() {
    assertThat(NetlinkProgram.elf("riscv64")).isEmpty();
  }
}
