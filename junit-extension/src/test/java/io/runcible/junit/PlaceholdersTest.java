package io.runcible.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

class PlaceholdersTest {
  @Test
  void textWithoutPlaceholderStays() {
    assertThat(Placeholders.resolve("redis:7")).isEqualTo("redis:7");
  }

  @Test
  void propertyWinsOverDefault() {
    System.setProperty("placeholders.test", "a$1/b");
    try {
      assertThat(Placeholders.resolve("${placeholders.test:x}/redis:${no.such.property:7}"))
          .isEqualTo("a$1/b/redis:7");
    } finally {
      System.clearProperty("placeholders.test");
    }
  }

  @Test
  void missingPropertyIsNamed() {
    assertThatThrownBy(() -> Placeholders.resolve("${no.such.property}/redis"))
        .isInstanceOf(ExtensionConfigurationException.class)
        .hasMessageContaining("no.such.property");
  }
}
