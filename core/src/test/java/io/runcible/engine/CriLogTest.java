package io.runcible.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CriLogTest {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05.000000006Z");

  @TempDir Path directory;
  private CriLog log;

  @BeforeEach
  void log() {
    log = new CriLog(directory);
  }

  private CriLogWriter writer(long maxBytes, int maxFiles, Instant now) {
    return new CriLogWriter(log, maxBytes, maxFiles, Clock.fixed(now, ZoneOffset.UTC));
  }

  private static void write(CriLogWriter writer, boolean error, String text) {
    byte[] bytes = text.getBytes(UTF_8);
    writer.write(error, bytes, bytes.length);
  }

  private List<String> entries(LogQuery query) {
    return entries(query, () -> false);
  }

  private List<String> entries(LogQuery query, java.util.function.BooleanSupplier growing) {
    List<String> found = new ArrayList<>();
    try (LogEntries entries = LogEntries.open(log, query, growing)) {
      entries.forEachRemaining(
          e -> found.add((e.error() ? "err " : "out ") + e.text() + (e.complete() ? "" : "…")));
    }
    return found;
  }

  private String output(boolean error) throws IOException {
    try (InputStream in = new CriOutput(log, CriLog.Position.START, error, () -> true)) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  @Test
  void entryIsThatOfKubernetes() throws IOException {
    try (CriLogWriter writer = writer(0, 1, NOW)) {
      write(writer, false, "one\n\ntwo");
      write(writer, true, "three\n");
    }
    assertThat(directory.resolve("1.log"))
        .hasContent(
            """
            2026-01-02T03:04:05.000000006Z stdout F one
            2026-01-02T03:04:05.000000006Z stdout F\s
            2026-01-02T03:04:05.000000006Z stdout P two
            2026-01-02T03:04:05.000000006Z stderr F three
            """);
    assertThat(output(false)).isEqualTo("one\n\ntwo");
    assertThat(output(true)).isEqualTo("three\n");
    assertThat(entries(LogQuery.ALL)).containsExactly("out one", "out ", "out two…", "err three");
  }

  @Test
  void lineWithoutEndIsSplit() throws IOException {
    String text = "x".repeat(100_000);
    try (CriLogWriter writer = writer(0, 1, NOW)) {
      write(writer, false, text);
    }
    assertThat(Files.readAllLines(log.file(1))).hasSize(7).allMatch(l -> l.length() < 17_000);
    assertThat(output(false)).isEqualTo(text);
  }

  @Test
  void emptyLinesAreWrittenPieceByPiece() throws IOException {
    try (CriLogWriter writer = writer(0, 1, NOW)) {
      write(writer, false, "\n".repeat(64 << 10));
    }
    assertThat(output(false)).isEqualTo("\n".repeat(64 << 10));
  }

  /** A container may write faster than anybody reads. */
  @Test
  void whoDoesNotFollowEndsWhereTheLogEndedAtTheBeginning() throws IOException {
    try (CriLogWriter writer = writer(1000, 5, NOW)) {
      write(writer, false, "first\n");
      try (LogEntries entries = LogEntries.open(log, LogQuery.ALL, () -> true);
          InputStream bytes = new CriOutput(log, CriLog.Position.START, log.end(), false)) {
        for (int i = 0; i < 30; i++) {
          write(writer, false, "later " + i + "\n");
        }
        assertThat(entries.next().text()).isEqualTo("first");
        assertThat(entries.hasNext()).isFalse();
        assertThat(new String(bytes.readAllBytes(), UTF_8)).isEqualTo("first\n");
      }
    }
  }

  @Test
  void outputWithoutEndTakesBoundedSpace() throws IOException {
    int limit = 64 << 10;
    try (CriLogWriter writer = writer(limit, 3, NOW)) {
      for (int i = 0; i < 5_000; i++) {
        write(writer, false, "line " + i + " " + "x".repeat(100) + "\n");
      }
      write(writer, false, "y".repeat(60_000));
    }
    try (Stream<Path> files = Files.list(directory)) {
      List<Path> left = files.toList();
      assertThat(left).hasSize(3);
      for (Path file : left) {
        assertThat(Files.size(file)).isLessThanOrEqualTo(limit);
      }
    }
    List<String> lines = entries(LogQuery.ALL);
    assertThat(lines.get(0)).matches("out line \\d+ x+");
    assertThat(lines.get(lines.size() - 5)).startsWith("out line 4999 ");
  }

  @Test
  void writerGoesOnWhereAnotherOneEnded() {
    for (int i = 0; i < 3; i++) {
      try (CriLogWriter writer = writer(64 << 10, 2, NOW)) {
        write(writer, false, i + "\n");
      }
    }
    assertThat(entries(LogQuery.ALL)).containsExactly("out 0", "out 1", "out 2");
  }

  @Test
  void timesAndTailAreKept() {
    for (int i = 0; i < 6; i++) {
      try (CriLogWriter writer = writer(0, 1, NOW.plusSeconds(i))) {
        write(writer, i % 2 == 1, i + "\n");
      }
    }
    LogQuery some = LogQuery.ALL.since(NOW.plusSeconds(1)).until(NOW.plusSeconds(5));
    assertThat(entries(some)).containsExactly("err 1", "out 2", "err 3", "out 4");
    assertThat(entries(some.tail(2))).containsExactly("err 3", "out 4");
    assertThat(entries(LogQuery.ALL.tail(1))).containsExactly("err 5");
    assertThat(entries(LogQuery.ALL.tail(100))).hasSize(6);
    assertThat(entries(LogQuery.ALL.tail(0))).isEmpty();
    RunIT.assertFails(() -> LogQuery.ALL.tail(-1), ErrorKind.INVALID_INPUT, "-1");
  }

  @Test
  void partsOfALineAreOneLineOfTheTail() {
    try (CriLogWriter writer = writer(0, 1, NOW)) {
      write(writer, false, "a\nb");
      write(writer, true, "between\n");
      write(writer, false, "c\n");
    }
    assertThat(entries(LogQuery.ALL.tail(2))).containsExactly("out b…", "err between", "out c");
  }

  @Test
  void followerSeesEachLineAcrossFiles() {
    AtomicBoolean growing = new AtomicBoolean(true);
    CompletableFuture<List<String>> follower =
        CompletableFuture.supplyAsync(() -> entries(LogQuery.ALL.following(), growing::get));
    List<String> expected = new ArrayList<>();
    try (CriLogWriter writer = writer(64 << 10, 1000, NOW)) {
      for (int i = 0; i < 3_000; i++) {
        String line = "line " + i + " " + "x".repeat(i % 300);
        write(writer, false, line + "\n");
        expected.add("out " + line);
      }
    }
    growing.set(false);
    assertThat(follower.join()).isEqualTo(expected);
  }

  /** A container that floods its log removes one file after the other. */
  @Test
  void endIsFoundWhileFilesAreRemoved() throws IOException {
    byte[] bytes = "x".repeat(60_000).getBytes(UTF_8);
    try (CriLogWriter writer = writer(64 << 10, 1, NOW)) {
      CompletableFuture<Void> flood =
          CompletableFuture.runAsync(
              () -> {
                for (int i = 0; i < 3_000; i++) {
                  writer.write(false, bytes, bytes.length);
                }
              });
      long last = 0;
      while (!flood.isDone()) {
        long file = log.end().file();
        assertThat(file).isGreaterThanOrEqualTo(last);
        last = file;
      }
      flood.join();
      assertThat(log.end().file()).isGreaterThan(1_000);
    }
  }

  @Test
  void whatIsNoEntryIsLeftOut() throws IOException {
    try (CriLogWriter writer = writer(0, 1, NOW)) {
      write(writer, false, "one\n");
    }
    Files.writeString(
        log.file(1), "\nnonsense\nx stdout F y\n\0\0\0 \n", StandardOpenOption.APPEND);
    try (CriLogWriter writer = writer(0, 1, NOW)) {
      write(writer, false, "two\n");
    }
    assertThat(entries(LogQuery.ALL)).containsExactly("out one", "out two");
  }

  @Test
  void fullDiskOrMissingDirectoryDoesNotStopTheWriter() throws IOException {
    CriLog missing = new CriLog(directory.resolve("missing"));
    try (CriLogWriter writer = new CriLogWriter(missing, 0, 1, Clock.systemUTC())) {
      write(writer, false, "lost\n");
      Files.createDirectory(missing.directory());
      write(writer, false, "kept\n");
    }
    assertThat(Files.readString(missing.file(1))).endsWith(" stdout F kept\n");
  }

  @Test
  void limitsThatMakeNoSenseAreRefused() {
    RunIT.assertFails(() -> LogPolicy.cri(10, 1), ErrorKind.INVALID_INPUT, "10");
    RunIT.assertFails(() -> LogPolicy.cri(1 << 20, 0), ErrorKind.INVALID_INPUT, "0");
    RunIT.assertFails(
        () -> new LogPolicy(LogPolicy.Format.RAW, 1 << 20, 1), ErrorKind.INVALID_INPUT, "CRI");
  }
}
