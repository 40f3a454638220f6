package io.runcible.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.json.JsonTree;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Optional;

/** Reads JSON that others wrote. Errors do not quote the text, which may hold a secret. */
final class Json {
  private static final int MAX_NESTING = 32;

  /** A tree of many small values takes a multiple of its text. */
  private static final int MAX_TOKENS = 600_000;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_NESTING)
                  .maxTokenCount(MAX_TOKENS)
                  .build())
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .build();

  private Json() {}

  static ObjectNode newObject() {
    return JsonNodeFactory.instance.objectNode();
  }

  /**
   * An object in several lines, as Docker and podman write it, so that a file differs in what was
   * changed only.
   */
  static byte[] pretty(ObjectNode object) {
    DefaultIndenter tabs = new DefaultIndenter("\t", "\n");
    ByteArrayOutputStream pretty = new ByteArrayOutputStream();
    try (JsonGenerator generator = FACTORY.createGenerator(pretty)) {
      generator.setPrettyPrinter(
          new DefaultPrettyPrinter(
                  Separators.createDefaultInstance()
                      .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                      .withObjectEmptySeparator("")
                      .withArrayEmptySeparator(""))
              .withObjectIndenter(tabs)
              .withArrayIndenter(tabs));
      JsonTree.write(generator, object);
    } catch (IOException e) {
      throw new IllegalStateException("writing to memory failed", e);
    }
    return pretty.toByteArray();
  }

  /** A parser with the limits of what others wrote. */
  static JsonParser parser(byte[] raw) throws IOException {
    return FACTORY.createParser(raw);
  }

  /** Reads one object; empty when the bytes are not one. */
  static Optional<ObjectNode> object(byte[] raw) {
    try {
      return JsonTree.document(parser(raw)) instanceof ObjectNode object
          ? Optional.of(object)
          : Optional.empty();
    } catch (IOException e) {
      // Also of an encoding that is none.
      return Optional.empty();
    }
  }

  static byte[] write(ObjectNode object) {
    return JsonTree.text(object).getBytes(UTF_8);
  }

  /** The text of a field; empty when it is absent, not text, or has no character. */
  static Optional<String> text(JsonNode object, String field) {
    return Optional.ofNullable(object.get(field))
        .map(JsonNode::textValue)
        .filter(text -> !text.isEmpty());
  }
}
