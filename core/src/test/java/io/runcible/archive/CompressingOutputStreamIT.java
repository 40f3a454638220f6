package io.runcible.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Tool;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What other programs make of the compressed streams that are written here. */
class CompressingOutputStreamIT {
  @TempDir Path directory;

  private Path compressed(Compression codec, int level, boolean useNative, byte[] content)
      throws Exception {
    Path file = directory.resolve("file." + (codec == Compression.GZIP ? "gz" : "zst"));
    ExecutorService executor = Executors.newFixedThreadPool(2);
    try (OutputStream out =
        CompressingOutputStream.open(
            Files.newOutputStream(file), codec, level, executor, useNative)) {
      out.write(content);
    } finally {
      executor.shutdown();
    }
    return file;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 6, 9})
  void gzipReadsIt(int level) throws Exception {
    byte[] content = CompressingOutputStreamTest.content(3_000_000);
    Path file = compressed(Compression.GZIP, level, true, content);
    Tool.require("gzip", "gzip").run("-t", file);
    Tool.require("gzip", "gzip").run("-d", file);
    assertThat(directory.resolve("file")).hasBinaryContent(content);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 19, 22})
  void zstdReadsIt(int level) throws Exception {
    byte[] content = CompressingOutputStreamTest.content(9_000_000);
    Path file = compressed(Compression.ZSTD, level, true, content);
    Tool.require("zstd", "zstd").run("-q", "-t", file);
    Tool.require("zstd", "zstd").run("-q", "-d", file);
    assertThat(directory.resolve("file")).hasBinaryContent(content);
  }

  @Test
  void zstdReadsWhatPureJavaWrote() throws Exception {
    byte[] content = CompressingOutputStreamTest.content(9_000_000);
    Path file = compressed(Compression.ZSTD, 3, false, content);
    Tool.require("zstd", "zstd").run("-q", "-d", file);
    assertThat(directory.resolve("file")).hasBinaryContent(content);
  }
}
