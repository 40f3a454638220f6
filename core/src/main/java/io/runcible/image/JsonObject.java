package io.runcible.image;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.json.JsonTree;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object of a hostile document, with typed access. Every failure is INVALID_INPUT and names
 * the document and the field. A field that is {@code null} counts as absent, as writers in Go
 * produce both.
 */
final class JsonObject {
  private static final int MAX_NESTING = 64;

  /** A tree of many small values takes a multiple of its text; no real document has so many. */
  private static final int MAX_TOKENS = 500_000;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_NESTING)
                  .maxTokenCount(MAX_TOKENS)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private final ObjectNode node;
  private final String where;

  private JsonObject(ObjectNode node, String where) {
    this.node = node;
    this.where = where;
  }

  /**
   * Reads a document: strict UTF-8, one object, no field twice, nothing after it.
   *
   * @param what the kind of document, for messages
   */
  static JsonObject parse(byte[] raw, int maxSize, String what) {
    if (raw.length > maxSize) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the " + what + " has " + raw.length + " bytes; at most " + maxSize + " are read");
    }
    try {
      // Jackson would also accept UTF-16 and a byte order mark, which other readers do not.
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(raw)).toString();
      if (JsonTree.document(FACTORY.createParser(text)) instanceof ObjectNode object) {
        return new JsonObject(object, what);
      }
      throw new RuncibleException(ErrorKind.INVALID_INPUT, "the " + what + " is not a JSON object");
    } catch (CharacterCodingException e) {
      throw new RuncibleException(ErrorKind.INVALID_INPUT, "the " + what + " is not UTF-8", e);
    } catch (JsonProcessingException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the " + what + " is not valid JSON: " + Shown.of(e.getOriginalMessage()),
          e);
    } catch (IOException e) {
      throw new IllegalStateException("reading from memory failed", e);
    }
  }

  static ObjectNode newNode() {
    return JsonNodeFactory.instance.objectNode();
  }

  /** Writes an object with sorted fields and no white space, so that equal objects are equal. */
  static byte[] write(ObjectNode node) {
    try {
      return Sorted.MAPPER.writeValueAsBytes(node);
    } catch (JsonProcessingException e) {
      throw new RuncibleException(ErrorKind.INTERNAL, "cannot write JSON", e);
    }
  }

  /** Made for the first document that is written. */
  private static final class Sorted {
    static final JsonMapper MAPPER =
        JsonMapper.builder().enable(JsonNodeFeature.WRITE_PROPERTIES_SORTED).build();
  }

  /** A copy of the tree, to change. */
  ObjectNode copyOfNode() {
    return node.deepCopy();
  }

  boolean has(String field) {
    return node.hasNonNull(field);
  }

  Optional<String> string(String field) {
    JsonNode value = present(field);
    return value == null ? Optional.empty() : Optional.of(text(value, field));
  }

  String requiredString(String field) {
    return text(required(field), field);
  }

  /** A required whole number that fits a {@code long}. */
  long requiredLong(String field) {
    JsonNode value = required(field);
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw invalid(field, "is not a whole number of 64 bits");
    }
    return value.longValue();
  }

  Optional<JsonObject> object(String field) {
    JsonNode value = present(field);
    return value == null ? Optional.empty() : Optional.of(object(value, where + "." + field));
  }

  JsonObject objectOrEmpty(String field) {
    JsonNode value = present(field);
    return value == null ? new JsonObject(newNode(), field) : object(value, where + "." + field);
  }

  JsonObject requiredObject(String field) {
    return object(required(field), where + "." + field);
  }

  /** The objects of an array, none when it is absent. */
  List<JsonObject> objects(String field, int max) {
    List<JsonObject> objects = new ArrayList<>();
    for (JsonNode element : array(field)) {
      if (objects.size() == max) {
        throw invalid(field, "has more than " + max + " elements");
      }
      objects.add(object(element, where + "." + field + "[" + objects.size() + "]"));
    }
    return objects;
  }

  /** The strings of an array, none when it is absent; unmodifiable. */
  List<String> strings(String field) {
    List<String> strings = new ArrayList<>();
    for (JsonNode element : array(field)) {
      strings.add(text(element, field));
    }
    return Collections.unmodifiableList(strings);
  }

  /** An object that maps names to strings, empty when it is absent; unmodifiable, in order. */
  Map<String, String> stringMap(String field) {
    Map<String, String> map = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : objectOrEmpty(field).node.properties()) {
      map.put(entry.getKey(), text(entry.getValue(), field));
    }
    return Collections.unmodifiableMap(map);
  }

  /** The names in an object that serves as a set, empty when it is absent; unmodifiable. */
  Set<String> names(String field) {
    Set<String> names = new LinkedHashSet<>();
    for (Map.Entry<String, JsonNode> entry : objectOrEmpty(field).node.properties()) {
      names.add(entry.getKey());
    }
    return Collections.unmodifiableSet(names);
  }

  RuncibleException invalid(String field, String reason) {
    return new RuncibleException(
        ErrorKind.INVALID_INPUT, "the field '" + field + "' of the " + where + " " + reason);
  }

  private @Nullable JsonNode present(String field) {
    JsonNode value = node.get(field);
    return value == null || value.isNull() ? null : value;
  }

  private JsonNode required(String field) {
    JsonNode value = present(field);
    if (value == null) {
      throw invalid(field, "is missing");
    }
    return value;
  }

  private Iterable<JsonNode> array(String field) {
    JsonNode value = present(field);
    if (value == null) {
      return List.of();
    }
    if (!value.isArray()) {
      throw invalid(field, "is not an array");
    }
    return value;
  }

  private String text(JsonNode value, String field) {
    if (!value.isTextual()) {
      throw invalid(field, "is not text where text should be");
    }
    return value.textValue();
  }

  private JsonObject object(JsonNode value, String path) {
    if (value instanceof ObjectNode object) {
      return new JsonObject(object, path);
    }
    throw new RuncibleException(
        ErrorKind.INVALID_INPUT, "the field '" + path + "' is not an object");
  }
}
