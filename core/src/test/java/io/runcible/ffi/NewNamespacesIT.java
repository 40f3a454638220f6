package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NewNamespacesIT {
  private static final IdMapping MAPPING = new IdMapping("0 200000 10\n", "0 300000 10\n");

  @TempDir private Path directory;
  private final SealedPrograms programs = new SealedPrograms();
  private Path user;
  private Path network;

  @BeforeEach
  void places() {
    HostTools.requireRoot();
    user = directory.resolve("user");
    network = directory.resolve("network");
  }

  @AfterEach
  void unmount() {
    Overlay.unmount(user);
    Overlay.unmount(network);
    programs.close();
  }

  @Test
  void filesKeepWhatASmallProgramMakes() throws Exception {
    assertThat(UnshareProgram.in(programs, true)).isPresent();
    pinned();
  }

  @Test
  void withoutItTheProgramsOfTheHostDoTheSame() throws Exception {
    programs.close();
    assertThat(UnshareProgram.in(programs, true)).isEmpty();
    pinned();
  }

  private void pinned() throws Exception {
    NewNamespaces.pin(programs, MAPPING, user, Optional.of(network));
    Process inside =
        new ProcessBuilder(
                "nsenter",
                "--user=" + user,
                "--net=" + network,
                "sh",
                "-c",
                "cat /proc/self/uid_map /proc/self/gid_map /proc/self/net/dev")
            .redirectErrorStream(true)
            .start();
    String said = new String(inside.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(inside.waitFor()).as(said).isZero();
    assertThat(said.lines().map(line -> line.strip().replaceAll(" +", " ")))
        .contains("0 200000 10", "0 300000 10");
    assertThat(said.lines().filter(line -> line.contains(":")))
        .as("devices of the network")
        .allMatch(line -> line.strip().startsWith("lo:"));
  }

  @Test
  void nothingStaysOpenWhateverCallFails() throws Exception {
    EachCall.closesWhatItOpened(() -> NewNamespaces.make(programs, MAPPING, true));
  }

  @Test
  void holderLeavesNothingOpenWhateverCallFails() throws Exception {
    EachCall.closesWhatItOpened(NamespaceHolder::start);
  }

  /** As on a full disk. */
  @Test
  void holderThatCannotBeJoinedIsNotKept() throws Exception {
    Path place = directory.resolve("holder");
    Path containers = directory.resolve("containers");
    try (NamespaceHolder first = NamespaceHolder.join(place, containers)) {
      Files.delete(place.resolve("joined"));
      Files.createDirectory(place.resolve("joined"));
      Set<String> before = EachCall.openFiles();
      assertThatThrownBy(() -> NamespaceHolder.join(place, containers))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNAVAILABLE));
      EachCall.assertNoMoreThan(before, "open");
      Files.delete(place.resolve("joined"));
      assertThat(first.rootless()).isTrue();
    }
    while (Files.exists(place.resolve("input")) || Files.exists(place.resolve("ending"))) {
      Thread.sleep(1);
    }
  }

  @Test
  void mappingThatTheKernelRefusesIsNamed() {
    IdMapping overlapping = new IdMapping("0 200000 10\n5 300000 10\n", "0 300000 10\n");
    assertThatThrownBy(() -> NewNamespaces.pin(programs, overlapping, user, Optional.empty()))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
        .hasMessageContaining("refuses the mapping");
    assertThat(Files.exists(user)).isFalse();
  }
}
