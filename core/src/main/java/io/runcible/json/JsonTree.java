package io.runcible.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.POJONode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Map;

/**
 * Reads and writes trees of nodes as an object mapper does. What is read is at most 200 deep, or as
 * deep as the caller's parser lets it be.
 */
public final class JsonTree {
  private static final int MAX_DEPTH = 200;
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
          .build();
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private JsonTree() {}

  /**
   * Reads the first value of a text, what comes after it does not matter; a missing node if there
   * is none. Of a field that is there twice the last counts.
   *
   * @throws com.fasterxml.jackson.core.JsonProcessingException if it is not JSON
   */
  public static JsonNode read(byte[] raw) throws IOException {
    try (JsonParser parser = FACTORY.createParser(raw)) {
      return parser.nextToken() == null ? MissingNode.getInstance() : value(parser);
    }
  }

  /** The same of a text. */
  public static JsonNode read(String text) throws JsonProcessingException {
    try (JsonParser parser = FACTORY.createParser(text)) {
      return parser.nextToken() == null ? MissingNode.getInstance() : value(parser);
    } catch (JsonProcessingException e) {
      throw e;
    } catch (IOException e) {
      throw new UncheckedIOException("reading from memory failed", e);
    }
  }

  /**
   * Reads a document with nothing after its value, and closes the parser. Numbers with a fraction
   * are read exactly.
   *
   * @throws com.fasterxml.jackson.core.JsonProcessingException if it is not JSON, or the parser
   *     does not want it
   */
  public static JsonNode document(JsonParser parser) throws IOException {
    try (parser) {
      if (parser.nextToken() == null) {
        return MissingNode.getInstance();
      }
      JsonNode document = value(parser, true);
      if (parser.nextToken() != null) {
        throw new JsonParseException(parser, "there is more after the end of the document");
      }
      return document;
    }
  }

  /** A parser of a text of this process or of the host. */
  public static JsonParser parser(byte[] raw) throws IOException {
    return FACTORY.createParser(raw);
  }

  /** A generator without white space. Closing it closes the stream. */
  public static JsonGenerator generator(OutputStream out) throws IOException {
    return FACTORY.createGenerator(out);
  }

  /** Reads the value whose first token the parser is at, to its last. */
  public static JsonNode value(JsonParser parser) throws IOException {
    return value(parser, false);
  }

  private static JsonNode value(JsonParser parser, boolean exact) throws IOException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> object(parser, exact);
      case START_ARRAY -> array(parser, exact);
      case VALUE_STRING -> NODES.textNode(parser.getText());
      case VALUE_NUMBER_INT -> integer(parser);
      case VALUE_NUMBER_FLOAT ->
          // Other formats than JSON have what is no number, and infinities.
          exact && !parser.isNaN()
              ? NODES.numberNode(parser.getDecimalValue())
              : NODES.numberNode(parser.getDoubleValue());
      case VALUE_TRUE -> NODES.booleanNode(true);
      case VALUE_FALSE -> NODES.booleanNode(false);
      case VALUE_NULL -> NODES.nullNode();
      default -> throw new JsonParseException(parser, "no value is here");
    };
  }

  private static ObjectNode object(JsonParser parser, boolean exact) throws IOException {
    ObjectNode object = NODES.objectNode();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      object.set(name, value(parser, exact));
    }
    return object;
  }

  private static ArrayNode array(JsonParser parser, boolean exact) throws IOException {
    ArrayNode array = NODES.arrayNode();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      array.add(value(parser, exact));
    }
    return array;
  }

  private static JsonNode integer(JsonParser parser) throws IOException {
    return switch (parser.getNumberType()) {
      case INT -> NODES.numberNode(parser.getIntValue());
      case LONG -> NODES.numberNode(parser.getLongValue());
      default -> NODES.numberNode(parser.getBigIntegerValue());
    };
  }

  /** The JSON of a tree, without white space, fields in their order. */
  public static String text(JsonNode tree) {
    StringWriter text = new StringWriter();
    try (JsonGenerator generator = FACTORY.createGenerator(text)) {
      write(generator, tree);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  /** Writes a tree. */
  public static void write(JsonGenerator generator, JsonNode tree) throws IOException {
    switch (tree.getNodeType()) {
      case OBJECT -> {
        generator.writeStartObject();
        for (Map.Entry<String, JsonNode> field : tree.properties()) {
          generator.writeFieldName(field.getKey());
          write(generator, field.getValue());
        }
        generator.writeEndObject();
      }
      case ARRAY -> {
        generator.writeStartArray();
        for (JsonNode element : tree) {
          write(generator, element);
        }
        generator.writeEndArray();
      }
      case STRING -> generator.writeString(tree.textValue());
      case NUMBER -> number(generator, tree);
      case BOOLEAN -> generator.writeBoolean(tree.booleanValue());
      case NULL -> generator.writeNull();
      case POJO -> ((RawValue) ((POJONode) tree).getPojo()).serialize(generator);
      default -> throw new IllegalArgumentException(tree.getNodeType() + " is no JSON");
    }
  }

  private static void number(JsonGenerator generator, JsonNode number) throws IOException {
    switch (number.numberType()) {
      case INT, LONG -> generator.writeNumber(number.longValue());
      case BIG_INTEGER -> generator.writeNumber(number.bigIntegerValue());
      case BIG_DECIMAL -> generator.writeNumber(number.decimalValue());
      default -> generator.writeNumber(number.doubleValue());
    }
  }
}
