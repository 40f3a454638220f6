package io.runcible.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

class PlaceholdersTest {
  private static final Placeholders VALUES = new Placeholders("", List.of(), name -> null);

  @Test
  void textWithoutPlaceholderStays() {
    assertThat(VALUES.resolve("redis:7")).isEqualTo("redis:7");
  }

  @Test
  void propertyWinsOverDefault() {
    System.setProperty("placeholders.test", "a$1/b");
    try {
      assertThat(VALUES.resolve("${placeholders.test:x}/redis:${no.such.property:7}"))
          .isEqualTo("a$1/b/redis:7");
    } finally {
      System.clearProperty("placeholders.test");
    }
  }

  @Test
  void missingPropertyIsNamed() {
    assertThatThrownBy(() -> VALUES.resolve("${no.such.property}/redis"))
        .isInstanceOf(ExtensionConfigurationException.class)
        .hasMessageContaining("no.such.property");
  }
}
