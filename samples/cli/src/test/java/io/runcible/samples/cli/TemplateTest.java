package io.runcible.samples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
        "x {{- upper .Name -}} y;xBOXy",
        "{{if .Pid}}a{{else if .None}}b{{else if .Runs}}c{{else}}d{{end}}{{.Name}};cbox",
        "{{if .Pid}}a{{else if .None}}b{{end}}{{.Name}};box",
        "{{if and .None .None.Status}}x{{end}}{{or .None .Pid .Name}}{{and .Runs .Name}};boxbox",
        "{{printf \"%s is %-4.2s|%d%%\" .Name .Name .Pid}};box is bo  |0%",
        "{{.Labels.none}}{{if .Labels.none}}x{{end}}{{json .Labels.none}};<no value>null"
      })
  void blocksAndFunctionsAreThoseOfOtherEngines(String format, String expected) throws Exception {
    assertThat(new Template(format).apply(new ObjectMapper().readTree(NETWORKS)))
        .isEqualTo(expected);
  }

  @Test
  void whatTheUserHasWrittenStaysAsItIs() throws Exception {
    JsonNode hostile =
        new ObjectMapper()
            .readTree(
                "{\"name\": \"a\\u001b\\nb\", \"words\": [\"x\\u009by\", \"z\"],"
                    + " \"map\": {\"k\\u202e\": \"v\\u0007\"}}");
    assertThat(applied("{{.Name}}{{\"\\t\"}}{{\"\\n\"}}", hostile)).isEqualTo("a? b\t\n");
    assertThat(applied("{{join .Words \"\\n\"}}", hostile)).isEqualTo("x?y\nz");
    assertThat(applied("{{range .Words}}{{.}}{{`\n`}}{{end}}", hostile)).isEqualTo("x?y\nz\n");
    assertThat(applied("{{range $k, $v := .Map}}{{$k}}{{upper $v}}{{end}}", hostile))
        .isEqualTo("k?V?");
    assertThat(applied("{{printf \"%s\\t%s\" .Name (index .Words 0)}}", hostile))
        .isEqualTo("a? b\tx?y");
    assertThat(applied("{{printf .Name}}{{join .Words .Name}}", hostile)).isEqualTo("a? bx?ya? bz");
    assertThat(applied("{{if eq .Name \"a\u001b\\nb\"}}same{{end}}", hostile)).isEqualTo("same");
  }

  @Test
  void jsonDoesNotSteerATerminal() throws Exception {
    String text = "a\u009b\u007f\u202e\u2028\u00e9\ud834\udd73\u001b";
    ObjectNode object = new ObjectMapper().createObjectNode().put(text, text);
    String escaped = "a\\u009B\\u007F\\u202E\\u2028\u00e9\\uD834\\uDD73\\u001B";
    assertThat(Json.line(object)).isEqualTo("{\"" + escaped + "\":\"" + escaped + "\"}");
    assertThat(new ObjectMapper().readTree(Json.pretty(object))).isEqualTo(object);
    assertThat(Json.pretty(object)).contains(escaped).doesNotContain("\u009b");
    assertThat(applied("{{json .}}{{.}}", object)).isEqualTo(Json.line(object).repeat(2));
  }

  @Test
  void nameAsItIsWrittenComesFirst() throws Exception {
    JsonNode labels =
        new ObjectMapper().readTree("{\"l\": {\"my-app\": 1, \"myapp\": 2, \"myApp\": 3}}");
    assertThat(applied("{{.l.myapp}}{{.L.my-app}}{{.l.myApp}}", labels)).isEqualTo("213");
  }

  @Test
  void actionGoesOverLines() throws Exception {
    assertThat(applied("{{if\n.id}}{{\n.id\n}}{{else if\n.a}}{{end}}", row())).isEqualTo("box");
  }

  private static String applied(String format, JsonNode object) {
    return new Template(format).apply(object);
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
        "{{range x := .a}}{{end}}",
        "{{if .a}}x{{else if .id}}y{{else}}z{{else}}{{end}}",
        "{{if .a}}x{{else if .id}}y",
        "{{if eq .a .a}}x{{end}}",
        "{{ne .a.b \"\"}}",
        "{{and}}",
        "{{printf}}",
        "{{printf \"%s\"}}",
        "{{printf \"%x\" .id}}",
        "{{printf \"%999999999s\" .id}}",
        "{{printf \"x\" .id}}"
      })
  void whatThereIsNotIsRefused(String format) {
    assertThatThrownBy(() -> new Template(format).apply(row()))
        .isInstanceOf(RuncibleException.class);
  }
}
