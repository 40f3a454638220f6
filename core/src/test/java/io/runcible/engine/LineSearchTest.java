package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class LineSearchTest {
  @TempDir Path directory;
  private Path file;

  @BeforeEach
  void makeFile() throws IOException {
    file = Files.createFile(directory.resolve("stdout"));
  }

  private LineSearch search(String regex) {
    return LineSearch.of(file, 0, Pattern.compile(regex));
  }

  private void write(String text) throws IOException {
    Files.writeString(file, text, StandardOpenOption.APPEND);
  }

  @Test
  void lineIsFoundThoughItComesInPieces() throws IOException {
    LineSearch search = search("^ready to go$");
    assertThat(search.found()).isFalse();
    write("not ready to go\nready ");
    assertThat(search.found()).isFalse();
    write("to go\r\nmore\n");
    assertThat(search.found()).isTrue();
  }

  /** A container may make its log as long as it likes at once, by a hole. */
  @Test
  @Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void oneLookEndsThoughTheFileDoesNot() throws IOException {
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(1L << 40);
    }
    assertThat(search("ready").found()).isFalse();
  }

  @Test
  void nextLookGoesOnFromThere() throws IOException {
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(100L << 20);
    }
    write("\nready\n");
    LineSearch search = search("^ready$");
    assertThat(search.found()).isFalse();
    assertThat(search.found()).isTrue();
  }
}
