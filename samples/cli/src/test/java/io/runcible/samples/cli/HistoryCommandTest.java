package io.runcible.samples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

class HistoryCommandTest {
  @Test
  void whatIsNotSaidIsEmpty() throws Exception {
    JsonNode entry = new ObjectMapper().readTree("{\"comment\": null, \"created_by\": \"x\"}");
    assertThat(HistoryCommand.text(entry, "comment")).isEmpty();
    assertThat(HistoryCommand.text(entry, "created")).isEmpty();
    assertThat(HistoryCommand.text(entry, "created_by")).isEqualTo("x");
  }
}
