package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.blob;
import static io.runcible.registry.FakeRegistry.error;
import static io.runcible.registry.FakeRegistry.random;
import static io.runcible.registry.FakeRegistry.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A blob of two and a half chunks on its way to a registry that takes chunks, more or less. */
class ChunkedUploadTest extends FakeRegistryTests {
  private static final int CHUNK = 100_000;
  private static final byte[] CONTENT = random(250_000);
  private static final Descriptor BLOB = blob(CONTENT);

  /** What the registry received in the upload that is open. */
  private final ByteArrayOutputStream received = new ByteArrayOutputStream();

  private final Map<String, Function<RecordedRequest, MockResponse>> faults =
      new ConcurrentHashMap<>();
  private final AtomicInteger locations = new AtomicInteger();
  private volatile int minimum;
  private volatile boolean complete;

  @BeforeEach
  void start() {
    serve(this::answer, settings -> settings.chunkedAbove(CHUNK).windows(CHUNK, CHUNK));
  }

  private void push(InputStream content) {
    client.putBlob(registry.reference("app:1"), BLOB, content);
  }

  private void push() {
    push(new ByteArrayInputStream(CONTENT));
  }

  private RuncibleException failure() {
    return catchThrowableOfType(RuncibleException.class, () -> push());
  }

  /** Answers the n-th request of a method in another way. */
  private void fault(String method, int n, Function<RecordedRequest, MockResponse> answer) {
    faults.put(method + n, answer);
  }

  private MockResponse answer(RecordedRequest request) {
    String method = request.getMethod();
    long n = registry.requests.stream().filter(r -> r.getMethod().equals(method)).count();
    Function<RecordedRequest, MockResponse> fault = faults.get(method + n);
    return fault != null ? fault.apply(request) : good(request);
  }

  private MockResponse good(RecordedRequest request) {
    return switch (request.getMethod()) {
      case "POST" -> {
        received.reset();
        yield located(202).addHeader("OCI-Chunk-Min-Length", minimum).build();
      }
      case "PATCH" -> store(request, Integer.MAX_VALUE) ? located(202).build() : status(416);
      case "GET" ->
          located(204).addHeader("Range", "0-" + Math.max(0, received.size() - 1)).build();
      case "PUT" -> {
        store(request, Integer.MAX_VALUE);
        complete = true;
        yield status(201);
      }
      case "HEAD" -> status(complete ? 200 : 404);
      default -> status(204);
    };
  }

  private MockResponse.Builder located(int status) {
    return new MockResponse.Builder()
        .code(status)
        .addHeader("Location", "/upload/" + locations.incrementAndGet() + "?state=x");
  }

  /** Takes in at most so much of a chunk, if it is the next one. */
  private boolean store(RecordedRequest request, int most) {
    String range = request.getHeaders().get("Content-Range");
    if (range != null && Integer.parseInt(range.split("-", -1)[0]) != received.size()) {
      return false;
    }
    byte[] body = request.getBody().toByteArray();
    received.write(body, 0, Math.min(most, body.length));
    return true;
  }

  private static MockResponse broken() {
    return new MockResponse.Builder().onResponseStart(new SocketEffect.CloseSocket()).build();
  }

  /** The methods that came in, and of chunks the range. */
  private List<String> steps() {
    List<String> steps = new ArrayList<>();
    for (RecordedRequest request : registry.requests) {
      String range = request.getHeaders().get("Content-Range");
      steps.add(request.getMethod() + (range == null ? "" : " " + range));
    }
    return steps;
  }

  @Test
  void goesInOrderFromAddressToAddress() {
    push();
    assertThat(received.toByteArray()).isEqualTo(CONTENT);
    assertThat(steps())
        .containsExactly(
            "POST", "PATCH 0-99999", "PATCH 100000-199999", "PATCH 200000-249999", "PUT");
    assertThat(registry.lines())
        .containsExactly(
            "POST /v2/app/blobs/uploads/",
            "PATCH /upload/1?state=x",
            "PATCH /upload/2?state=x",
            "PATCH /upload/3?state=x",
            "PUT /upload/4?state=x&digest=" + BLOB.digest());
    assertThat(registry.requests.get(1).getHeaders().get("Content-Length")).isEqualTo("100000");
  }

