package io.runcible.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TagFilterTest {
  private static RuncibleException failure(Runnable making) {
    return catchThrowableOfType(RuncibleException.class, making::run);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "1.2.3; 1.2.3 v1.2.3 1.2.3+build; 1.2.4 1.2.3-rc1 latest",
        "=1.2.3; 1.2.3; 1.2.2",
        "!=1.2.3; 1.2.2 2.0; 1.2.3 1.3.0-rc1",
        "!=1.2; 1.3.0 2.2.0; 1.2.0 1.2.9",
        ">1.2.3; 1.2.4 2; 1.2.3 1.2.2",
        ">1.2; 1.3.0; 1.2.0 1.2.9",
        ">1; 2.0.0; 1.9.9",
        "<1.2.3; 1.2.2 0.1; 1.2.3 2",
        "<2; 1.9.9; 2.0.0 2.0.0-rc1",
        ">=1.2; 1.2.0 1.3 9; 1.1.9 v1",
        "=>1.2; 1.2.0; 1.1",
        "<=1.2.3; 1.2.3 1.0; 1.2.4",
        "<=2; 2.9.9 1.0; 3.0.0",
        "<=2.x; 2.9.9; 3.0.0",
        "~1.2.3; 1.2.3 1.2.9; 1.3.0 1.2.2 2.0.0",
        "~1.2; 1.2.0 1.2.9; 1.3.0",
        "~1; 1.0.0 1.9.9; 2.0.0",
        "~>1.2.3; 1.2.9; 1.3.0",
        "^1.2.3; 1.2.3 1.9; 2.0.0 1.2.2",
        "^0.2.3; 0.2.3 0.2.9; 0.3.0 1.0.0",
        "^0.0.3; 0.0.3; 0.0.4 0.1.0",
        "^0.0; 0.0.0 0.0.9; 0.1.0",
        "^0; 0.0.0 0.9.9; 1.0.0",
        "1.2.x; 1.2.0 1.2.9; 1.3.0",
        "1.x; 1.0.0 1.9; 2.0.0",
        "1.X.X; 1.7.7; 2.0",
        "*; 0.0.1 1 99.9.9; latest 1.0.0-rc1",
        "1.2 - 1.4.5; 1.2.0 1.4.5 1.3; 1.4.6 1.1.9",
        ">=1.2 <2; 1.2.0 1.9.9; 2.0.0 1.1.0",
        ">= 1.2, < 2.0.0; 1.2.0 1.9.9; 2.0.0 1.1.0",
        "<1 || >=2.1; 0.9 2.1.0; 1.5.0 2.0.0",
        ">=1.2.3-beta; 1.2.3-beta 1.2.3-rc.1 1.2.3 1.3.0-alpha; 1.2.3-alpha",
        "~1.2.3-rc.2; 1.2.3-rc.10 1.2.9; 1.2.3-rc.1 1.3.0-rc.9",
        "v1.2.3; 1.2.3; 1.2.4",
        "*-0; 1.2.3-alpha.1 0.0.0-1 7; latest",
        ">=0-0; 0.0.0-alpha 0.0.1-alpha 3; x",
        ">0-0; 1.0.0-alpha; 0.0.1-alpha 0.0.0-alpha",
        ">0.0.0-0; 0.0.0-alpha; 0.0.0-0",
        "<0-z; 0.0.0-alpha; 0.0.0",
        "~1.1-alpha; 1.1.1-beta 1.1.0; 1.2.0-beta",
        "<=1.1-a; 0.1.0-alpha 1.1.9; 1.2.0",
        "1.1-3; 1.1.0; 4.3.2",
        "~*; 2.1.1; 2.1.1-rc",
        ">=1.1 <2 !=1.2.3 || > 3; 1.2.4 4.1.2; 1.2.3 3.0.0 3.1.2",
        ">=1.1, <2, !=1.2.3 || >= 3; 3.0.0; 2.0.0",
        "12.3.34 ~12.3; 12.3.34; 12.3.35",
      })
  void ranges(String range, String inside, String outside) {
    TagFilter filter = TagFilter.versions(range);
    assertThat(inside.split(" ")).allMatch(filter::accepts);
    assertThat(outside.split(" ")).noneMatch(filter::accepts);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "||",
        "1.2 ||",
        ">",
        "a",
        "1.2.3.4",
        ">=1.2 and <2",
        "1.2.",
        "==1",
        ">>1",
        "1;2"
      })
  void noRange(String range) {
    RuncibleException failure = failure(() -> TagFilter.versions(range));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContaining("'" + range + "'");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "latest",
        "1.2.3.4",
        "",
        "1.",
        "v",
        "1.2.3-",
        "99999999999999999999",
        "1_2",
        "01a"
      })
  void whatIsNoVersionIsLeftOut(String tag) {
    assertThat(TagFilter.versions("*").accepts(tag)).isFalse();
  }

  @Test
  void versionsAreInTheOrderOfTheSpecification() {
    List<SemanticVersion> ordered =
        Stream.of(
                "1.0.0-alpha",
                "1.0.0-alpha.1",
                "1.0.0-alpha.beta",
                "1.0.0-beta",
                "1.0.0-beta.2",
                "1.0.0-beta.11",
                "1.0.0-rc.1",
                "1.0.0",
                "1.0.1",
                "1.1.0",
                "2.0.0")
            .map(text -> SemanticVersion.parse(text).orElseThrow())
            .toList();
    for (int i = 0; i < ordered.size(); i++) {
      for (int j = 0; j < ordered.size(); j++) {
        assertThat(Integer.signum(ordered.get(i).compareTo(ordered.get(j))))
            .isEqualTo(Integer.compare(i, j));
      }
    }
  }

  @Test
  void anyTextIsARangeOrRefused() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    String alphabet = "01.9xX*v-+ ,|<>=!~^ab-.";
    for (int round = 0; round < 30_000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(14); i > 0; i--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      try {
        TagFilter.versions(text.toString()).accepts("1.2.3-rc.1");
      } catch (RuncibleException e) {
        assertThat(e.kind()).as("%s of seed %d", text, seed).isEqualTo(ErrorKind.INVALID_INPUT);
      }
    }
  }

  @Test
  void aRegularExpressionIsFoundAnywhereUnlessAnchored() {
    assertThat(TagFilter.matching("1\\.1[34]").accepts("v1.13-alpine")).isTrue();
    assertThat(TagFilter.matching("^1\\.13$").accepts("1.13-alpine")).isFalse();
    assertThat(failure(() -> TagFilter.matching("(")).kind()).isEqualTo(ErrorKind.INVALID_INPUT);
  }

  @Test
  void aTagCannotMakeARegularExpressionRunForEver() {
    TagFilter filter = TagFilter.matching("^(a+)+\\1z$");
    RuncibleException failure = failure(() -> filter.accepts("a".repeat(127) + "-"));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContaining("(a+)+");
  }

  @Test
  void theseAndNoOthers() {
    TagFilter filter = TagFilter.of(List.of("1", "2"));
    assertThat(filter.accepts("1")).isTrue();
    assertThat(filter.accepts("3")).isFalse();
    assertThat(TagFilter.all().accepts("3")).isTrue();
  }
}
