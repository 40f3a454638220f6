package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The machine code, on this processor and, by an emulator, on the other one. */
@EnabledOnOs(OS.LINUX)
class ScriptProgramTest {
  @TempDir private Path directory;

  private record Ended(int code, String output) {}

  private Ended run(Architecture architecture, byte[]... blocks) throws Exception {
    Path program = directory.resolve("init");
    Files.write(program, ScriptProgram.elf(architecture));
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    List<String> command = new ArrayList<>(List.of(program.toString()));
    if (architecture != Architecture.ofThisHost().orElseThrow()) {
      String name = architecture == Architecture.X86_64 ? "x86_64" : "aarch64";
      command.add(0, HostTools.requireProgram("qemu-" + name, "qemu-user").toString());
    }
    Process process = new ProcessBuilder(command).start();
    try (OutputStream commands = process.getOutputStream()) {
      for (byte[] block : blocks) {
        commands.write(block);
      }
    } catch (IOException e) {
      // It ended before.
    }
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ended(process.waitFor(), output);
  }

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void callsAreMadeAndResultsAreBranchedOn(Architecture architecture) throws Exception {
    Script first = new Script(architecture);
    Script.Place failed = new Script.Place();
    first.call(SystemCall.WRITE, 1, first.text("one "), 4).expect(4, failed);
    // Of no descriptor.
    first.call(SystemCall.CLOSE, 99).into(ScriptProgram.REPLY).atLeast(0, failed);
    first.call(SystemCall.EXIT_GROUP, 1);
    first.here(failed);
    first.call(SystemCall.WRITE, 1, first.text("two "), 4);
    first.nextBlock();
    Script second = new Script(architecture);
    Script.Place end = new Script.Place();
    // EBADF, which the block before stored.
    second.call(SystemCall.WRITE, 1, ScriptProgram.REPLY, 1);
    second.call(SystemCall.GETPID).thenGoTo(end);
    second.call(SystemCall.EXIT_GROUP, 2);
    second.here(end);
    second.call(SystemCall.EXIT_GROUP, 42);
    Ended ended = run(architecture, first.block(), second.block());
    assertThat(ended.code()).isEqualTo(42);
    assertThat(ended.output()).startsWith("one two ").hasSize(9);
  }

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void endOfTheInputEndsIt(Architecture architecture) throws Exception {
    Script script = new Script(architecture);
    script.call(SystemCall.WRITE, 1, script.data(new byte[100_000]), 100_000);
    script.nextBlock();
    assertThat(run(architecture)).isEqualTo(new Ended(0, ""));
    assertThat(run(architecture, script.block(), new byte[3]).output()).hasSize(100_000);
  }

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void childGetsItsArgumentsAndVariables(Architecture architecture) throws Exception {
    Script script = new Script(architecture);
    script.call(
        SystemCall.EXECVE,
        script.text("/bin/sh"),
        script.texts(List.of("sh", "-c", "echo $0 $1 $V", "a", "b c")),
        script.texts(List.of("V=v")));
    script.call(SystemCall.EXIT_GROUP, 1);
    assertThat(run(architecture, script.block())).isEqualTo(new Ended(0, "a b c v\n"));
  }
}
