package io.runcible.ffi;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class SealedProgramsTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  @TempDir private Path directory;
  private Path program;
  private final SealedPrograms programs = new SealedPrograms();

  @BeforeEach
  void copyShell() throws IOException {
    program = Files.copy(Path.of("/bin/sh"), directory.resolve("program"));
  }

  @AfterEach
  void close() {
    programs.close();
  }

  @Test
  void programRunsFromTheCopyUnderItsOwnName() {
    Path copy = programs.find(program).orElseThrow();
    assertThat(run("[ \"$0\" = '" + program + "' ] && exit 7", Optional.of(copy))).isEqualTo(7);
    assertThat(run("case $(readlink /proc/$$/exe) in /memfd:program*) exit 8; esac", copyOfIt()))
        .isEqualTo(8);
    assertThat(programs.find(program)).contains(copy);
  }

  private Optional<Path> copyOfIt() {
    return programs.find(program);
  }

  @Test
  void nobodyCanChangeTheCopy() {
    Path copy = copyOfIt().orElseThrow();
    assertThatThrownBy(() -> Files.writeString(copy, "changed")).isInstanceOf(IOException.class);
    assertThat(copy).hasSameBinaryContentAs(program);
  }

  @Test
  void programThatIsStartedOftenIsPutInLargePagesOnce() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(program.toFile(), "rw")) {
      file.setLength(2 * LargePages.SIZE + 1);
    }
    List<Long> advised = new ArrayList<>();
    Libc original = Native.libc();
    Native.intercept(libc -> listening(libc, advised));
    try {
      for (int i = 1; i < SealedPrograms.OFTEN; i++) {
        copyOfIt();
      }
      assertThat(advised).isEmpty();
      copyOfIt();
      assertThat(advised).contains(3 * LargePages.SIZE);
      advised.clear();
      copyOfIt();
      assertThat(advised).isEmpty();
    } finally {
      Native.intercept(libc -> original);
    }
    assertThat(copyOfIt().orElseThrow()).hasSameBinaryContentAs(program);
    assertThat(run("exit 9", copyOfIt())).isEqualTo(9);
  }

  /** Tells the length of what is advised. */
  private static Libc listening(Libc libc, List<Long> advised) {
    return (Libc)
        Proxy.newProxyInstance(
            Libc.class.getClassLoader(),
            new Class<?>[] {Libc.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("madvise")) {
                advised.add((Long) arguments[1]);
              }
              return method.invoke(libc, arguments);
            });
  }

  @Test
  void replacedProgramIsCopiedAgainAndTheOldCopyStays() throws IOException {
    Path before = copyOfIt().orElseThrow();
    Path other = Files.copy(Path.of("/bin/true"), directory.resolve("other"));
    Files.setLastModifiedTime(other, FileTime.from(Instant.EPOCH));
    Files.move(other, program, REPLACE_EXISTING);
    assertThat(copyOfIt().orElseThrow()).hasSameBinaryContentAs(Path.of("/bin/true"));
    assertThat(before).hasSameBinaryContentAs(Path.of("/bin/sh"));
  }

  @Test
  void interruptedThreadHasACopy() throws IOException {
    Thread.currentThread().interrupt();
    Optional<Path> copy = copyOfIt();
    SealedPrograms.seal("own", Files.readAllBytes(program)).close();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(copy.orElseThrow()).hasSameBinaryContentAs(program);
  }

  @Test
  void scriptIsStartedFromItsFile() throws IOException {
    Files.writeString(program, "#!/bin/sh\nexit 3\n");
    assertThat(copyOfIt()).isEmpty();
    assertThat(run("", copyOfIt())).isEqualTo(3);
  }

  @Test
  void programThatIsMissingHasNoCopy() throws IOException {
    Files.delete(program);
    assertThat(copyOfIt()).isEmpty();
  }

  @Test
  void copyThatMayNotBeExecutedIsPassedOver() {
    assertThat(run("exit 5", Optional.of(directory))).isEqualTo(5);
  }

  @Test
  void afterTheCloseThereIsNoCopy() {
    Path copy = copyOfIt().orElseThrow();
    programs.close();
    assertThat(copy).doesNotExist();
    assertThat(copyOfIt()).isEmpty();
  }

  private int run(String script, Optional<Path> copy) {
    Spawn spawn =
        Spawn.of(
            List.of(program.toString(), "-c", script, program.toString()),
            Spawn.plainEnvironment());
    try (ChildProcess child = spawn.from(copy).start()) {
      return child.waitFor(LIMIT).orElseThrow().code();
    }
  }
}
