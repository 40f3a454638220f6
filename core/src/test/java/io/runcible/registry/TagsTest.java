package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.error;
import static io.runcible.registry.FakeRegistry.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.List;
import java.util.function.Function;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TagsTest extends FakeRegistryTests {
  private List<String> tags() {
    return client.tags(registry.reference("team/app"));
  }

  private RuncibleException failure(Function<RecordedRequest, MockResponse> answers) {
    serve(answers);
    return failure(() -> tags());
  }

  @Test
  void ofAllPagesAreListedSorted() {
    serve(
        request ->
            request.getTarget().contains("last=b")
                ? json("{\"name\":\"team/app\",\"tags\":[\"c\"]}")
                : page(
                    "{\"name\":\"team/app\",\"tags\":[\"b\",\"a\"]}",
                    "/v2/team/app/tags/list?last=b&n=1000"));
    assertThat(tags()).containsExactly("a", "b", "c");
    assertThat(registry.lines())
        .containsExactly(
            "GET /v2/team/app/tags/list?n=1000", "GET /v2/team/app/tags/list?last=b&n=1000");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"tags\":null}", "{\"tags\":[]}", "{}"})
  void mayBeNone(String json) {
    serve(request -> json(json));
    assertThat(tags()).isEmpty();
  }

  @Test
  void ofAMissingRepositoryAreNotFound() {
    RuncibleException failure = failure(request -> error(404, "NAME_UNKNOWN", "no such"));
    assertThat(failure.kind()).isEqualTo(ErrorKind.NOT_FOUND);
    assertThat(failure).hasMessageContaining("team/app").hasMessageContaining("NAME_UNKNOWN");
  }

  @Test
  void inACircleOfPagesEnd() {
    RuncibleException failure =
        failure(request -> page("{\"tags\":[\"a\"]}", "/v2/team/app/tags/list?n=1000"));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContaining("circle");
  }

  @Test
  void onEndlessPagesEnd() {
    RuncibleException failure =
        failure(request -> page("{\"tags\":[\"a\"]}", request.getTarget() + "1"));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContaining("more than 1000 pages");
  }

  @Test
  void areNotLookedForAtAnotherHost() {
    RuncibleException failure =
        failure(request -> page("{\"tags\":[\"a\"]}", "http://other.example/v2/x"));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContaining("not its own");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"tags\":[\"../x\"]}",
        "{\"tags\":[\"a\\u001b\"]}",
        "{\"tags\":[\"\"]}",
        "{\"tags\":[1]}",
        "[]",
        "nonsense"
      })
  void thatAreNoneAreRefused(String json) {
    assertThat(failure(request -> json(json)).kind()).isEqualTo(ErrorKind.INVALID_INPUT);
  }

  @Test
  void onAnEnormousPageAreRefused() {
    String page = "{\"tags\":[\"" + "a".repeat(5_000_000) + "\"]}";
    assertThat(failure(request -> json(page)).kind()).isEqualTo(ErrorKind.INVALID_INPUT);
  }
}
