package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.EachCall;
import io.runcible.ffi.PipePump;
import io.runcible.runtime.ProcessSpec.ConsoleSize;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What stays open of streams that cannot be opened. */
@EnabledOnOs(OS.LINUX)
class ProcessStreamsTest {
  @TempDir private Path directory;

  private static AutoCloseable closing(ProcessStreams streams) {
    return streams::close;
  }

  @Test
  void pipes() throws Exception {
    EachCall.closesWhatItOpened(
        () ->
            closing(
                ProcessStreams.open(Stdio.PIPED, directory.resolve("a"), directory.resolve("b"))));
  }

  @Test
  void files() throws Exception {
    EachCall.closesWhatItOpened(
        () ->
            closing(
                ProcessStreams.open(Stdio.LOGGED, directory.resolve("a"), directory.resolve("b"))));
  }

  @Test
  void terminal() throws Exception {
    EachCall.closesWhatItOpened(
        () -> closing(ProcessStreams.openTerminal(new ConsoleSize(24, 80))));
  }

  @Test
  void log() throws Exception {
    CriLog log = new CriLog(directory.resolve("log"));
    EachCall.closesWhatItOpened(
        () -> {
          PipePump pump = PipePump.open(Thread::new);
          try {
            ProcessStreams streams = ProcessStreams.openLogged(log, LogPolicy.cri(), pump);
            return () -> {
              streams.close();
              pump.close();
            };
          } catch (RuntimeException e) {
            pump.close();
            throw e;
          }
        });
  }

  @Test
  void attachmentWithoutItsErrorOutput() throws Exception {
    Path stdout = Files.writeString(directory.resolve("stdout"), "");
    ProcessStreams streams = ProcessStreams.ofFiles(stdout, directory.resolve("none"));
    Set<String> before = EachCall.openFiles();
    assertThatThrownBy(() -> new Attachment(null, streams))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND));
    EachCall.assertNoMoreThan(before, "open");
  }
}
