package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Helpers that are scripts. */
@EnabledOnOs(OS.LINUX)
class BusyboxAppletsTest {
  @TempDir Path directory;

  private Path helper(String script) throws IOException {
    Path file = Files.writeString(directory.resolve("helper"), "#!/bin/sh\n" + script + "\n");
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  @Test
  void eachLineIsOne() throws IOException {
    Path helper = helper("[ \"$1\" = --list ] && printf 'cat\\nsh\\ncat\\n'");
    assertThat(BusyboxApplets.of(helper, Duration.ofSeconds(60)))
        .containsExactlyInAnyOrder("cat", "sh");
  }

  @Test
  void whatDoesNotEndIsEnded() throws IOException {
    Path helper = helper("echo sh; exec sleep 600");
    assertThatThrownBy(() -> BusyboxApplets.of(helper, Duration.ofMillis(200)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("did not end");
    Path endless = helper("while echo sh; do :; done");
    assertThatThrownBy(() -> BusyboxApplets.of(endless, Duration.ofMillis(200)))
        .isInstanceOf(IOException.class);
  }

  @Test
  void outputThatAnotherProcessKeepsOpenIsNotWaitedFor() throws IOException {
    Path pid = directory.resolve("pid");
    Path helper = helper("sleep 30 2>/dev/null & echo $! >" + pid + "; echo sh");
    try {
      assertThatThrownBy(() -> BusyboxApplets.of(helper, Duration.ofSeconds(1)))
          .isInstanceOf(IOException.class);
    } finally {
      if (Files.exists(pid)) {
        ProcessHandle.of(Long.parseLong(Files.readString(pid).strip()))
            .ifPresent(ProcessHandle::destroyForcibly);
      }
    }
  }
}
