package io.runcible.samples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.RuncibleException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

  private static final String NETWORKS =
      "{\"networks\": {\"b\": {\"ip\": \"10.0.0.2\"}, \"a\": {\"ip\": \"10.0.0.1\"}}, \"none\": {},"
          + " \"ports\": {\"80/tcp\": [{\"hostPort\": \"8080\"}]}, \"words\": [\"x\", \"y\"],"
          + " \"labels\": {\"a.b/c\": \"d\"}, \"runs\": true, \"pid\": 0, \"name\": \"box\"}";

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '!',
      delimiter = ';',
      value = {
        "{{range .Networks}}{{.IP}} {{end}};!10.0.0.1 10.0.0.2 !",
        "{{range $name, $one := .Networks}}{{$name}}={{$one.IP}},{{end}};a=10.0.0.1,b=10.0.0.2,",
        "{{range $w := .Words}}{{$w}}{{$.Name}}{{end}};xboxybox",
        "{{range $i, $w := .Words}}{{if $i}}, {{end}}{{$w}}{{end}};x, y",
        "{{range .None}}x{{else}}nothing{{end}};nothing",
        "{{(index (index .Ports \"80/tcp\") 0).HostPort}};8080",
        "{{range $p, $c := .Ports}}{{$p}} -> {{(index $c 0).HostPort}}{{end}};80/tcp -> 8080",
        "{{index .Labels \"a.b/c\"}}{{index .Labels \"x\"}};d",
        "{{with .Labels}}{{index . \"a.b/c\"}}{{end}};d",
        "{{join .Words \", \"}};x, y",
        "{{.Words | json}} {{len .Words}};[\"x\",\"y\"] 2",
        "{{if .Runs}}up{{else}}down{{end}} {{if .Pid}}up{{else}}down{{end}};up down",
        "{{if eq .Name \"box\"}}yes{{end}}{{if ne .Name `box`}}no{{end}}{{not .None}};yestrue",
        "x {{- upper .Name -}} y;xBOXy"
      })
  void blocksAndFunctionsAreThoseOfOtherEngines(String format, String expected) throws Exception {
    assertThat(new Template(format).apply(new ObjectMapper().readTree(NETWORKS)))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{range .a}}",
        "{{.a",
        "}}",
        "{{}}",
        "{{end}}",
        "{{if .a}}x{{else}}y{{else}}z{{end}}",
        "{{.none}}",
        "{{.id.x}}",
        "{{range .id}}x{{end}}",
        "{{slice .id 1}}",
        "{{index .id}}",
        "{{index .a.b 7}}",
        "{{$x}}",
        "{{(.id}}",
        "{{.id | .id}}",
        "{{.id .id}}",
        "{{len 99999999999}}",
        "{{template \"x\"}}",
        "{{range x := .a}}{{end}}"
      })
  void whatThereIsNotIsRefused(String format) {
    assertThatThrownBy(() -> new Template(format).apply(row()))
        .isInstanceOf(RuncibleException.class);
  }
}