  @Test
  void takesChunksAsLongAsTheRegistryWants() {
    minimum = 150_000;
    push();
    assertThat(steps()).containsExactly("POST", "PATCH 0-149999", "PATCH 150000-249999", "PUT");
    assertThat(received.toByteArray()).isEqualTo(CONTENT);
  }

  @Test
  void goesInOnePieceWhenTheRegistryWantsEnormousChunks() {
    minimum = 100_000_000;
    push();
    assertThat(steps()).containsExactly("POST", "DELETE", "POST", "PUT");
    assertThat(received.toByteArray()).isEqualTo(CONTENT);
  }

  @Test
  void resumesWhereTheRegistryHasIt() {
    fault(
        "PATCH",
        2,
        request -> {
          store(request, 30_000);
          return broken();
        });
    push();
    assertThat(received.toByteArray()).isEqualTo(CONTENT);
    assertThat(steps())
        .containsExactly(
            "POST",
            "PATCH 0-99999",
            "PATCH 100000-199999",
            "GET",
            "PATCH 130000-199999",
            "PATCH 200000-249999",
            "PUT");
    assertThat(registry.pauses).hasSize(1);
  }

  @Test
  void resumesAtTheVeryBeginning() {
    fault("PATCH", 1, request -> status(502));
    push();
    assertThat(received.toByteArray()).isEqualTo(CONTENT);
    assertThat(steps()).startsWith("POST", "PATCH 0-99999", "GET", "PATCH 0-99999");
  }

  @Test
  void doesNotRepeatAChunkOfWhichOnlyTheAnswerGotLost() {
    fault(
        "PATCH",
        2,
        request -> {
          store(request, CHUNK);
          return broken();
        });
    push();
    assertThat(received.toByteArray()).isEqualTo(CONTENT);
    assertThat(steps())
        .containsExactly(
            "POST", "PATCH 0-99999", "PATCH 100000-199999", "GET", "PATCH 200000-249999", "PUT");
  }

  @Test
  void comesIntoStepAgain() {
    fault("PATCH", 2, request -> status(416));
    push();
    assertThat(received.toByteArray()).isEqualTo(CONTENT);
    assertThat(steps()).contains("GET");
  }

  @Test
  void doesNotTrustWhatAChunksAnswerSaysOfTheWhole() {
    fault(
        "PATCH",
        2,
        request -> {
          store(request, CHUNK);
          return located(202).addHeader("Range", "0-99999").build();
        });
    push();
    assertThat(received.toByteArray()).isEqualTo(CONTENT);
    assertThat(steps()).doesNotContain("GET");
  }

  @Test
  void isGivenUpWhenTheRegistryLostWhatItHad() {
    fault(
        "PATCH",
        2,
        request -> {
          received.reset();
          return broken();
        });
    RuncibleException failure = failure();
    assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
    assertThat(failure).hasMessageContaining("has 0 bytes of it");
    assertThat(steps()).endsWith("GET", "DELETE");
  }

  @Test
  void beginsAnewWhenItBreaksAtTheBeginningAndTheRegistryCannotGoOn() {
    fault(
        "PATCH",
        1,
        request -> {
          store(request, 30_000);
          return broken();
        });
    fault("GET", 1, request -> error(404, "BLOB_UPLOAD_INVALID", "blob upload invalid"));
    push();
    assertThat(received.toByteArray()).isEqualTo(CONTENT);
    assertThat(steps()).containsExactly("POST", "PATCH 0-99999", "GET", "DELETE", "POST", "PUT");
  }

  @Test
  void isGivenUpWhenItBreaksLaterAndTheRegistryCannotGoOn() {
    fault("PATCH", 2, request -> broken());
    fault("GET", 1, request -> error(404, "BLOB_UPLOAD_INVALID", "blob upload invalid"));
    RuncibleException failure = failure();
    assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
    assertThat(failure).hasMessageContaining("begin anew").hasMessageContaining("_INVALID");
    assertThat(steps()).endsWith("GET", "DELETE");
  }

  /** Pushes what can be opened again, and says from where it was opened. */
  private List<Long> pushAgain() {
    List<Long> opened = new ArrayList<>();
    client.putBlob(
        registry.reference("app:1"),
        BLOB,
        (long from) -> {
          opened.add(from);
          return new ByteArrayInputStream(CONTENT, (int) from, CONTENT.length);
        });
    return opened;
  }

