package io.runcible.runtime;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.ProcessStat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StateFileTest {
  @TempDir Path directory;
  private Cgroups cgroups;

  @BeforeEach
  void mountControlGroups() throws IOException {
    cgroups = CgroupsTest.read(directory, "30 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  }

  @Test
  void stateOfRuncIsRead() throws IOException {
    Files.writeString(
        directory.resolve("state.json"),
        """
        {"id":"x","init_process_pid":18009,"init_process_start":187222,
         "created":"2026-11-22T21:37:20.287773507Z",
         "config":{"labels":["a=b","bundle=/run/b"]},
         "cgroup_paths":{"":"/sys/fs/cgroup/unified/x","memory":"/sys/fs/cgroup/memory/x"}}
        """);
    StateFile state = StateFile.read(directory, cgroups).orElseThrow();

    assertThat(state.pid()).isEqualTo(18009);
    assertThat(state.startTime()).isEqualTo(187222);
    assertThat(state.created()).isEqualTo(Instant.parse("2026-11-22T21:37:20.287773507Z"));
    assertThat(state.bundle()).contains(Path.of("/run/b"));
    assertThat(state.cgroup().orElseThrow().directories())
        .containsExactly(Path.of("/sys/fs/cgroup/unified/x"), Path.of("/sys/fs/cgroup/memory/x"));
  }

  @Test
  void stateOfCrunIsRead() throws IOException {
    Files.writeString(
        directory.resolve("status"),
        """
        {"pid":20013,"process-start-time":191486,"cgroup-path":"/probe3","scope":"",
         "rootfs":"rootfs","bundle":"/run/b","created":"2026-11-22T21:38:02.950970Z"}
        """);
    StateFile state = StateFile.read(directory, cgroups).orElseThrow();

    assertThat(state.pid()).isEqualTo(20013);
    assertThat(state.startTime()).isEqualTo(191486);
    assertThat(state.bundle()).contains(Path.of("/run/b"));
    assertThat(state.cgroup().orElseThrow().directories())
        .containsExactly(directory.resolve("sys/fs/cgroup/probe3"));
  }

  @Test
  void stateWithoutControlGroupHasNone() throws IOException {
    Files.writeString(directory.resolve("state.json"), "{\"init_process_pid\":1}");

    assertThat(StateFile.read(directory, cgroups).orElseThrow().cgroup()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/"})
  void rootIsNeverTheControlGroupOfAContainer(String path) throws IOException {
    Files.writeString(directory.resolve("status"), "{\"pid\":1,\"cgroup-path\":\"" + path + "\"}");

    assertThat(StateFile.read(directory, cgroups).orElseThrow().cgroup()).isEmpty();
  }

  @Test
  void missingStateIsEmpty() {
    assertThat(StateFile.read(directory, cgroups)).isEmpty();
    assertThat(StateFile.read(directory.resolve("none"), cgroups)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "{\"init_process_pid\":", "null", "7"})
  void brokenStateIsReported(String content) throws IOException {
    Files.writeString(directory.resolve("state.json"), content);

    assertThatThrownBy(() -> StateFile.read(directory, cgroups))
        .isInstanceOfSatisfying(
            RuncibleException.class,
            failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT_DATA))
        .hasMessageContaining(directory.toString());
  }

  @Test
  void startTimeIsReadWhateverTheProcessCallsItself() throws IOException {
    String rest = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 191486 20 21\n";
    Path process = Files.createDirectories(directory.resolve("proc/7"));
    Files.write(process.resolve("stat"), ("7 (a) R 1 (b\u00ff)" + rest).getBytes(ISO_8859_1));

    assertThat(ProcessStat.startOf(directory.resolve("proc/7"))).hasValue(191486);
    assertThat(ProcessStat.startOf(directory.resolve("proc/8"))).isEmpty();
  }

  @Test
  void zombieIsNoProcess() throws IOException {
    Path process = Files.createDirectories(directory.resolve("proc/7"));
    Files.writeString(
        process.resolve("stat"),
        "7 (x) Z 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 191486 20 21\n");

    assertThat(ProcessStat.startOf(directory.resolve("proc/7"))).isEmpty();
  }
}
