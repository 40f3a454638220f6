package io.runcible.samples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.RuncibleException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The part of the other engines' formats that there is. */
class TemplateTest {
  private static JsonNode row() throws Exception {
    return new ObjectMapper()
        .readTree("{\"id\": \"box\", \"oom-kills\": 3, \"a\": {\"b\": [\"x\\u001b\"]}}");
  }

  @Test
  void fieldsStandForTheirValues() throws Exception {
    assertThat(new Template("table {{.ID}}\\t{{ .OOMKills }}!").apply(row())).isEqualTo("box\t3!");
    assertThat(new Template("{{.a.b}} {{json .id}}").apply(row()))
        .isEqualTo("[\"x\\u001B\"] \"box\"");
    assertThat(new Template("{{json .}}").apply(row())).startsWith("{\"id\":");
    assertThat(new Template("plain").apply(row())).isEqualTo("plain");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{{range .a}}", "{{.a", "}}", "{{if .a}}x{{end}}", "{{.none}}", "{{.id.x}}"})
  void whatThereIsNotIsRefused(String format) {
    assertThatThrownBy(() -> new Template(format).apply(row()))
        .isInstanceOf(RuncibleException.class);
  }
}
