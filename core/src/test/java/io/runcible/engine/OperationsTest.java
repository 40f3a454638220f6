package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.ProgressEvent;
import io.runcible.ProgressListener;
import io.runcible.RuncibleException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OperationsTest {
  private final Operations operations = new Operations();

  @Test
  void countsByOperationAndKindOfFailure() {
    assertThat(operations.run(EngineOperation.EXEC, "box", () -> 7)).isEqualTo(7);
    RuncibleException timeout = new RuncibleException(ErrorKind.TIMEOUT, "too late");
    for (RuntimeException failure : List.of(timeout, timeout, new IllegalStateException("bug"))) {
      assertThatThrownBy(
              () ->
                  operations.run(
                      EngineOperation.PULL,
                      "image",
                      () -> {
                        throw failure;
                      }))
          .isSameAs(failure);
    }
    EngineCounts counts = operations.counts();
    assertThat(counts.completed())
        .containsEntry(EngineOperation.EXEC, 1L)
        .containsEntry(EngineOperation.PULL, 0L)
        .hasSize(EngineOperation.values().length);
    assertThat(counts.failed())
        .isEqualTo(
            Map.of(EngineOperation.PULL, Map.of(ErrorKind.TIMEOUT, 2L, ErrorKind.INTERNAL, 1L)));
  }

  @Test
  void bytesAreCountedOnceTheyAreWhole() {
    Digest digest = Digest.sha256(new byte[0]);
    List<ProgressEvent> heard = new ArrayList<>();
    ProgressListener listener = operations.counting(heard::add);
    List<ProgressEvent> events =
        List.of(
            new ProgressEvent.Started(digest, 10),
            new ProgressEvent.Advanced(digest, 5, 10),
            new ProgressEvent.Finished(digest, 10),
            new ProgressEvent.Skipped(digest, 99));
    events.forEach(listener::onProgress);
    assertThat(heard).isEqualTo(events);
    assertThat(operations.counts().pulledBytes()).isEqualTo(10);
  }

  @Test
  void nothingIsKeptWhileNothingIsRecorded() {
    FlightEvents events = new FlightEvents();
    assertThat(events.begin(EngineOperation.START, "box")).isNull();
    events.tell(new EngineEvent.Started(Instant.now(), "box", 0));
    assertThat(events.lasting()).isZero();
  }

  /** Without Flight Recorder and Micrometer in the JVM. */
  static final class Minimal {
    private Minimal() {}

    public static void main(String[] args) {
      Operations operations = new Operations();
      operations.run(EngineOperation.CREATE, "box", () -> 1);
      operations.tell(new EngineEvent.Started(Instant.now(), "box", 0));
      System.out.print(
          ModuleLayer.boot().findModule("jdk.jfr").isPresent()
              + " "
              + operations.counts().completed().get(EngineOperation.CREATE));
    }
  }

  @Test
  void countsWhereThereIsNoFlightRecorder() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--limit-modules",
                "java.base",
                "-cp",
                System.getProperty("java.class.path"),
                Minimal.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    assertThat(process.waitFor()).isZero();
    assertThat(output).isEqualTo("false 1");
  }
}
