package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.UserLookup.Identity;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@EnabledOnOs(OS.LINUX)
class UserLookupTest {
  @TempDir Path rootfs;

  @BeforeEach
  void files() throws IOException {
    Files.createDirectory(rootfs.resolve("etc"));
    Files.writeString(
        rootfs.resolve("etc/passwd"),
        """
        root:x:0:0:root:/root:/bin/sh
        # a comment
        app:x:1000:1001::/home/app:/bin/sh
        bad:x:99999999999:0::/:/bin/sh
        evil:x:1002:1002::/home/a\u0001b:/bin/sh
        7:x:1003:1003::/:/bin/sh
        """);
    Files.writeString(
        rootfs.resolve("etc/group"),
        "root:x:0:\napp:x:1001:\nextra:x:2000:other,app\nmore:x:2001:app\nprimary:x:1001:app\n");
  }

  @Test
  void nameBringsItsGroupsAndHome() {
    assertThat(find("app")).isEqualTo(new Identity(1000, 1001, List.of(2000, 2001), "/home/app"));
  }

  @Test
  void numberThatTheFileKnowsIsThatUser() {
    assertThat(find("1000")).isEqualTo(find("app"));
  }

  @Test
  void numberThatTheFileDoesNotKnowIsAccepted() {
    assertThat(find("4711")).isEqualTo(new Identity(4711, 0, List.of(), "/"));
  }

  @Test
  void numberIsNeverTakenForAName() {
    assertThat(find("7").uid()).isEqualTo(7);
  }

  @Test
  void groupThatIsAskedForStandsAlone() {
    assertThat(find("app:extra")).isEqualTo(new Identity(1000, 2000, List.of(), "/home/app"));
    assertThat(find("app:5").gid()).isEqualTo(5);
  }

  @Test
  void nobodyNamedIsRoot() {
    assertThat(find("")).isEqualTo(new Identity(0, 0, List.of(), "/root"));
  }

  @Test
  void homeWithControlCharactersIsNotUsed() {
    assertThat(find("evil").home()).isEqualTo("/");
  }

  @ParameterizedTest
  @ValueSource(strings = {"nobody", "app:nogroup", "bad"})
  void unknownNameIsAnError(String user) {
    assertThatThrownBy(() -> find(user))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND));
  }

  @ParameterizedTest
  @ValueSource(strings = {"2147483648", "4294967296", "18446744073709551616", "1000:4294967296"})
  void numberOutOfRangeIsAnErrorAndNotRoot(String user) {
    assertThatThrownBy(() -> find(user))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
  }

  @Test
  void linkIsFollowedInsideTheRootOnly() throws IOException {
    Files.move(rootfs.resolve("etc/passwd"), rootfs.resolve("users"));
    Files.createSymbolicLink(rootfs.resolve("etc/passwd"), Path.of("/../../users"));
    assertThat(find("app").uid()).isEqualTo(1000);
  }

  @Test
  void linkToItselfIsNoFile() throws IOException {
    Files.delete(rootfs.resolve("etc/passwd"));
    Files.createSymbolicLink(rootfs.resolve("etc/passwd"), Path.of("passwd"));
    assertThat(find("0").uid()).isZero();
    assertThatThrownBy(() -> find("app")).isInstanceOf(RuncibleException.class);
  }

  @Test
  void directoryInItsPlaceIsRefused() throws IOException {
    Files.delete(rootfs.resolve("etc/passwd"));
    Files.createDirectory(rootfs.resolve("etc/passwd"));
    assertThatThrownBy(() -> find("app")).hasMessageContaining("regular");
  }

  @Test
  @Timeout(60)
  void pipeInItsPlaceIsRefusedAndNotWaitedFor() throws Exception {
    Files.delete(rootfs.resolve("etc/passwd"));
    assertThat(
            new ProcessBuilder("mkfifo", rootfs.resolve("etc/passwd").toString()).start().waitFor())
        .isZero();
    assertThatThrownBy(() -> find("app")).hasMessageContaining("regular");
  }

  @Test
  void fileWithoutAnEndIsReadToALimit() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(rootfs.resolve("etc/group").toFile(), "rw")) {
      file.setLength(64L << 30);
    }
    try (RandomAccessFile file =
        new RandomAccessFile(rootfs.resolve("etc/passwd").toFile(), "rw")) {
      file.setLength(64L << 30);
    }
    assertThat(find("app")).isEqualTo(new Identity(1000, 1001, List.of(2000, 2001), "/home/app"));
  }

  @Test
  void groupsAreSoManyAtMost() throws IOException {
    StringBuilder groups = new StringBuilder();
    for (int i = 0; i < 5000; i++) {
      groups.append("g:x:").append(3000 + i).append(":app\n");
    }
    Files.writeString(rootfs.resolve("etc/group"), groups);
    assertThat(find("app").groups()).hasSizeBetween(1, 1024);
  }

  private Identity find(String user) {
    return UserLookup.find(rootfs, user);
  }

  @Test
  void whereThereIsASingleIdOnlyRootWithoutFurtherGroupsIsLeft() {
    assertThat(new UserLookup.Identity(0, 0, List.of(1, 2), "/root").withOneId())
        .isEqualTo(new UserLookup.Identity(0, 0, List.of(), "/root"));
    RunIT.assertFails(
        () -> new UserLookup.Identity(33, 0, List.of(), "/").withOneId(),
        ErrorKind.UNSUPPORTED,
        "33:0",
        "/etc/subuid");
  }
}
