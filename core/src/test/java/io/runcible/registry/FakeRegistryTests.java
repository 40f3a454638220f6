package io.runcible.registry;

import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.RuncibleException;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.AfterEach;

/** What tests have in common that decide the answers of a registry, and look at a client of it. */
abstract class FakeRegistryTests {
  FakeRegistry registry;
  RegistryClient client;

  void serve(Function<RecordedRequest, MockResponse> answers) {
    serve(answers, UnaryOperator.identity());
  }

  void serve(
      Function<RecordedRequest, MockResponse> answers,
      UnaryOperator<RegistryClient.Builder> settings) {
    use(FakeRegistry.answering(answers), settings);
  }

  void use(FakeRegistry other, UnaryOperator<RegistryClient.Builder> settings) {
    registry = other;
    client = settings.apply(other.client()).build();
  }

  @AfterEach
  void close() {
    if (registry != null) {
      client.close();
      registry.close();
    }
  }

  static RuncibleException failure(Runnable call) {
    return catchThrowableOfType(RuncibleException.class, call::run);
  }

  /** A page of a list, with the address of the next one. */
  static MockResponse page(String json, String next) {
    return new MockResponse.Builder()
        .body(json)
        .addHeader("Link", "<" + next + ">; rel=\"next\"")
        .build();
  }
}