  @Test
  void beginsAnewWhenTheRegistryHasForgottenIt() {
    fault("PATCH", 2, request -> error(404, "BLOB_UPLOAD_UNKNOWN", "no such upload"));
    assertThat(pushAgain()).containsExactly(0L, 0L);
    assertThat(received.toByteArray()).isEqualTo(CONTENT);
    assertThat(steps())
        .containsExactly(
            "POST",
            "PATCH 0-99999",
            "PATCH 100000-199999",
            "DELETE",
            "POST",
            "PATCH 0-99999",
            "PATCH 100000-199999",
            "PATCH 200000-249999",
            "PUT");
    assertThat(registry.pauses).hasSize(1);
  }

  @Test
  void beginsAnewWhenItBreaksLaterAndTheRegistryCannotGoOn() {
    fault("PATCH", 2, request -> broken());
    fault("GET", 1, request -> error(404, "BLOB_UPLOAD_UNKNOWN", "no such upload"));
    assertThat(pushAgain()).hasSize(2);
    assertThat(received.toByteArray()).isEqualTo(CONTENT);
    assertThat(steps()).containsSequence("GET", "DELETE", "POST", "PATCH 0-99999");
  }

  @Test
  void beginsAnewWhenTheRegistryLostWhatItHad() {
    fault(
        "PATCH",
        2,
        request -> {
          received.reset();
          return broken();
        });
    assertThat(pushAgain()).hasSize(2);
    assertThat(received.toByteArray()).isEqualTo(CONTENT);
  }

  @Test
  void beginsAnewWhenItIsForgottenAtItsEnd() {
    fault("PUT", 1, request -> error(404, "BLOB_UPLOAD_UNKNOWN", "no such upload"));
    assertThat(pushAgain()).hasSize(2);
    assertThat(received.toByteArray()).isEqualTo(CONTENT);
    assertThat(steps()).containsSequence("PUT", "HEAD", "DELETE", "POST");
  }

  @Test
  void beginsAnewOnlySoOften() {
    for (int n = 2; n < 100; n += 2) {
      fault("PATCH", n, request -> error(404, "BLOB_UPLOAD_UNKNOWN", "no such upload"));
    }
    RuncibleException failure = catchThrowableOfType(RuncibleException.class, this::pushAgain);
    assertThat(failure.kind()).isEqualTo(ErrorKind.NOT_FOUND);
    assertThat(failure).hasMessageContaining("BLOB_UPLOAD_UNKNOWN");
    assertThat(steps().stream().filter("POST"::equals)).hasSize(3);
    assertThat(complete).isFalse();
  }

  @Test
  void doesNotBeginAnewForWhatIsNoLoss() {
    fault("PATCH", 2, request -> error(403, "DENIED", "too large"));
    RuncibleException failure = catchThrowableOfType(RuncibleException.class, this::pushAgain);
    assertThat(failure.kind()).isEqualTo(ErrorKind.PERMISSION_DENIED);
    assertThat(steps()).containsOnlyOnce("POST");
  }

  @Test
  void inOnePieceBeginsAnewWhenItsContentIsGone() {
    fault("PUT", 1, request -> status(503));
    try (RegistryClient plain =
        registry.client().chunkedAbove(Long.MAX_VALUE).windows(CHUNK, CHUNK).build()) {
      plain.putBlob(
          registry.reference("app:1"),
          BLOB,
          (long from) -> new ByteArrayInputStream(CONTENT, (int) from, CONTENT.length));
    }
    assertThat(steps()).containsExactly("POST", "PUT", "DELETE", "POST", "PUT");
    assertThat(received.toByteArray()).isEqualTo(CONTENT);
  }

  @Test
  void isGivenUpAfterSeveralBreaks() {
    for (int n = 2; n < 10; n++) {
      fault("PATCH", n, request -> broken());
    }
    RuncibleException failure = failure();
    assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
    assertThat(steps())
        .containsExactly(
            "POST",
            "PATCH 0-99999",
            "PATCH 100000-199999",
            "GET",
            "PATCH 100000-199999",
            "GET",
            "PATCH 100000-199999",
            "DELETE");
  }

