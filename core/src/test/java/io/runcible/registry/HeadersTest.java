package io.runcible.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The small readers of what a registry sends beside content. */
class HeadersTest {
  @Nested
  class ARange {
    @Test
    void isReadWithItsTotalOrWithout() {
      assertThat(ContentRange.parse("bytes 5-9/10")).contains(new ContentRange(5, 9, 10));
      assertThat(ContentRange.parse("Bytes 5-9/*")).contains(new ContentRange(5, 9, -1));
    }

    @Test
    void isWhatWasAskedForOnlyWhenEveryNumberFits() {
      assertThat(new ContentRange(5, 9, 10).is(5, 10, 10)).isTrue();
      assertThat(new ContentRange(5, 9, -1).is(5, 10, 10)).isTrue();
      assertThat(new ContentRange(4, 9, 10).is(5, 10, 10)).isFalse();
      assertThat(new ContentRange(5, 8, 10).is(5, 10, 10)).isFalse();
      assertThat(new ContentRange(5, 9, 11).is(5, 10, 10)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "bytes",
          "bytes */10",
          "bytes 5-9",
          "bytes 9-5/10",
          "bytes 5-9/9",
          "bytes -5-9/10",
          "bytes 5-99999999999999999999/*",
          "items 5-9/10"
        })
    void isEmptyWhenItBreaksTheGrammar(String header) {
      assertThat(ContentRange.parse(header)).isEmpty();
    }

    @Test
    void mayBeAbsent() {
      assertThat(ContentRange.parse(null)).isEmpty();
    }
  }

  @Nested
  class ALength {
    @Test
    void isAPlainNumber() {
      assertThat(ContentRange.length("0")).isZero();
      assertThat(ContentRange.length("123456789012345678")).isEqualTo(123456789012345678L);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "+1", " 1", "1e3", "9999999999999999999", "١"})
    void isUnknownOtherwise(String header) {
      assertThat(ContentRange.length(header)).isEqualTo(-1);
    }
  }

  @Nested
  class ALink {
    @Test
    void toTheNextPageIsFoundAmongOthers() {
      assertThat(LinkHeader.next(List.of("</a>; rel=\"prev\", </v2/x?n=1&last=b>; rel=\"next\"")))
          .isEqualTo("/v2/x?n=1&last=b");
      assertThat(LinkHeader.next(List.of("</a>; rel=prev", "</b>;title=x;REL=next")))
          .isEqualTo("/b");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "</a>", "</a>; rel=prev", "</a; rel=next", "/a; rel=next"})
    void isNullOtherwise(String header) {
      assertThat(LinkHeader.next(List.of(header))).isNull();
    }
  }

  @Nested
  class AnErrorBody {
    private String describe(String body) {
      return ErrorBodies.describe(body.getBytes(UTF_8));
    }

    @Test
    void isQuotedByCodeAndMessage() {
      assertThat(
              describe(
                  "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\",\"detail\":{}},"
                      + "{\"code\":\"X\"},{\"message\":\"y\"},{\"message\":\"z\"}]}"))
          .isEqualTo("DENIED: no; X; y");
    }

    @Test
    void losesControlCharactersAndWhatIsTooLong() {
      assertThat(
              describe(
                  "{\"errors\":[{\"code\":\"A\\u001b[31mB\\u2028\",\"message\":\""
                      + "x".repeat(300)
                      + "\"}]}"))
          .isEqualTo("A?[31mB?: " + "x".repeat(200) + "…");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "<html>",
          "[]",
          "{}",
          "{\"errors\":{}}",
          "{\"errors\":[1,null,{}]}",
          "{\"errors\":[{\"code\":1,\"message\":[]}]}",
          "{\"errors\":"
        })
    void isEmptyWhenItIsSomethingElse(String body) {
      assertThat(describe(body)).isEmpty();
    }

    @Test
    void isNotReadWhenItIsNestedTooDeep() {
      assertThat(describe("{\"errors\":" + "[".repeat(60_000))).isEmpty();
    }
  }
}
