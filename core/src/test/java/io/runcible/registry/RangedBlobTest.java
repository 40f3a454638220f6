package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.blob;
import static io.runcible.registry.FakeRegistry.content;
import static io.runcible.registry.FakeRegistry.random;
import static io.runcible.registry.FakeRegistry.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import okio.Buffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A blob of nearly ten windows, fetched over several connections. */
class RangedBlobTest extends FakeRegistryTests {
  private static final int WINDOW = 10_000;
  private static final byte[] CONTENT = random(95_000);

  private void serve(int connections, Function<RecordedRequest, MockResponse> answers) {
    serve(answers, settings -> settings.blobConnections(connections).windows(WINDOW, WINDOW));
  }

  private InputStream open(byte[] content) {
    return client.blob(registry.reference("app:1"), blob(content));
  }

  private byte[] read() throws IOException {
    try (InputStream in = open(CONTENT)) {
      return in.readAllBytes();
    }
  }

  private RuncibleException failure() {
    return catchThrowableOfType(RuncibleException.class, this::read);
  }

  private static int start(RecordedRequest request) {
    String range = request.getHeaders().get("Range");
    return range == null ? 0 : Integer.parseInt(range.substring(6, range.indexOf('-')));
  }

  /** Answers what was asked for. */
  private static MockResponse.Builder part(RecordedRequest request) {
    String range = request.getHeaders().get("Range");
    if (range == null) {
      return content(CONTENT);
    }
    int start = start(request);
    String last = range.substring(range.indexOf('-') + 1);
    int end = last.isEmpty() ? CONTENT.length : Integer.parseInt(last) + 1;
    return content(Arrays.copyOfRange(CONTENT, start, end))
        .code(206)
        .addHeader("Content-Range", "bytes " + start + "-" + (end - 1) + "/" + CONTENT.length);
  }