  @Test
  void goesInOnePieceWhereChunksAreRefused() {
    fault("PATCH", 1, request -> error(405, "UNSUPPORTED", "no chunks"));
    push();
    assertThat(received.toByteArray()).isEqualTo(CONTENT);
    assertThat(steps()).containsExactly("POST", "PATCH 0-99999", "DELETE", "POST", "PUT");
  }

  @Test
  void failsWhenALaterChunkIsRefused() {
    fault("PATCH", 2, request -> error(405, "UNSUPPORTED", "one chunk only"));
    RuncibleException failure = failure();
    assertThat(failure.kind()).isEqualTo(ErrorKind.UNSUPPORTED);
    assertThat(failure).hasMessageContaining("one chunk only");
    assertThat(steps()).endsWith("PATCH 100000-199999", "DELETE");
  }

  @Test
  void hasSucceededWhenOnlyTheLastAnswerGotLost() {
    fault(
        "PUT",
        1,
        request -> {
          complete = true;
          return broken();
        });
    fault("PUT", 2, request -> error(404, "BLOB_UPLOAD_UNKNOWN", "no such upload"));
    push();
    assertThat(steps()).endsWith("PUT", "PUT", "HEAD");
  }

  @Test
  void hasFailedWhenTheUploadIsGoneAndTheBlobIsNotThere() {
    fault("PUT", 1, request -> error(404, "BLOB_UPLOAD_UNKNOWN", "no such upload"));
    RuncibleException failure = failure();
    assertThat(failure.kind()).isEqualTo(ErrorKind.NOT_FOUND);
    assertThat(steps()).endsWith("PUT", "HEAD", "DELETE");
  }

  @Test
  void ofWrongContentIsNeverSentWholeAndIsCancelled() {
    byte[] other = CONTENT.clone();
    other[100] ^= 1;
    RuncibleException failure =
        catchThrowableOfType(RuncibleException.class, () -> push(new ByteArrayInputStream(other)));
    assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT_DATA);
    assertThat(received.size()).isLessThan(CONTENT.length);
    assertThat(complete).isFalse();
    assertThat(steps()).endsWith("DELETE");
  }

  @Test
  void endsWhenItsThreadIsInterrupted() {
    Thread caller = Thread.currentThread();
    fault(
        "PATCH",
        2,
        request -> {
          caller.interrupt();
          return new MockResponse.Builder().onResponseStart(SocketEffect.Stall.INSTANCE).build();
        });
    RuncibleException failure = failure();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(failure.kind()).isEqualTo(ErrorKind.CANCELLED);
    assertThat(complete).isFalse();
  }

  @Test
  void inOnePieceIsMadeAgainWhileItsContentIsKept() {
    fault("PUT", 1, request -> broken());
    client.putBlob(
        registry.reference("app:1"), blob(random(CHUNK)), new ByteArrayInputStream(random(CHUNK)));
    assertThat(received.toByteArray()).isEqualTo(random(CHUNK));
    assertThat(steps()).containsExactly("POST", "PUT", "DELETE", "POST", "PUT");
  }

  @Test
  void inOnePieceIsNotMadeAgainWhenItsContentIsGone() {
    fault("PUT", 1, request -> status(503));
    try (RegistryClient plain =
        registry.client().chunkedAbove(Long.MAX_VALUE).windows(CHUNK, CHUNK).build()) {
      RuncibleException failure =
          catchThrowableOfType(
              RuncibleException.class,
              () ->
                  plain.putBlob(
                      registry.reference("app:1"), BLOB, new ByteArrayInputStream(CONTENT)));
      assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
    }
    assertThat(steps()).containsExactly("POST", "PUT", "DELETE");
  }

  @Test
  void readsNoFurtherAheadThanAChunk() {
    AtomicInteger read = new AtomicInteger();
    AtomicInteger readBeforeTheFirstAnswer = new AtomicInteger();
    fault(
        "PATCH",
        1,
        request -> {
          readBeforeTheFirstAnswer.set(read.get());
          return good(request);
        });
    push(
        new ByteArrayInputStream(CONTENT) {
          @Override
          public synchronized int read(byte[] buffer, int offset, int length) {
            int count = super.read(buffer, offset, length);
            read.addAndGet(Math.max(0, count));
            return count;
          }
        });
    assertThat(readBeforeTheFirstAnswer).hasValue(CHUNK);
  }
}
