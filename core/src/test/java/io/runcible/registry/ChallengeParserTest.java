package io.runcible.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChallengeParserTest {
  private static List<Challenge> parse(String... headers) {
    return ChallengeParser.parse(List.of(headers));
  }

  @Test
  void aTokenChallengeHasItsParameters() {
    assertThat(
            parse(
                "Bearer realm=\"https://auth.example/token\",service=\"registry.example\","
                    + "scope=\"repository:team/app:pull,push\""))
        .containsExactly(
            new Challenge(
                "bearer",
                Map.of(
                    "realm", "https://auth.example/token",
                    "service", "registry.example",
                    "scope", "repository:team/app:pull,push")));
  }

  @Test
  void schemesAndNamesIgnoreCase() {
    assertThat(parse("BASIC Realm=x"))
        .containsExactly(new Challenge("basic", Map.of("realm", "x")));
  }

  @Test
  void blanksAroundEverythingAreAllowed() {
    assertThat(parse(" , Basic  realm = \"a b\" , charset\t=\tUTF-8 ,, "))
        .containsExactly(new Challenge("basic", Map.of("realm", "a b", "charset", "UTF-8")));
  }

  @Test
  void severalChallengesInOneHeaderAreToldApart() {
    assertThat(parse("Negotiate, Basic realm=\"x\", Bearer realm=\"y\", service=z"))
        .containsExactly(
            new Challenge("negotiate", Map.of()),
            new Challenge("basic", Map.of("realm", "x")),
            new Challenge("bearer", Map.of("realm", "y", "service", "z")));
  }

  @Test
  void severalHeadersAreOneList() {
    assertThat(parse("Basic realm=x", "Bearer realm=y"))
        .extracting(Challenge::scheme)
        .containsExactly("basic", "bearer");
  }

  @Test
  void aRunOfCharactersInsteadOfParametersIsPassedOver() {
    assertThat(parse("Negotiate YWJj+/d==, Basic realm=x"))
        .containsExactly(
            new Challenge("negotiate", Map.of()), new Challenge("basic", Map.of("realm", "x")));
  }

  @Test
  void quotedTextMayHoldCommasAndEscapedQuotes() {
    assertThat(parse("Basic realm=\"a, Bearer realm=\\\"b\\\\\", x=1"))
        .containsExactly(
            new Challenge("basic", Map.of("realm", "a, Bearer realm=\"b\\", "x", "1")));
  }

  @Test
  void anEmptyQuotedValueCounts() {
    assertThat(parse("Bearer realm=\"\""))
        .containsExactly(new Challenge("bearer", Map.of("realm", "")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ,,, ",
        "=",
        "\"x\"",
        "Basic realm=\"unterminated",
        "Basic realm=\"ends in an escape\\",
        "Basic realm=\"a\" junk=\"b\"",
        "Basic realm=a, realm=b",
        "Basic realm=\"line\nbreak\"",
        "Basic realm=a;b",
        "Basic @",
        "Basic=x",
      })
  void whatBreaksTheGrammarCountsAsNothing(String header) {
    assertThat(parse(header)).isEmpty();
  }

  @Test
  void aChallengeBeforeABrokenOneCounts() {
    assertThat(parse("Basic realm=x, Bearer realm=\"open"))
        .containsExactly(new Challenge("basic", Map.of("realm", "x")));
  }

  @Test
  void lengthAndNumbersAreBounded() {
    assertThat(parse("Basic realm=" + "x".repeat(17_000))).isEmpty();
    assertThat(parse("a, ".repeat(5000))).hasSize(16);
    StringBuilder many = new StringBuilder("Basic p=1");
    for (int i = 0; i < 100; i++) {
      many.append(", p").append(i).append("=1");
    }
    assertThat(parse(many.toString())).isEmpty();
  }
}
