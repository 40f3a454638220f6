package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.MANIFEST;
import static io.runcible.registry.FakeRegistry.blob;
import static io.runcible.registry.FakeRegistry.manifest;
import static io.runcible.registry.FakeRegistry.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.MediaType;
import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.MockResponse;
import mockwebserver3.SocketEffect;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TransientFailuresTest extends FakeRegistryTests {
  private static final Descriptor DESCRIPTOR = Descriptor.of(MediaType.OCI_MANIFEST, MANIFEST);

  private final AtomicInteger count = new AtomicInteger();

  private Descriptor resolve() {
    return client.resolve(registry.reference("app:1"));
  }

  private RuncibleException failure() {
    return catchThrowableOfType(RuncibleException.class, this::resolve);
  }

  @ParameterizedTest
  @ValueSource(ints = {429, 500, 502, 503, 504})
  void aTransientAnswerIsAskedForAgain(int status) {
    serve(request -> count.getAndIncrement() < 2 ? status(status) : manifest(MANIFEST).build());
    assertThat(resolve()).isEqualTo(DESCRIPTOR);
    assertThat(registry.pauses).hasSize(2);
    assertThat(registry.pauses.get(0)).isBetween(Duration.ofMillis(100), Duration.ofMillis(200));
    assertThat(registry.pauses.get(1)).isBetween(Duration.ofMillis(200), Duration.ofMillis(400));
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT0S", "PT-1S", "PT0.0001S", "P21D", "PT9999999999999999S"})
  void aTimeoutHasBounds(Duration timeout) {
    RegistryClient.Builder builder = RegistryClient.builder();
    assertThat(
            catchThrowableOfType(RuncibleException.class, () -> builder.connectTimeout(timeout))
                .kind())
        .isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(
            catchThrowableOfType(RuncibleException.class, () -> builder.stallTimeout(timeout))
                .kind())
        .isEqualTo(ErrorKind.INVALID_INPUT);
  }

  @Test
  void anUnansweredConnectionIsMadeAgain() {
    serve(
        request ->
            count.getAndIncrement() < 2
                ? new MockResponse.Builder().onResponseStart(new SocketEffect.CloseSocket()).build()
                : manifest(MANIFEST).build());
    assertThat(resolve()).isEqualTo(DESCRIPTOR);
    assertThat(registry.pauses).hasSize(2);
  }

  @Test
  void aManifestThatIsCutIsReadAgain() {
    serve(
        request ->
            count.getAndIncrement() == 0
                ? manifest(MANIFEST).onResponseBody(new SocketEffect.CloseSocket()).build()
                : manifest(MANIFEST).build());
    assertThat(client.manifest(registry.reference("app:1"), DESCRIPTOR)).isEqualTo(MANIFEST);
  }

  @Test
  void thePauseThatTheRegistryAsksForIsHeeded() {
    serve(
        request ->
            count.getAndIncrement() == 0
                ? new MockResponse.Builder().code(429).addHeader("Retry-After", 7).build()
                : manifest(MANIFEST).build());
    assertThat(resolve()).isEqualTo(DESCRIPTOR);
    assertThat(registry.pauses).containsExactly(Duration.ofSeconds(7));
  }

  @Test
  void aPauseBeyondMeasureIsToldToTheCaller() {
    serve(request -> new MockResponse.Builder().code(429).addHeader("Retry-After", 3600).build());
    RuncibleException failure = failure();
    assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
    assertThat(failure).hasMessageContaining("come back in 3600 s");
    assertThat(registry.pauses).isEmpty();
  }

  @Test
  void thereIsAnEndToIt() {
    serve(request -> status(503));
    RuncibleException failure = failure();
    assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
    assertThat(failure).hasMessageContaining("503");
    assertThat(registry.requests).hasSize(3);
  }

  @Test
  void anInterruptEndsThePause() {
    registry = FakeRegistry.answering(request -> status(503));
    client =
        registry
            .client()
            .sleeper(
                pause -> {
                  throw new InterruptedException();
                })
            .build();
    RuncibleException failure = failure();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(failure.kind()).isEqualTo(ErrorKind.CANCELLED);
    assertThat(registry.requests).hasSize(1);
  }

  @Test
  void anInterruptEndsTheWaitForAnAnswer() {
    Thread caller = Thread.currentThread();
    serve(
        request -> {
          caller.interrupt();
          return manifest(MANIFEST).onResponseStart(SocketEffect.Stall.INSTANCE).build();
        });
    RuncibleException failure = failure();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(failure.kind()).isEqualTo(ErrorKind.CANCELLED);
  }

  @Test
  void aPushIsMadeAgainAsANewUpload() {
    byte[] content = {1, 2, 3};
    serve(
        request ->
            switch (request.getMethod()) {
              case "POST" ->
                  new MockResponse.Builder()
                      .code(202)
                      .addHeader("Location", "/upload/" + count.incrementAndGet())
                      .build();
              case "PUT" -> status(count.get() < 3 ? 503 : 201);
              default -> status(204);
            });
    client.putBlob(registry.reference("app:1"), blob(content), new ByteArrayInputStream(content));
    assertThat(registry.lines().stream().map(line -> line.split("\\?", 2)[0]))
        .containsExactly(
            "POST /v2/app/blobs/uploads/",
            "PUT /upload/1",
            "DELETE /upload/1",
            "POST /v2/app/blobs/uploads/",
            "PUT /upload/2",
            "DELETE /upload/2",
            "POST /v2/app/blobs/uploads/",
            "PUT /upload/3");
    assertThat(registry.requests.get(7).getBody().toByteArray()).isEqualTo(content);
  }
}
