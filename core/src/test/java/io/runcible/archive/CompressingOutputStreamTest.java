package io.runcible.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.ffi.ZstdCompressor;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class CompressingOutputStreamTest {
  private static final int BLOCK = 256 * 1024;
  private static final int FRAME = 4 << 20;

  /** Some of it repeats, some does not, and runs go over the ends of blocks. */
  static byte[] content(int length) {
    Random random = new Random(length);
    byte[] content = new byte[length];
    int at = 0;
    while (at < length) {
      int run = Math.min(length - at, 1 + random.nextInt(3000));
      if (at > 5000 && random.nextBoolean()) {
        System.arraycopy(content, at - run - random.nextInt(2000), content, at, run);
      } else {
        byte[] fresh = new byte[run];
        random.nextBytes(fresh);
        System.arraycopy(fresh, 0, content, at, run);
      }
      at += run;
    }
    return content;
  }

  private static byte[] compress(
      byte[] content, Compression codec, int level, Executor executor, boolean useNative, int chunk)
      throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (OutputStream stream =
        CompressingOutputStream.open(out, codec, level, executor, useNative)) {
      for (int at = 0; at < content.length; at += chunk) {
        stream.write(content, at, Math.min(chunk, content.length - at));
        stream.flush();
      }
    }
    return out.toByteArray();
  }

  private static byte[] compress(byte[] content, Compression codec, Executor executor)
      throws IOException {
    return compress(
        content,
        codec,
        codec.defaultLevel(),
        executor,
        ZstdCompressor.isAvailable(),
        content.length + 1);
  }

  private static byte[] decompress(byte[] compressed, boolean useNative) throws IOException {
    try (InputStream in =
        Decompression.open(
            new ByteArrayInputStream(compressed),
            new ArchiveBudget(ArchiveLimits.DEFAULT),
            useNative ? RawInflater::fastest : RawInflater::jdk,
            useNative)) {
      return in.readAllBytes();
    }
  }

  /** Around the ends of blocks, which with zstd are frames, and many of them. */
  static Stream<Arguments> lengths() {
    return Stream.concat(
        IntStream.of(0, 1, 1000, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 12 * BLOCK + 9)
            .mapToObj(length -> Arguments.of(Compression.GZIP, length)),
        IntStream.of(0, 1, 1000, BLOCK, FRAME - 1, FRAME, FRAME + 1, 9_000_000)
            .mapToObj(length -> Arguments.of(Compression.ZSTD, length)));
  }

  @ParameterizedTest
  @MethodSource("lengths")
  void whatGoesInComesOut(Compression codec, int length) throws IOException {
    byte[] content = content(length);
    for (boolean useNative : new boolean[] {true, false}) {
      HostTools.require(!useNative || ZstdCompressor.isAvailable(), "libzstd is missing");
      byte[] compressed =
          compress(content, codec, codec.defaultLevel(), Runnable::run, useNative, length + 1);
      assertThat(Compression.detect(compressed)).isEqualTo(codec);
      assertThat(decompress(compressed, true)).isEqualTo(content);
      assertThat(decompress(compressed, false)).isEqualTo(content);
    }
  }

  @Test
  void gzipIsOneMember() throws IOException {
    byte[] content = content(1_000_000);
    byte[] compressed = compress(content, Compression.GZIP, Runnable::run);
    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(compressed))) {
      assertThat(in.readAllBytes()).isEqualTo(content);
    }
    // The blocks refer to each other: hardly longer than without blocks.
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    try (OutputStream out = new java.util.zip.GZIPOutputStream(whole)) {
      out.write(content);
    }
    assertThat(compressed.length).isLessThan(whole.size() + whole.size() / 200);
  }

  @ParameterizedTest
  @EnumSource(names = {"GZIP", "ZSTD"})
  void bytesDoNotDependOnThreadsOrWrites(Compression codec) throws Exception {
    // More blocks than there can be at a time.
    byte[] content = content(codec == Compression.GZIP ? 20 * BLOCK + 9 : 20_000_000);
    byte[] expected = compress(content, codec, Runnable::run);
    for (int threads = 1; threads <= 5; threads += 2) {
      ExecutorService executor = Executors.newFixedThreadPool(threads);
      try {
        assertThat(compress(content, codec, executor)).isEqualTo(expected);
        assertThat(
                compress(
                    content,
                    codec,
                    codec.defaultLevel(),
                    executor,
                    ZstdCompressor.isAvailable(),
                    7777))
            .isEqualTo(expected);
      } finally {
        executor.shutdown();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"GZIP", "ZSTD"})
  void higherLevelsCompressMore(Compression codec) throws IOException {
    HostTools.require(ZstdCompressor.isAvailable(), "libzstd is missing");
    byte[] content = content(3_000_000);
    int low = compress(content, codec, 1, Runnable::run, true, BLOCK).length;
    int high =
        compress(content, codec, codec == Compression.GZIP ? 9 : 19, Runnable::run, true, BLOCK)
            .length;
    assertThat(high).isLessThan(low);
  }

  @Test
  void levelsThatAreNoneAreRefused() {
    for (int level : new int[] {-1, 0, 10, 23}) {
      Compression codec = level == 23 ? Compression.ZSTD : Compression.GZIP;
      assertThatThrownBy(
              () -> CompressingOutputStream.open(OutputStream.nullOutputStream(), codec, level))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
          .hasMessageContaining("levels 1 to");
    }
  }

  @Test
  void zstdWithoutItsLibraryHasOneLevel() {
    assertThatThrownBy(
            () ->
                CompressingOutputStream.open(
                    OutputStream.nullOutputStream(), Compression.ZSTD, 19, Runnable::run, false))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED))
        .hasMessageContaining("libzstd1");
  }

  @Test
  void noCompressionIsTheTargetItself() {
    OutputStream target = new ByteArrayOutputStream();
    assertThat(CompressingOutputStream.open(target, Compression.NONE, 0)).isSameAs(target);
  }

  @Test
  void executorsWithoutAThreadDoNotStopIt() throws IOException {
    byte[] content = content(3_000_000);
    byte[] expected = compress(content, Compression.GZIP, Runnable::run);
    Executor never = task -> {};
    Executor rejects =
        task -> {
          throw new RejectedExecutionException();
        };
    assertThat(compress(content, Compression.GZIP, never)).isEqualTo(expected);
    assertThat(compress(content, Compression.GZIP, rejects)).isEqualTo(expected);
  }

  private static final class Failing extends OutputStream {
    private final int after;
    private final AtomicInteger closed = new AtomicInteger();
    private int count;

    Failing(int after) {
      this.after = after;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[1], 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      count += length;
      if (count > after) {
        throw new IOException("disk full");
      }
    }

    @Override
    public void close() {
      closed.incrementAndGet();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"GZIP", "ZSTD"})
  void failureOfTheTargetEndsIt(Compression codec) throws Exception {
    byte[] content = new byte[20_000_000];
    new Random(1).nextBytes(content);
    ExecutorService executor = Executors.newFixedThreadPool(3);
    try {
      Failing target = new Failing(100_000);
      OutputStream stream =
          CompressingOutputStream.open(target, codec, codec.defaultLevel(), executor);
      assertThatThrownBy(() -> stream.write(content))
          .isInstanceOf(IOException.class)
          .hasMessage("disk full");
      int written = target.count;
      assertThatThrownBy(() -> stream.write(1)).hasMessageContaining("earlier write failed");
      stream.close();
      stream.close();
      assertThat(target.count).isEqualTo(written);
      assertThat(target.closed).hasValue(1);
      assertThatThrownBy(() -> stream.write(1)).hasMessageContaining("closed");
    } finally {
      executor.shutdown();
    }
  }

  /** Blocks of ten bytes that are encoded when the latch says so. */
  private record Latched(CountDownLatch began, CountDownLatch go, AtomicInteger open)
      implements BlockFormat {
    @Override
    public int blockLength() {
      return 10;
    }

    @Override
    public int historyLength() {
      return 0;
    }

    @Override
    public byte[] header() {
      return new byte[0];
    }

    @Override
    public void update(byte[] bytes, int offset, int length) {}

    @Override
    public byte[] trailer() {
      return new byte[0];
    }

    @Override
    public Encoder encoder() {
      open.incrementAndGet();
      return new Encoder() {
        @Override
        public int maxEncoded() {
          return 10;
        }

        @Override
        public int encode(
            byte[] bytes, int history, int offset, int length, boolean last, byte[] output) {
          began.countDown();
          try {
            go.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          return 0;
        }

        @Override
        public void close() {
          open.decrementAndGet();
        }
      };
    }
  }

  @Test
  void interruptEndsItWhenNobodyEncodesAnyMore() throws Exception {
    ExecutorService executor = Executors.newCachedThreadPool();
    CountDownLatch go = new CountDownLatch(1);
    CountDownLatch began = new CountDownLatch(1);
    AtomicInteger open = new AtomicInteger();
    Failing target = new Failing(Integer.MAX_VALUE);
    OutputStream stream =
        new CompressingOutputStream(target, new Latched(began, go, open), executor);
    try {
      stream.write(new byte[11]);
      began.await();
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> stream.write(new byte[1000]))
          .isInstanceOf(InterruptedIOException.class);
      assertThat(Thread.currentThread().isInterrupted()).isTrue();
      assertThat(open.get()).isPositive();
      executor.execute(go::countDown);
      stream.close();
      assertThat(Thread.interrupted()).isTrue();
      assertThat(open).hasValue(0);
      assertThat(target.closed).hasValue(1);
    } finally {
      executor.shutdown();
    }
  }

  @Test
  void failureOfAnEncoderComesToTheWriter() throws IOException {
    OutputStream stream =
        CompressingOutputStream.open(
            OutputStream.nullOutputStream(),
            Compression.GZIP,
            1,
            task -> {
              throw new IllegalStateException("no such executor");
            });
    assertThatThrownBy(() -> stream.write(new byte[2 * BLOCK])).hasMessage("no such executor");
  }
}
