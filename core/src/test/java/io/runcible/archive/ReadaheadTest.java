package io.runcible.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.SequenceInputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ReadaheadTest {
  private final ExecutorService executor = Executors.newCachedThreadPool();

  @AfterEach
  void noThreadIsStuck() throws InterruptedException {
    executor.shutdown();
    assertThat(executor.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
  }

  private static byte[] noise(int length) {
    byte[] noise = new byte[length];
    new Random(length).nextBytes(noise);
    return noise;
  }

  /** Gives some bytes, then fails; knows whether it was closed, and whether while in use. */
  private static class Source extends InputStream {
    private final InputStream content;
    private final AtomicInteger readers = new AtomicInteger();
    final AtomicBoolean closed = new AtomicBoolean();
    final AtomicBoolean closedInUse = new AtomicBoolean();

    Source(byte[] content) {
      this.content = new ByteArrayInputStream(content);
    }

    @Override
    public int read() {
      throw new UnsupportedOperationException();
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      readers.incrementAndGet();
      try {
        int count = content.read(bytes, offset, length);
        return count < 0 ? atEnd() : count;
      } finally {
        readers.decrementAndGet();
      }
    }

    int atEnd() throws IOException {
      return -1;
    }

    @Override
    public void close() {
      closedInUse.compareAndSet(false, readers.get() > 0);
      closed.set(true);
    }
  }

  /** A source that never ends. */
  private static final class Endless extends Source {
    Endless() {
      super(new byte[0]);
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      Arrays.fill(bytes, offset, offset + 4096, (byte) 0);
      return super.read(bytes, offset, length);
    }

    @Override
    int atEnd() {
      return 4096;
    }
  }

  /** A source that blocks until it is interrupted. */
  private static final class Blocked extends Source {
    final CountDownLatch reached = new CountDownLatch(1);

    Blocked() {
      super(new byte[0]);
    }

    @Override
    int atEnd() throws IOException {
      reached.countDown();
      try {
        new CountDownLatch(1).await();
        return -1;
      } catch (InterruptedException e) {
        throw new InterruptedIOException();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1000, 262_144, 262_145, 5_000_000})
  void everyByteComes(int length) throws IOException {
    byte[] content = noise(length);
    Source source = new Source(content);
    try (InputStream in = new Readahead(source, executor)) {
      assertThat(in.readAllBytes()).isEqualTo(content);
      assertThat(in.read()).isEqualTo(-1);
    }
    assertThat(source.closed).isTrue();
  }

  @Test
  void readsOfAnySizeAddUp() throws IOException {
    byte[] content = noise(1_000_000);
    Random random = new Random(1);
    byte[] all = new byte[content.length];
    try (InputStream in = new Readahead(new Source(content), executor)) {
      int at = 0;
      while (at < all.length) {
        int wanted = random.nextInt(3) == 0 ? 1 : random.nextInt(400_000);
        at += in.read(all, at, Math.min(wanted, all.length - at));
      }
      assertThat(in.read(all, 0, 1)).isEqualTo(-1);
    }
    assertThat(all).isEqualTo(content);
  }

  @Test
  void stagesFollowEachOther() throws IOException {
    byte[] content = noise(8_000_000);
    Source source = new Source(content);
    InputStream in = source;
    for (int i = 0; i < 5; i++) {
      in = new Readahead(in, executor);
    }
    try (InputStream last = in) {
      assertThat(last.readAllBytes()).isEqualTo(content);
    }
    assertThat(source.closed).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"0, 8", "1000000, 8", "5242880, 20"})
  void boundedNumberOfBytesIsReadAhead(int early, int chunks) throws Exception {
    AtomicInteger taken = new AtomicInteger();
    CountDownLatch full = new CountDownLatch(1);
    Source counting =
        new Source(new byte[0]) {
          @Override
          public int read(byte[] bytes, int offset, int length) throws IOException {
            Arrays.fill(bytes, offset, offset + Math.min(length, 65_536), (byte) 0);
            return super.read(bytes, offset, length);
          }

          @Override
          int atEnd() {
            if (taken.addAndGet(65_536) == chunks * 262_144) {
              full.countDown();
            }
            return 65_536;
          }
        };
    try (InputStream in = new Readahead(counting, executor, early)) {
      full.await();
      assertThat(taken.get()).isEqualTo(chunks * 262_144);
      assertThat(in.read()).isZero();
      assertThat(taken.get()).isEqualTo(chunks * 262_144);
    }
  }

  @Test
  void whatWaitsFallsToTheUsualOnceItIsRead() throws Exception {
    byte[] content = noise(20 << 20);
    AtomicInteger taken = new AtomicInteger();
    CountDownLatch full = new CountDownLatch(1);
    Source counting =
        new Source(content) {
          @Override
          public int read(byte[] bytes, int offset, int length) throws IOException {
            int count = super.read(bytes, offset, length);
            if (taken.addAndGet(Math.max(count, 0)) >= 16 << 20) {
              full.countDown();
            }
            return count;
          }
        };
    try (InputStream in = new Readahead(counting, executor, 16 << 20)) {
      full.await();
      byte[] all = new byte[content.length];
      for (int at = 0; at < all.length; ) {
        at += in.read(all, at, Math.min(all.length - at, 262_144));
        // Of two that are read one is filled again, so the other thread is never far behind.
        assertThat(taken.get()).isLessThanOrEqualTo((16 << 20) + at / 2 + 262_144);
      }
      assertThat(all).isEqualTo(content);
    }
  }

  @Test
  void failureComesAfterTheBytesBeforeItAndStays() throws IOException {
    byte[] content = noise(300_000);
    IOException failure = new IOException("connection reset");
    Source source =
        new Source(content) {
          @Override
          int atEnd() throws IOException {
            throw failure;
          }
        };
    try (InputStream in = new Readahead(source, executor)) {
      assertThat(in.readNBytes(content.length)).isEqualTo(content);
      assertThatThrownBy(in::read).isSameAs(failure);
      assertThatThrownBy(in::read).isSameAs(failure);
    }
  }

  @Test
  void uncheckedFailureIsTheSameForTheReader() throws IOException {
    RuncibleException failure = new RuncibleException(ErrorKind.CORRUPT_DATA, "wrong digest");
    Source source =
        new Source(new byte[0]) {
          @Override
          int atEnd() {
            throw failure;
          }
        };
    try (InputStream in = new Readahead(new Readahead(source, executor), executor)) {
      assertThatThrownBy(in::read).isSameAs(failure);
    }
  }

  @Test
  void errorIsTheSameForTheReader() throws IOException {
    AssertionError failure = new AssertionError("bug");
    Source source =
        new Source(new byte[0]) {
          @Override
          int atEnd() {
            throw failure;
          }
        };
    try (InputStream in = new Readahead(source, executor)) {
      assertThatThrownBy(in::read).isSameAs(failure);
    }
  }

  @Test
  void closeEndsAnEndlessSource() throws IOException {
    Source source = new Endless();
    InputStream in = new Readahead(source, executor);
    assertThat(in.read()).isZero();
    in.close();
    assertThat(source.closed).isTrue();
    assertThat(source.closedInUse).isFalse();
    assertThatThrownBy(in::read).isInstanceOf(IOException.class).hasMessageContaining("closed");
    in.close();
  }

  @Test
  void closeInterruptsABlockedSource() throws Exception {
    Blocked source = new Blocked();
    InputStream in = new Readahead(source, executor);
    source.reached.await();
    in.close();
    assertThat(source.closed).isTrue();
    assertThat(source.closedInUse).isFalse();
  }

  @Test
  void closeOfTheLastStageEndsAllStages() throws Exception {
    Blocked source = new Blocked();
    InputStream in = source;
    for (int i = 0; i < 4; i++) {
      in = new Readahead(in, executor);
    }
    source.reached.await();
    in.close();
    assertThat(source.closed).isTrue();
    assertThat(source.closedInUse).isFalse();
  }

  @Test
  void closeFromElsewhereWakesTheReader() throws Exception {
    Blocked source = new Blocked();
    InputStream in = new Readahead(source, executor);
    source.reached.await();
    Future<Integer> reader = executor.submit(() -> in.read());
    in.close();
    assertThatThrownBy(reader::get)
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(IOException.class);
  }

  @Test
  void interruptOfTheReaderIsSeenAndKept() throws Exception {
    Blocked source = new Blocked();
    try (InputStream in = new Readahead(source, executor)) {
      source.reached.await();
      Thread.currentThread().interrupt();
      assertThatThrownBy(in::read).isInstanceOf(InterruptedIOException.class);
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void interruptedThreadCanClose() throws Exception {
    Blocked source = new Blocked();
    InputStream in = new Readahead(source, executor);
    source.reached.await();
    Thread.currentThread().interrupt();
    in.close();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(source.closed).isTrue();
    assertThat(source.closedInUse).isFalse();
  }

  @Test
  void shutDownOfTheExecutorReachesTheReader() throws Exception {
    Blocked source = new Blocked();
    ExecutorService own = Executors.newSingleThreadExecutor();
    try (InputStream in = new Readahead(source, own)) {
      source.reached.await();
      own.shutdownNow();
      assertThatThrownBy(in::read).isInstanceOf(IOException.class);
    }
    assertThat(own.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void interruptOfTheCloseDoesNotReachLaterWork() throws Exception {
    ExecutorService own = Executors.newSingleThreadExecutor();
    for (int i = 0; i < 200; i++) {
      InputStream in = new Readahead(new Endless(), own);
      in.read();
      in.close();
      assertThat(own.submit(() -> Thread.currentThread().isInterrupted()).get()).isFalse();
    }
    own.shutdown();
  }

  @Test
  void fullPoolSlowsDownAndDoesNotStop() throws Exception {
    ExecutorService small = Executors.newFixedThreadPool(1);
    byte[] content = noise(3_000_000);
    List<Source> sources = new ArrayList<>();
    InputStream in = null;
    for (int i = 0; i < 3; i++) {
      Source source = new Source(content);
      sources.add(source);
      InputStream stage = new Readahead(source, small);
      in = in == null ? stage : new SequenceInputStream(in, stage);
    }
    try (InputStream all = new Readahead(in, small)) {
      assertThat(all.readAllBytes()).hasSize(3 * content.length);
    }
    small.shutdown();
    assertThat(small.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    assertThat(sources).allSatisfy(source -> assertThat(source.closed).isTrue());
  }

  @Test
  void executorThatNeverRunsAnythingIsDoneWithout() throws IOException {
    byte[] content = noise(600_000);
    Source source = new Source(content);
    Executor never = task -> {};
    try (InputStream in = new Readahead(new Readahead(source, never), never)) {
      assertThat(in.readAllBytes()).isEqualTo(content);
    }
    assertThat(source.closed).isTrue();
  }

  @Test
  void taskThatRunsAfterTheCloseTouchesNothing() throws IOException {
    List<Runnable> tasks = new ArrayList<>();
    Source source =
        new Source(new byte[1]) {
          @Override
          public int read(byte[] bytes, int offset, int length) {
            throw new AssertionError("read after the close");
          }
        };
    new Readahead(source, tasks::add).close();
    assertThat(source.closed).isTrue();
    tasks.forEach(Runnable::run);
  }

  @Test
  void executorThatRefusesIsDoneWithout() throws IOException {
    byte[] content = noise(600_000);
    Executor refusing =
        task -> {
          throw new RejectedExecutionException("full");
        };
    try (InputStream in = new Readahead(new Source(content), refusing)) {
      assertThat(in.readAllBytes()).isEqualTo(content);
    }
  }

  /** Chunks serve one stream after the other, also those of streams that were closed early. */
  @Test
  void streamsThatFollowEachOtherDoNotMix() throws Exception {
    List<Future<Boolean>> readers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      int reader = i;
      readers.add(executor.submit(() -> readsOnlyItsOwn(reader)));
    }
    for (Future<Boolean> reader : readers) {
      assertThat(reader.get()).isTrue();
    }
  }

  private boolean readsOnlyItsOwn(int reader) throws IOException {
    for (int i = 0; i < 25; i++) {
      byte[] content = noise(300_000 + 100_000 * reader + i);
      try (InputStream in = new Readahead(new Source(content), executor)) {
        assertThat(in.readNBytes(i * 10_000)).isEqualTo(Arrays.copyOf(content, i * 10_000));
        if (i % 3 != 0) {
          byte[] rest = Arrays.copyOfRange(content, i * 10_000, content.length);
          assertThat(in.readAllBytes()).isEqualTo(rest);
        }
      }
    }
    return true;
  }
}
