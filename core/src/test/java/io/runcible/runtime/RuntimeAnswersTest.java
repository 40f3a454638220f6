package io.runcible.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RuntimeAnswersTest {
  private static final byte[] BINARY = {0x7f, 'E', 'L', 'F', 1, 2, 3};

  @TempDir Path directory;
  private Path program;
  private final AtomicInteger asked = new AtomicInteger();

  @BeforeEach
  void write() throws Exception {
    program = Files.write(directory.resolve("runc"), BINARY);
  }

  private Path state() {
    return directory.resolve("state");
  }

  private Path record() {
    return directory.resolve("state.version.json");
  }

  /** As a process does that opens an engine. */
  private String get() {
    return new RuntimeAnswers(state()).get(program, () -> "answer " + asked.incrementAndGet());
  }

  @Test
  void aProgramIsAskedOnce() {
    assertThat(get()).isEqualTo("answer 1");
    assertThat(get()).isEqualTo("answer 1");
  }

  @Test
  void aChangedProgramIsAskedAgain() throws Exception {
    get();
    Files.setLastModifiedTime(program, FileTime.fromMillis(1));
    assertThat(get()).isEqualTo("answer 2");
    Path other = Files.write(directory.resolve("other"), BINARY);
    Files.setLastModifiedTime(other, FileTime.fromMillis(1));
    Files.delete(program);
    Files.move(other, program);
    assertThat(get()).isEqualTo("answer 3");
    program = Files.copy(program, directory.resolve("elsewhere"));
    assertThat(get()).isEqualTo("answer 4");
    assertThat(get()).isEqualTo("answer 4");
  }

  @Test
  void aScriptIsAskedEachTimeAsItMayStartAnything() throws Exception {
    Files.writeString(program, "#!/bin/sh\nexec /opt/runc \"$@\"\n");
    assertThat(get()).isEqualTo("answer 1");
    assertThat(get()).isEqualTo("answer 2");
    assertThat(record()).doesNotExist();
  }

  @Test
  void aLinkWithAnotherNameIsAskedEachTimeAsItsProgramMayHaveMany() throws Exception {
    Path many = Files.write(directory.resolve("many"), BINARY);
    Files.delete(program);
    Files.createSymbolicLink(program, many);
    assertThat(get()).isEqualTo("answer 1");
    assertThat(get()).isEqualTo("answer 2");
    program = Files.createSymbolicLink(Files.createDirectory(state()).resolve("many"), many);
    assertThat(get()).isEqualTo("answer 3");
    assertThat(get()).isEqualTo("answer 3");
  }

  @Test
  void aFailureIsNotKept() {
    RuncibleException failure = new RuncibleException(ErrorKind.UNSUPPORTED, "no runtime");
    assertThatThrownBy(
            () ->
                new RuntimeAnswers(state())
                    .get(
                        program,
                        () -> {
                          throw failure;
                        }))
        .isSameAs(failure);
    assertThat(get()).isEqualTo("answer 1");
  }

  @Test
  void aDamagedRecordIsReplaced() throws Exception {
    for (String damaged :
        new String[] {"", "{", "null", "[]", "[null,null]", "[\"a\",\"b\",\"c\"]"}) {
      Files.write(record(), damaged.getBytes(StandardCharsets.UTF_8));
      String answer = get();
      assertThat(answer).isEqualTo("answer " + asked.get());
      assertThat(get()).isEqualTo(answer);
    }
    assertThat(asked).hasValue(6);
  }

  @Test
  void aDirectoryThatCannotBeWrittenIsNoFailure() throws Exception {
    Files.createDirectory(record());
    assertThat(get()).isEqualTo("answer 1");
    assertThat(get()).isEqualTo("answer 2");
  }
}
