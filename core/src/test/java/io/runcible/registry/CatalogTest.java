package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.error;
import static io.runcible.registry.FakeRegistry.json;
import static io.runcible.registry.FakeRegistry.status;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.List;
import java.util.function.Function;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CatalogTest {
  private static List<String> repositories(FakeRegistry registry) {
    try (RegistryClient client = registry.client().build()) {
      return client.repositories(registry.name());
    }
  }

  private static RuncibleException failure(Function<RecordedRequest, MockResponse> answers) {
    try (FakeRegistry registry = FakeRegistry.answering(answers)) {
      return catchThrowableOfType(RuncibleException.class, () -> repositories(registry));
    }
  }

  private static MockResponse page(String json, String next) {
    return new MockResponse.Builder()
        .body(json)
        .addHeader("Link", "<" + next + ">; rel=\"next\"")
        .build();
  }

  @Test
  void ofAllPagesIsListedSorted() {
    try (FakeRegistry registry =
        FakeRegistry.answering(
            request ->
                request.getTarget().contains("last=b")
                    ? json("{\"repositories\":[\"team/app\"]}")
                    : page("{\"repositories\":[\"z\",\"b\"]}", "/v2/_catalog?last=b&n=1000"))) {
      assertThat(repositories(registry)).containsExactly("b", "team/app", "z");
      assertThat(registry.lines())
          .containsExactly("GET /v2/_catalog?n=1000", "GET /v2/_catalog?last=b&n=1000");
    }
  }

  @Test
  void mayBeEmpty() {
    try (FakeRegistry registry = FakeRegistry.answering(request -> json("{\"repositories\":[]}"))) {
      assertThat(repositories(registry)).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "404,UNSUPPORTED",
    "405,UNSUPPORTED",
    "501,UNSUPPORTED",
    "403,PERMISSION_DENIED",
    "401,UNAUTHENTICATED",
    "500,UNAVAILABLE"
  })
  void thatIsRefusedHasTheKindOfItsStatus(int status, ErrorKind kind) {
    RuncibleException failure = failure(request -> status(status));
    assertThat(failure.kind()).isEqualTo(kind);
    assertThat(failure).hasMessageContaining("list the repositories of 127.0.0.1");
  }

  @Test
  void isAskedForWithAScopeOfItsOwn() {
    FakeRegistry[] self = new FakeRegistry[1];
    try (FakeRegistry registry =
        FakeRegistry.answering(
            request -> {
              if (request.getTarget().startsWith("/token")) {
                return json("{\"token\":\"t\"}");
              }
              return "Bearer t".equals(request.getHeaders().get("Authorization"))
                  ? json("{\"repositories\":[\"app\"]}")
                  : new MockResponse.Builder(error(401, "UNAUTHORIZED", "log in"))
                      .addHeader(
                          "WWW-Authenticate", "Bearer realm=\"" + self[0].url("/token") + "\"")
                      .build();
            })) {
      self[0] = registry;
      assertThat(repositories(registry)).containsExactly("app");
      assertThat(registry.lines()).contains("GET /token?scope=registry%3Acatalog%3A*");
    }
  }

  @Test
  void onPagesInACircleEnds() {
    RuncibleException failure =
        failure(request -> page("{\"repositories\":[\"a\"]}", "/v2/_catalog?n=1000"));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContaining("circle");
  }

  @Test
  void onEndlessPagesEnds() {
    RuncibleException failure =
        failure(request -> page("{\"repositories\":[\"a\"]}", request.getTarget() + "1"));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContaining("more than 1000 pages");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"repositories\":[\"../x\"]}",
        "{\"repositories\":[\"a:1\"]}",
        "{\"repositories\":[\"A\"]}",
        "{\"repositories\":[\"a\\u001b\"]}",
        "{\"repositories\":[\"\"]}",
        "{\"repositories\":[1]}",
        "[]",
        "nonsense"
      })
  void thatNamesWhatIsNoRepositoryIsRefused(String json) {
    assertThat(failure(request -> json(json)).kind()).isEqualTo(ErrorKind.INVALID_INPUT);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a/b", "registry.example/x", "http://registry.example", "x@y", ".."})
  void ofWhatIsNoRegistryIsRefused(String name) {
    try (RegistryClient client = RegistryClient.create()) {
      RuncibleException failure =
          catchThrowableOfType(RuncibleException.class, () -> client.repositories(name));
      assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    }
  }
}
