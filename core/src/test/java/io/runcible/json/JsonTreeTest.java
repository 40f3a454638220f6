package io.runcible.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTreeTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\":[1,-2,{\"b\":null}],\"c\":\"\\u00e9\\n\\\"\",\"d\":{}}",
        "{\"a\":1,\"a\":2}",
        "[3000000000,123456789012345678901234567890,1.5,-1e3,true,false,[]]",
        "null",
        "\"text\"",
        "",
        "{} {}",
      })
  void readsAndWritesAsAnObjectMapperDoes(String text) throws Exception {
    ObjectMapper mapper = new ObjectMapper();

    assertThat(JsonTree.read(text)).isEqualTo(mapper.readTree(text));
    assertThat(JsonTree.read(text.getBytes(UTF_8))).isEqualTo(mapper.readTree(text));
    if (!text.isEmpty()) {
      assertThat(JsonTree.text(JsonTree.read(text))).isEqualTo(mapper.readTree(text).toString());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"a\":", "[1,", "{\"a\" 1}", "nul", "[1]]x", "{]"})
  void refusesWhatIsNoDocument(String text) {
    assertThatExceptionOfType(JsonProcessingException.class)
        .isThrownBy(() -> JsonTree.document(JsonTree.parser(text.getBytes(UTF_8))));
  }

  @Test
  void refusesMoreDepthThanTheParserDoes() {
    assertThatExceptionOfType(JsonProcessingException.class)
        .isThrownBy(() -> JsonTree.read("[".repeat(100_000)));
  }

  @Test
  void documentHasNothingAfterItAndKeepsItsFractions() throws Exception {
    assertThat(JsonTree.text(JsonTree.document(JsonTree.parser("[1.50,0.10]".getBytes(UTF_8)))))
        .isEqualTo("[1.50,0.10]");
    assertThatExceptionOfType(JsonProcessingException.class)
        .isThrownBy(() -> JsonTree.document(JsonTree.parser("{} {}".getBytes(UTF_8))));
  }

  @Test
  void rawValueIsWrittenAsItIs() {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    tree.putRawValue("a", new RawValue("[1, 2]"));

    assertThat(JsonTree.text(tree)).isEqualTo("{\"a\":[1, 2]}");
  }
}