  private List<String> ranges() {
    return registry.requests.stream()
        .map(request -> request.getHeaders().get("Range"))
        .sorted()
        .toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 16})
  void isDeliveredInOrder(int connections) throws IOException {
    serve(connections, request -> part(request).build());
    assertThat(read()).isEqualTo(CONTENT);
    assertThat(ranges())
        .hasSize(10)
        .startsWith("bytes=0-9999", "bytes=10000-19999")
        .endsWith("bytes=90000-");
  }

  @Test
  void isDeliveredFromAPositionOn() throws IOException {
    serve(3, request -> part(request).build());
    try (InputStream in = client.blob(registry.reference("app:1"), blob(CONTENT), 12_345)) {
      assertThat(in.readAllBytes()).isEqualTo(Arrays.copyOfRange(CONTENT, 12_345, CONTENT.length));
    }
    assertThat(ranges()).hasSize(9).startsWith("bytes=12345-22344").endsWith("bytes=92345-");
  }

  @Test
  void isFetchedOverSeveralConnectionsAtOnce() throws IOException {
    CountDownLatch three = new CountDownLatch(3);
    serve(
        3,
        request -> {
          three.countDown();
          if (start(request) > 0) {
            await(three);
          }
          return part(request).build();
        });
    assertThat(read()).isEqualTo(CONTENT);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void isNotFetchedFurtherAheadThanThereAreConnections() throws IOException {
    serve(3, request -> part(request).build());
    try (InputStream in = open(CONTENT)) {
      in.readNBytes(WINDOW);
      // The third to be asked for waits until the second is being read.
      assertThat(registry.requests).hasSizeLessThanOrEqualTo(3);
      in.readNBytes(1);
      in.readNBytes(WINDOW);
      assertThat(registry.requests).hasSizeLessThanOrEqualTo(6);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, WINDOW, 2 * WINDOW})
  void thatIsSmallTakesOneRequest(int size) throws IOException {
    serve(3, request -> content(random(size)).build());
    try (InputStream in = open(random(size))) {
      assertThat(in.readAllBytes()).isEqualTo(random(size));
    }
    assertThat(registry.requests).hasSize(1);
    assertThat(registry.requests.get(0).getHeaders().get("Range")).isNull();
  }

  @Test
  void comesWholeWhereRangesAreIgnored() throws IOException {
    serve(3, request -> content(CONTENT).build());
    assertThat(read()).isEqualTo(CONTENT);
    assertThat(registry.requests).hasSize(1);
  }

  @Test
  void comesWholeWhereAnotherRangeIsAnswered() throws IOException {
    serve(
        3,
        request ->
            request.getHeaders().get("Range") == null
                ? content(CONTENT).build()
                : part(request).setHeader("Content-Range", "bytes 1-10000/95000").build());
    assertThat(read()).isEqualTo(CONTENT);
    assertThat(registry.requests).hasSize(2);
  }

  @Test
  void isDeliveredWhenRangesAreIgnoredAllOfASudden() throws IOException {
    serve(
        2, request -> start(request) == 50_000 ? content(CONTENT).build() : part(request).build());
    assertThat(read()).isEqualTo(CONTENT);
  }

  @Test
  void resumesEachWindowByItself() throws IOException {
    Set<Integer> cut = ConcurrentHashMap.newKeySet();
    serve(
        3,
        request ->
            start(request) % WINDOW == 0 && cut.add(start(request))
                ? part(request).onResponseBody(new SocketEffect.CloseSocket()).build()
                : part(request).build());
    assertThat(read()).isEqualTo(CONTENT);
    assertThat(registry.requests).hasSizeGreaterThanOrEqualTo(20);
  }

  @Test
  void resumesWhenTheFirstConnectionBreaksAtOnce() throws IOException {
    Set<Integer> broken = ConcurrentHashMap.newKeySet();
    serve(
        3,
        request ->
            broken.add(start(request))
                ? new MockResponse.Builder().onResponseStart(new SocketEffect.CloseSocket()).build()
                : part(request).build());
    assertThat(read()).isEqualTo(CONTENT);
  }

  @Test
  void failsWithTheWindowThatFails() {
    serve(3, request -> start(request) == 50_000 ? status(503) : part(request).build());
    RuncibleException failure = failure();
    assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
    assertThat(failure).hasMessageContaining(blob(CONTENT).digest().toString());
  }

  @Test
  void failsWhenAWindowIsOfAnotherWhole() {
    serve(
        3,
        request ->
            start(request) == 50_000
                ? part(request).setHeader("Content-Range", "bytes 50000-59999/95001").build()
                : part(request).build());
    assertThat(failure().kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
  }

  @Test
  void readsAWindowThatNeverEndsNoFurtherThanToItsEnd() throws IOException {
    Buffer endless = new Buffer().write(CONTENT, 50_000, WINDOW).write(new byte[1_000_000]);
    serve(
        3,
        request ->
            start(request) == 50_000
                ? part(request)
                    .removeHeader("Content-Length")
                    .chunkedBody(endless.clone(), 1000)
                    .build()
                : part(request).build());
    assertThat(read()).isEqualTo(CONTENT);
  }

  @Test
  void endsWhenTheReaderIsInterrupted() throws IOException {
    serve(
        3,
        request ->
            start(request) == 50_000
                ? part(request).onResponseBody(SocketEffect.Stall.INSTANCE).build()
                : part(request).build());
    Thread reader = Thread.currentThread();
    try (InputStream in = open(CONTENT)) {
      in.readNBytes(50_000);
      new Thread(reader::interrupt).start();
      RuncibleException failure = catchThrowableOfType(RuncibleException.class, in::readAllBytes);
      assertThat(Thread.interrupted()).isTrue();
      assertThat(failure.kind()).isEqualTo(ErrorKind.CANCELLED);
    }
  }

  @Test
  void endsWithItsClient() throws IOException {
    serve(
        3,
        request ->
            start(request) == 50_000
                ? part(request).onResponseBody(SocketEffect.Stall.INSTANCE).build()
                : part(request).build());
    try (InputStream in = open(CONTENT)) {
      in.readNBytes(50_000);
      new Thread(client::close).start();
      assertThat(catchThrowableOfType(RuncibleException.class, in::readAllBytes).kind())
          .isEqualTo(ErrorKind.FAILED_PRECONDITION);
    }
  }

  @Test
  void leavesNoThreadWhenItIsClosed() throws Exception {
    serve(3, request -> part(request).onResponseBody(SocketEffect.Stall.INSTANCE).build());
    InputStream in = open(CONTENT);
    List<Thread> fetchers =
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().startsWith("runcible-blob-"))
            .toList();
    assertThat(fetchers).isNotEmpty();
    in.close();
    in.close();
    assertThatThrownBy(in::read).isInstanceOf(IOException.class).hasMessageContaining("closed");
    for (Thread fetcher : fetchers) {
      fetcher.join();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 17})
  void takesASensibleNumberOfConnections(int connections) {
    serve(1, request -> status(500));
    assertThatThrownBy(() -> RegistryClient.builder().blobConnections(connections))
        .isInstanceOf(RuncibleException.class);
  }
}
