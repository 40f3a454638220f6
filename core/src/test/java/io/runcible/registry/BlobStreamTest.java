package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.blob;
import static io.runcible.registry.FakeRegistry.content;
import static io.runcible.registry.FakeRegistry.error;
import static io.runcible.registry.FakeRegistry.random;
import static io.runcible.registry.FakeRegistry.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.MediaType;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import okio.Buffer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class BlobStreamTest extends FakeRegistryTests {
  private static final byte[] CONTENT = random(300_000);

  private InputStream open(Descriptor descriptor) {
    return client.blob(registry.reference("team/app:1"), descriptor);
  }

  private byte[] read(Descriptor descriptor) throws IOException {
    try (InputStream in = open(descriptor)) {
      return in.readAllBytes();
    }
  }

  private RuncibleException failure(Descriptor descriptor) {
    return catchThrowableOfType(RuncibleException.class, () -> read(descriptor));
  }

  /** The whole content, of which only the first half arrives, or the rest from a position on. */
  static MockResponse cutOnce(RecordedRequest request, byte[] content) {
    int from = rangeStart(request);
    return from == 0 ? cut(content(content)) : rest(content, from);
  }

  private static MockResponse cut(MockResponse.Builder response) {
    return response.onResponseBody(new SocketEffect.CloseSocket()).build();
  }

  private static MockResponse rest(byte[] content, int from) {
    return partial(content, from).build();
  }

  private static MockResponse.Builder partial(byte[] content, int from) {
    return content(Arrays.copyOfRange(content, from, content.length))
        .code(206)
        .addHeader(
            "Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
  }

  private static int rangeStart(RecordedRequest request) {
    String range = request.getHeaders().get("Range");
    return range == null
        ? 0
        : Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
  }

  @Nested
  class AGoodConnection {
    @Test
    void deliversTheContent() throws IOException {
      serve(request -> content(CONTENT).build());
      assertThat(read(blob(CONTENT))).isEqualTo(CONTENT);
      assertThat(registry.lines())
          .containsExactly("GET /v2/team/app/blobs/" + blob(CONTENT).digest());
      assertThat(registry.requests.get(0).getHeaders().get("Accept-Encoding"))
          .isEqualTo("identity");
    }

    @Test
    void deliversContentOfUnannouncedLength() throws IOException {
      serve(
          request ->
              new MockResponse.Builder().chunkedBody(new Buffer().write(CONTENT), 1000).build());
      assertThat(read(blob(CONTENT))).isEqualTo(CONTENT);
    }

    @Test
    void deliversNothingOfAnEmptyBlob() throws IOException {
      serve(request -> content(new byte[0]).build());
      assertThat(read(blob(new byte[0]))).isEmpty();
    }

    @Test
    void servesSeveralBlobsOneAfterAnother() throws IOException {
      serve(request -> content(CONTENT).build());
      for (int i = 0; i < 5; i++) {
        assertThat(read(blob(CONTENT))).isEqualTo(CONTENT);
      }
      assertThat(registry.requests).allMatch(request -> request.getConnectionIndex() == 0);
    }
  }

  @Nested
  class ABrokenConnection {
    @Test
    void isResumedWhereItStopped() throws IOException {
      serve(request -> cutOnce(request, CONTENT));
      assertThat(read(blob(CONTENT))).isEqualTo(CONTENT);
      assertThat(registry.requests).hasSize(2);
      assertThat(rangeStart(registry.requests.get(1))).isPositive();
    }

    @Test
    void isMadeUpForWhenTheRegistryKnowsNoRanges() throws IOException {
      AtomicInteger count = new AtomicInteger();
      serve(
          request ->
              count.getAndIncrement() == 0 ? cut(content(CONTENT)) : content(CONTENT).build());
      assertThat(read(blob(CONTENT))).isEqualTo(CONTENT);
    }

    @Test
    void mayEndWithoutAWordOfItsLength() throws IOException {
      serve(
          request ->
              rangeStart(request) == 0
                  ? content(Arrays.copyOf(CONTENT, 1000))
                      .removeHeader("Content-Length")
                      .addHeader("Connection", "close")
                      .onResponseEnd(SocketEffect.ShutdownConnection.INSTANCE)
                      .build()
                  : rest(CONTENT, rangeStart(request)));
      assertThat(read(blob(CONTENT))).isEqualTo(CONTENT);
    }

    @Test
    void isGivenUpAfterSeveralBreaks() {
      serve(
          request -> {
            int from = rangeStart(request);
            return cut(from == 0 ? content(CONTENT) : partial(CONTENT, from));
          });
      RuncibleException failure = failure(blob(CONTENT));
      assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
      assertThat(failure).hasMessageContaining(blob(CONTENT).digest().toString());
      assertThat(registry.requests).hasSize(3);
    }

    @Test
    void isNotGivenUpWhileThereIsProgress() throws IOException {
      byte[] large = random(40_000_000);
      AtomicInteger cuts = new AtomicInteger();
      serve(
          request -> {
            int from = rangeStart(request);
            MockResponse.Builder answer = from == 0 ? content(large) : partial(large, from);
            return cuts.incrementAndGet() <= 4 ? cut(answer) : answer.build();
          });
      assertThat(read(blob(large))).isEqualTo(large);
      assertThat(registry.requests).hasSize(5);
    }

    @Test
    void thatIsSilentIsGivenUp() {
      serve(
          request -> content(CONTENT).onResponseBody(SocketEffect.Stall.INSTANCE).build(),
          settings -> settings.stallTimeout(Duration.ofMillis(100)).attempts(1));
      assertThat(failure(blob(CONTENT)).kind()).isEqualTo(ErrorKind.TIMEOUT);
    }
  }

  @Nested
  class TheRest {
    private static final int FROM = 100_000;

    private byte[] rest(int from) throws IOException {
      try (InputStream in = client.blob(registry.reference("app:1"), blob(CONTENT), from)) {
        return in.readAllBytes();
      }
    }

    private void assertDelivered() throws IOException {
      assertThat(rest(FROM)).isEqualTo(Arrays.copyOfRange(CONTENT, FROM, CONTENT.length));
      assertThat(registry.requests.get(0).getHeaders().get("Range")).isEqualTo("bytes=100000-");
    }

    @Test
    void isAskedForAlone() throws IOException {
      serve(request -> partial(CONTENT, rangeStart(request)).build());
      assertDelivered();
      assertThat(registry.requests).hasSize(1);
    }

    @Test
    void isResumedWhereItStopped() throws IOException {
      serve(
          request -> {
            int from = rangeStart(request);
            return from == FROM ? cut(partial(CONTENT, from)) : partial(CONTENT, from).build();
          });
      assertDelivered();
      assertThat(registry.requests).hasSize(2);
    }

    @Test
    void isFoundInTheWholeWhenTheRegistryKnowsNoRanges() throws IOException {
      serve(request -> content(CONTENT).build());
      assertDelivered();
      assertThat(registry.requests).hasSize(1);
    }

    @Test
    void isFoundInTheWholeWhenTheRegistryDeniesThatThereIsAny() throws IOException {
      serve(request -> rangeStart(request) > 0 ? status(416) : content(CONTENT).build());
      assertDelivered();
      assertThat(registry.requests).hasSize(2);
    }

    @Test
    void isNotTakenFromAnotherPosition() {
      serve(request -> partial(CONTENT, rangeStart(request) - 1).build());
      RuncibleException failure = catchThrowableOfType(RuncibleException.class, () -> rest(FROM));
      assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
      assertThat(failure).hasMessageContaining("when asked for byte 100000 on");
    }

    @Test
    void isNothingAtTheEndAndNowhereElseOutside() throws IOException {
      serve(request -> status(500));
      assertThat(rest(CONTENT.length)).isEmpty();
      for (int outside : new int[] {-1, CONTENT.length + 1}) {
        RuncibleException failure =
            catchThrowableOfType(RuncibleException.class, () -> rest(outside));
        assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
      }
      assertThat(registry.requests).isEmpty();
    }
  }

  @Nested
  class ALyingRegistry {
    @Test
    void thatAnnouncesAnotherLengthIsRefusedBeforeAByteIsRead() {
      serve(request -> content(CONTENT).build());
      Descriptor longer =
          Descriptor.of(MediaType.OCI_LAYER, blob(CONTENT).digest(), CONTENT.length + 1);
      RuncibleException failure = catchThrowableOfType(RuncibleException.class, () -> open(longer));
      assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
      assertThat(failure).hasMessageContaining("300000 bytes instead of 300001");
    }

    @Test
    void thatSendsMoreThanItsBlobIsRefused() {
      Buffer more = new Buffer().write(CONTENT).writeByte(1);
      serve(request -> new MockResponse.Builder().chunkedBody(more.clone(), 1000).build());
      assertThat(failure(blob(CONTENT)).kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
    }

    @Test
    void thatAnswersAnotherRangeIsRefused() {
      serve(
          request -> {
            int from = rangeStart(request);
            return from == 0 ? cut(content(CONTENT)) : rest(CONTENT, from - 1);
          });
      assertThat(failure(blob(CONTENT)).kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
    }

    @Test
    void thatChangesTheTotalIsRefused() {
      serve(
          request -> {
            int from = rangeStart(request);
            return from == 0
                ? cut(content(CONTENT))
                : partial(CONTENT, from)
                    .setHeader("Content-Range", "bytes " + from + "-299999/300001")
                    .build();
          });
      assertThat(failure(blob(CONTENT)).kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
    }

    @Test
    void isAskedOnlyAsOftenAsThatWhenItDripsBytes() {
      serve(
          request -> {
            int from = rangeStart(request);
            byte[] drop = Arrays.copyOfRange(CONTENT, from, from + 10);
            return content(drop)
                .code(from == 0 ? 200 : 206)
                .addHeader("Content-Range", "bytes " + from + "-299999/300000")
                .removeHeader("Content-Length")
                .onResponseEnd(SocketEffect.ShutdownConnection.INSTANCE)
                .build();
          });
      assertThat(failure(blob(CONTENT)).kind()).isEqualTo(ErrorKind.UNAVAILABLE);
      assertThat(registry.requests).hasSize(3);
    }
  }

  @Nested
  class TheStream {
    @Test
    void ofAMissingBlobIsNotFound() {
      serve(request -> error(404, "BLOB_UNKNOWN", "blob unknown to registry"));
      RuncibleException failure =
          catchThrowableOfType(RuncibleException.class, () -> open(blob(CONTENT)));
      assertThat(failure.kind()).isEqualTo(ErrorKind.NOT_FOUND);
      assertThat(failure).hasMessageContaining("BLOB_UNKNOWN");
    }

    @Test
    void canBeClosedEarlyAndTwice() throws IOException {
      serve(request -> content(CONTENT).build());
      InputStream in = open(blob(CONTENT));
      assertThat(in.read()).isEqualTo(CONTENT[0] & 0xff);
      in.close();
      in.close();
      assertThatThrownBy(in::read).isInstanceOf(IOException.class).hasMessageContaining("closed");
      assertThat(read(blob(CONTENT))).isEqualTo(CONTENT);
    }

    @Test
    void endsWithItsClient() throws IOException {
      serve(request -> content(CONTENT).onResponseBody(SocketEffect.Stall.INSTANCE).build());
      try (InputStream in = open(blob(CONTENT))) {
        Thread closer = new Thread(client::close);
        assertThat(in.read()).isNotNegative();
        closer.start();
        assertThatThrownBy(in::readAllBytes)
            .isInstanceOfSatisfying(
                RuncibleException.class,
                e -> assertThat(e.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION));
      }
    }

    @Test
    void endsWhenItsThreadIsInterrupted() throws Exception {
      serve(request -> content(CONTENT).onResponseBody(SocketEffect.Stall.INSTANCE).build());
      try (InputStream in = open(blob(CONTENT))) {
        Thread reader = Thread.currentThread();
        Thread interrupter = new Thread(reader::interrupt);
        interrupter.start();
        RuncibleException failure = catchThrowableOfType(RuncibleException.class, in::readAllBytes);
        assertThat(failure.kind()).isEqualTo(ErrorKind.CANCELLED);
        assertThat(Thread.interrupted()).isTrue();
        interrupter.join();
      }
      assertThat(registry.requests).hasSize(1);
    }

    @Test
    void endsWhenItsThreadIsInterruptedAlsoOnASharedConnection() throws Exception {
      use(
          FakeRegistry.answeringOverTls(
              request -> content(CONTENT).onResponseBody(SocketEffect.Stall.INSTANCE).build()),
          UnaryOperator.identity());
      try (InputStream in = open(blob(CONTENT))) {
        assertThat(in.read()).isNotNegative();
        Thread.currentThread().interrupt();
        RuncibleException failure = catchThrowableOfType(RuncibleException.class, in::readAllBytes);
        assertThat(failure.kind()).isEqualTo(ErrorKind.CANCELLED);
        assertThat(Thread.interrupted()).isTrue();
      }
      assertThat(registry.requests.get(0).getVersion()).isEqualTo("HTTP/2");
    }

    @Test
    void isNotOpenedByAnInterruptedThread() {
      serve(request -> status(500));
      Thread.currentThread().interrupt();
      RuncibleException failure = failure(blob(CONTENT));
      assertThat(Thread.interrupted()).isTrue();
      assertThat(failure.kind()).isEqualTo(ErrorKind.CANCELLED);
      assertThat(registry.requests).isEmpty();
    }
  }
}
