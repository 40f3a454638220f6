package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The machine code, on this processor and, by an emulator, on the other one. */
@EnabledOnOs(OS.LINUX)
class ReapingInitTest {
  @TempDir private Path directory;

  private record Ended(int code, String output) {}

  private Process start(String processor, String path, String... words) throws Exception {
    Path program = directory.resolve("init");
    if (!Files.exists(program)) {
      Files.write(program, ReapingInit.elf(processor));
      Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    List<String> command = new ArrayList<>(List.of(program.toString()));
    String own = System.getProperty("os.arch").replace("amd64", "x86_64");
    if (!processor.equals(own)) {
      command.add(0, HostTools.requireProgram("qemu-" + processor, "qemu-user").toString());
    }
    command.addAll(List.of(words));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    Map<String, String> environment = builder.environment();
    environment.clear();
    environment.put("A", "PATH=/");
    if (!path.isEmpty()) {
      environment.put("PATH", path);
    }
    return builder.start();
  }

  private Ended run(String processor, String path, String... words) throws Exception {
    Process process = start(processor, path, words);
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ended(process.waitFor(), output);
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64", "aarch64"})
  void programIsFoundAndItsEndPassedOn(String processor) throws Exception {
    String message = "the program cannot be executed\n";
    String path = "/nope::/etc/passwd:" + "/long".repeat(2000) + ":/usr/bin:/bin";
    assertThat(run(processor, path, "echo", "one", "")).isEqualTo(new Ended(0, "one \n"));
    assertThat(run(processor, "", "/bin/sh", "-c", "echo $A; exit 7"))
        .isEqualTo(new Ended(7, "PATH=/\n"));
    assertThat(run(processor, path, "sh", "-c", "kill -9 $$")).isEqualTo(new Ended(137, ""));
    assertThat(run(processor, path, "nothing-of-this-name")).isEqualTo(new Ended(127, message));
    assertThat(run(processor, path, "n".repeat(5000))).isEqualTo(new Ended(127, message));
    assertThat(run(processor, path, "/etc/passwd")).isEqualTo(new Ended(126, message));
    assertThat(run(processor, "", "sh")).isEqualTo(new Ended(127, message));
    assertThat(run(processor, "/usr/bin:/bin", "sh", "-c", "true & exec sh -c 'exit 9'").code())
        .isEqualTo(9);
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64", "aarch64"})
  void signalsReachTheProgram(String processor) throws Exception {
    String script = "trap 'echo got; exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    Process process = start(processor, "/usr/bin:/bin", "sh", "-c", script);
    byte[] ready = process.getInputStream().readNBytes("ready\n".length());
    assertThat(new String(ready, StandardCharsets.UTF_8)).isEqualTo("ready\n");
    process.toHandle().destroy();
    assertThat(process.waitFor()).isEqualTo(3);
    assertThat(process.getInputStream()).hasContent("got");
  }

  @ParameterizedTest
  @ValueSource(strings = {"riscv64", ""})
  void otherProcessorsAreRefused(String processor) {
    RunIT.assertFails(
        () -> ReapingInit.elf(processor), ErrorKind.UNSUPPORTED, "init for " + processor);
  }
}
