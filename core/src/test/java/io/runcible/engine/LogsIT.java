package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Logs in the format of Kubernetes, with and without an engine. */
class LogsIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final int LIMIT = 64 << 10;

  private static List<String> lines(Container container, LogQuery query) {
    try (Stream<LogEntry> entries = container.logs().entries(query)) {
      return entries.map(e -> (e.error() ? "err " : "out ") + e.text()).toList();
    }
  }

  private static List<Path> files(Container container) throws IOException {
    try (Stream<Path> files = Files.list(ENGINE.directory(container).resolve("log"))) {
      return files.toList();
    }
  }

  @Test
  void outputIsReadAsItIsWrittenAndAfterTheEnd() throws IOException {
    Instant before = Instant.now();
    try (Container container =
        ENGINE
            .get()
            .run(ENGINE.sh("echo one; echo two >&2; read x").log(LogPolicy.cri()).build())) {
      container.waitFor();
      assertThat(TestEngine.ended(container).stdout()).isEqualTo("one\n");
      assertThat(container.logs().text()).isEqualTo("one\ntwo\n");
      assertThat(lines(container, LogQuery.ALL)).containsExactlyInAnyOrder("out one", "err two");
      assertThat(lines(container, LogQuery.ALL.until(before))).isEmpty();
      assertThat(lines(container, LogQuery.ALL.since(before)).size()).isEqualTo(2);
      container.restart(Duration.ZERO);
      container.awaitReady(Ready.onLog("one"));
      container.waitFor();
      assertThat(container.logs().text()).isEqualTo("one\none\ntwo\ntwo\n");
      assertThat(TestEngine.ended(container).stdout()).isEqualTo("one\n");
      assertThat(files(container)).hasSize(1);
    }
    RunIT.assertFails(
        () -> {
          try (Container raw = ENGINE.get().create(ENGINE.sh("true").build())) {
            raw.logs().entries(LogQuery.ALL);
          }
        },
        ErrorKind.UNSUPPORTED,
        "LogPolicy");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void outputThatNobodyNeedsIsThrownAway(boolean detached) throws IOException {
    ContainerSpec.Builder spec =
        ENGINE.sh("echo up; echo down >&2; exit 3").log(LogPolicy.NONE).stdio(Stdio.INTERACTIVE);
    ContainerSpec made = detached ? spec.detached().build() : spec.build();
    try (Container container = ENGINE.get().run(made)) {
      assertThat(container.waitFor().code()).isEqualTo(3);
      assertThat(container.logs().text()).isEmpty();
      assertThat(ENGINE.directory(container).resolve("log")).doesNotExist();
      assertThat(ENGINE.directory(container).resolve("stdout")).doesNotExist();
      RunIT.assertFails(() -> container.logs().stdout(), ErrorKind.UNSUPPORTED, "LogPolicy.NONE");
      RunIT.assertFails(
          () -> container.logs().entries(LogQuery.ALL), ErrorKind.UNSUPPORTED, "LogPolicy.NONE");
      RunIT.assertFails(
          () -> container.process().stdout(), ErrorKind.FAILED_PRECONDITION, "thrown away");
      RunIT.assertFails(
          () -> container.awaitReady(Ready.onLog("up")),
          ErrorKind.FAILED_PRECONDITION,
          "thrown away");
      RunIT.assertFails(
          () -> container.awaitReady(Ready.onPort(1)),
          ErrorKind.FAILED_PRECONDITION,
          "it wrote nothing");
    }
    try (Container container = ENGINE.get().run(ENGINE.sh("cat").log(LogPolicy.NONE).build())) {
      RunIT.assertFails(container::attach, ErrorKind.FAILED_PRECONDITION);
    }
    RunIT.assertFails(
        () -> new LogPolicy(LogPolicy.Format.NONE, 1 << 20, 1), ErrorKind.INVALID_INPUT, "NONE");
  }

  @Test
  void outputWithoutEndTakesBoundedSpaceAndIsFollowed() throws IOException {
    try (Container container =
        ENGINE.get().run(ENGINE.sh("yes | head -c 600000").log(LogPolicy.cri(LIMIT, 2)).build())) {
      long[] count = new long[1];
      try (Stream<LogEntry> entries = container.logs().entries(LogQuery.ALL.following())) {
        entries.forEach(e -> count[0]++);
      }
      // How much a follower missed depends on which of the two was faster.
      assertThat(count[0]).isPositive();
      assertThat(container.waitFor().isSuccess()).isTrue();
      assertThat(files(container)).hasSize(2);
      for (Path file : files(container)) {
        assertThat(Files.size(file)).isLessThanOrEqualTo(LIMIT);
      }
      assertThat(lines(container, LogQuery.ALL.tail(1))).containsExactly("out y");
    }
  }

  /** Each moment another file of it may be removed. */
  @Test
  void floodedLogIsReadAndAttachedTo() throws IOException {
    ContainerSpec.Builder flood = ENGINE.spec("busybox").command("yes");
    try (Container container = ENGINE.get().run(flood.log(LogPolicy.cri(LIMIT, 2)).build())) {
      container.awaitReady(Ready.onLog("y"));
      for (int i = 0; i < 20; i++) {
        try (Attachment attachment = container.attach()) {
          assertThat(attachment.stdout().read()).isIn((int) 'y', (int) '\n');
        }
        assertThat(lines(container, LogQuery.ALL.tail(2))).hasSizeLessThanOrEqualTo(2);
        assertThat(container.logs().text().replace("y\n", "")).isIn("", "y");
      }
      assertThat(container.isRunning()).isTrue();
    }
  }

  @Test
  void logOfADetachedContainerIsWrittenWithoutAnEngine() throws IOException {
    List<String> expected = new ArrayList<>(List.of("out up", "err down"));
    try (ContainerEngine first = ENGINE.open()) {
      first
          .run(
              ENGINE
                  .sh(
                      "echo up; sleep 0.2; echo down >&2; until [ -e /end ]; do sleep 0.05; done;"
                          + " yes | head -c 1000000; printf last; exit 42")
                  .name("logged")
                  .log(LogPolicy.cri(LIMIT, 2))
                  .detached()
                  .build())
          .awaitReady(Ready.all(Ready.onLog("up"), Ready.onLog("down")));
    }
    try (Container container = ENGINE.get().find("logged").orElseThrow()) {
      // Its writer may have begun when both had been said.
      assertThat(lines(container, LogQuery.ALL)).containsExactlyInAnyOrderElementsOf(expected);
      Churn.touchEnd(container);
      assertThat(container.waitFor(TestEngine.LIMIT)).contains(ExitStatus.ofExit(42));
      // All of it was written before the end was told.
      assertThat(lines(container, LogQuery.ALL.tail(2))).containsExactly("out y", "out last");
      assertThat(files(container)).hasSize(2);
    }
  }
}
