package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RuntimeFailuresTest {
  @TempDir Path directory;

  private Path log(String content) throws IOException {
    return Files.writeString(directory.resolve("log"), content);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          NOT_FOUND           | unable to start container process: exec: "x": executable file not found in $PATH
          NOT_FOUND           | executable file `x` not found in $PATH: No such file or directory
          NOT_FOUND           | unable to start container process: exec: "/x": stat /x: no such file or directory
          NOT_FOUND           | exec container process (missing dynamic library?) `/x`: No such file or directory
          NOT_FOUND           | unable to start container process: exec: "/x/y": stat /x/y: not a directory
          NOT_FOUND           | unable to start container process: exec: "/x": stat /x: too many levels of symbolic links
          NOT_FOUND           | unable to start container process: exec: "/x": stat /x: file name too long
          NOT_FOUND           | open executable: Not a directory
          NOT_FOUND           | exec failed: container does not exist
          FAILED_PRECONDITION | nsexec-1[7]: failed to open /proc/6/ns/ipc: No such file or directory; exec failed: setns
          FAILED_PRECONDITION | exec failed: namespace path: lstat /proc/6/ns/ipc: no such file or directory
          NOT_FOUND           | error opening file `/state/x/status`: No such file or directory
          PERMISSION_DENIED   | unable to start container process: exec: "/x": permission denied
          PERMISSION_DENIED   | unable to start container process: exec: "/x": is a directory
          PERMISSION_DENIED   | open executable: Operation not permitted
          PERMISSION_DENIED   | error setting rlimits: error setting rlimit type 7: operation not permitted
          UNSUPPORTED         | error mounting "proc" to rootfs at "/proc": mount proc:/proc, flags: 0xe: operation not permitted
          UNSUPPORTED         | mount `proc` to `proc`: Operation not permitted
          FAILED_PRECONDITION | exec container process `/x`: Exec format error
          FAILED_PRECONDITION | cannot exec in a stopped container
          FAILED_PRECONDITION | chdir to cwd ("/x") set in config.json failed: permission denied
          FAILED_PRECONDITION | OOM: the memory limit could be too low: read from the init process
          FAILED_PRECONDITION | unable to set memory limit to 100000 (current usage: 2248704)
          ALREADY_EXISTS      | container with given ID already exists
          UNSUPPORTED         | cgroups in hybrid mode not supported, drop all controllers from cgroupv1
          UNAVAILABLE         | fork/exec /proc/self/exe: resource temporarily unavailable
          INTERNAL            | something new
          """)
  void kindFollowsFromTheMessage(ErrorKind kind, String message) {
    RuncibleException failure = RuntimeFailures.of("cannot start 'x'", List.of(message));

    assertThat(failure.kind()).isEqualTo(kind);
    assertThat(failure).hasMessageStartingWith("cannot start 'x': ").hasMessageContaining(message);
  }

  @Test
  void programThatIsNotNamedIsThatOfTheProcess() throws IOException {
    List<String> unnamed = List.of("open executable: Operation not permitted");
    Path file = Files.writeString(directory.resolve("p"), "{\"args\":[\"/a\\nb\",\"-b\"]}");
    Path spec = Files.writeString(directory.resolve("c"), "{\"process\":{\"args\":[\"/c\"]}}");

    assertThat(RuntimeFailures.of("cannot start", unnamed, file, ""))
        .hasMessageStartingWith("cannot start with '/a b': the program is a directory, or not ")
        .extracting(RuncibleException::kind)
        .isEqualTo(ErrorKind.PERMISSION_DENIED);
    assertThat(RuntimeFailures.of("cannot start", unnamed, spec, "/process"))
        .hasMessageStartingWith("cannot start with '/c': ");
    assertThat(RuntimeFailures.of("cannot start", unnamed, directory.resolve("none"), ""))
        .hasMessageStartingWith("cannot start with its program: ");
    assertThat(RuntimeFailures.of("cannot start", List.of("exec: \"/x\": denied"), file, ""))
        .hasMessageStartingWith("cannot start: ");
  }

  @Test
  void onlyErrorsOfALogCount() throws IOException {
    Path log =
        log(
            """
            {"level":"info","msg":"fine"}
            {"level":"warning","msg":"hm"}
            {"level":"error","msg":"bad"}
            {"level":"fatal","msg":"worse"}
            """);

    assertThat(RuntimeFailures.errors(log)).containsExactly("bad", "worse");
  }

  @Test
  void missingAndEmptyLogsHaveNoError() throws IOException {
    assertThat(RuntimeFailures.errors(directory.resolve("none"))).isEmpty();
    assertThat(RuntimeFailures.errors(log(""))).isEmpty();
  }

  @Test
  void linesThatAreNoObjectsAreSkipped() throws IOException {
    Path log =
        log(
            "panic: oh\n[1]\n\"error\"\nnull\n{\"level\":\"error\"\n{\"level\":\"error\",\"msg\":\"bad\"}");

    assertThat(RuntimeFailures.errors(log)).containsExactly("bad");
  }

  @Test
  void endOfAHugeLogIsRead() throws IOException {
    String noise = "{\"level\":\"error\",\"msg\":\"" + "x".repeat(1000) + "\"}\n";
    Path log = log(noise.repeat(500) + "{\"level\":\"error\",\"msg\":\"last\"}\n");

    assertThat(RuntimeFailures.errors(log)).hasSize(4).endsWith("last");
    assertThat(RuntimeFailures.errors(log).get(0)).hasSizeLessThanOrEqualTo(600);
  }

  @Test
  void controlCharactersDoNotReachTheMessage() throws IOException {
    Path log = log("{\"level\":\"error\",\"msg\":\"a\\u001b[31m\\r\\nb\\u0000\"}");

    assertThat(RuntimeFailures.errors(log)).containsExactly("a [31m  b ");
  }

  @Test
  void deeplyNestedLogIsNoDanger() throws IOException {
    Path log = log("[".repeat(60_000) + "\n{\"level\":\"error\",\"msg\":\"bad\"}");

    assertThat(RuntimeFailures.errors(log)).containsExactly("bad");
  }
}
