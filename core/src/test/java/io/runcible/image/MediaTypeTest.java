package io.runcible.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MediaTypeTest {
  @Test
  void everyConstantIsOfAtMostOneKind() {
    Stream<String> constants =
        Stream.of(MediaType.class.getFields())
            .filter(field -> Modifier.isStatic(field.getModifiers()))
            .map(MediaTypeTest::value);
    assertThat(constants)
        .hasSizeGreaterThan(15)
        .allSatisfy(
            type -> {
              assertThat(MediaType.isWellFormed(type)).isTrue();
              long kinds =
                  Stream.of(
                          MediaType.isManifest(type),
                          MediaType.isIndex(type),
                          MediaType.isConfig(type),
                          MediaType.isLayer(type))
                      .filter(is -> is)
                      .count();
              boolean other = type.equals(MediaType.OCI_EMPTY) || MediaType.isSchema1(type);
              assertThat(kinds).isEqualTo(other ? 0 : 1);
            });
  }

  private static String value(Field field) {
    try {
      return (String) field.get(null);
    } catch (IllegalAccessException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"a/b", "application/vnd.x+json", "A1/b!#$&-^_.+c"})
  void wellFormedTypes(String type) {
    assertThat(MediaType.isWellFormed(type)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "/", "a", "a/", "/b", "a/b/c", "a/b; q=1", "a b/c", "a/b\n", ".a/b", "a/é"})
  void malformedTypes(String type) {
    assertThat(MediaType.isWellFormed(type)).isFalse();
  }

  @Test
  void partsHave127Characters() {
    assertThat(MediaType.isWellFormed("a/" + "b".repeat(127))).isTrue();
    assertThat(MediaType.isWellFormed("a/" + "b".repeat(128))).isFalse();
  }
}
