package io.runcible.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import mockwebserver3.MockResponse;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;

class HttpTransportTest {
  private final AtomicReference<HttpTransport> closing = new AtomicReference<>();

  /** Closes the transport when a request has begun, and before the library knows of it. */
  private final EventListener closer =
      new EventListener() {
        @Override
        public void callStart(Call call) {
          closing.get().close();
        }
      };

  @Test
  void closeEndsARequestThatBeginsAtThatMoment() {
    try (FakeRegistry registry =
            FakeRegistry.answering(request -> new MockResponse.Builder().build());
        HttpTransport transport =
            new HttpTransport(
                () -> new OkHttpClient.Builder().eventListener(closer),
                new TlsSettings(List.of(), new CertificateDirectories(List.of(), Map.of())),
                ProxySettings.none(),
                new RetryPolicy(3, registry.clock, pause -> {}, () -> 0),
                "test")) {
      closing.set(transport);
      RegistryEndpoint endpoint = RegistryEndpoint.of(registry.name(), true);
      Operation operation = new Operation("ask", endpoint, "", Access.PULL);
      Request request = new Request.Builder().url(endpoint.base()).build();
      assertThat(
              FakeRegistryTests.failure(
                      () -> transport.call(operation, transport::send, request, Response::code))
                  .kind())
          .isEqualTo(ErrorKind.FAILED_PRECONDITION);
      assertThat(registry.requests).isEmpty();
    }
  }
}
