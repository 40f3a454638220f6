package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.error;
import static io.runcible.registry.FakeRegistry.json;
import static io.runcible.registry.FakeRegistry.status;
import static org.assertj.core.api.Assertions.assertThat;

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

class CatalogTest extends FakeRegistryTests {
  private List<String> repositories() {
    return client.repositories(registry.name());
  }

  private RuncibleException failure(Function<RecordedRequest, MockResponse> answers) {
    serve(answers);
    return failure(() -> repositories());
  }

  @Test
  void ofAllPagesIsListedSorted() {
    serve(
        request ->
            request.getTarget().contains("last=b")
                ? json("{\"repositories\":[\"team/app\"]}")
                : page("{\"repositories\":[\"z\",\"b\"]}", "/v2/_catalog?last=b&n=1000"));
    assertThat(repositories()).containsExactly("b", "team/app", "z");
    assertThat(registry.lines())
        .containsExactly("GET /v2/_catalog?n=1000", "GET /v2/_catalog?last=b&n=1000");
  }

  @Test
  void mayBeEmpty() {
    serve(request -> json("{\"repositories\":[]}"));
    assertThat(repositories()).isEmpty();
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
    serve(
        request -> {
          if (request.getTarget().startsWith("/token")) {
            return json("{\"token\":\"t\"}");
          }
          return "Bearer t".equals(request.getHeaders().get("Authorization"))
              ? json("{\"repositories\":[\"app\"]}")
              : new MockResponse.Builder(error(401, "UNAUTHORIZED", "log in"))
                  .addHeader("WWW-Authenticate", "Bearer realm=\"" + registry.url("/token") + "\"")
                  .build();
        });
    assertThat(repositories()).containsExactly("app");
    assertThat(registry.lines()).contains("GET /token?scope=registry%3Acatalog%3A*");
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
    serve(request -> status(500));
    assertThat(failure(() -> client.repositories(name)).kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(registry.requests).isEmpty();
  }
}
