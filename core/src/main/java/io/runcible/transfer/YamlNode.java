package io.runcible.transfer;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A piece of a YAML document, all of whose scalars are text: a tag 1.10 is not a number. Anchors,
 * aliases and keys that come twice are refused. Every failure names the file and the line.
 */
final class YamlNode {
  private static final int MAX_DEPTH = 16;

  private final String place;
  private final String text;
  private final boolean isText;
  private final Map<String, YamlNode> fields = new LinkedHashMap<>();
  private final List<YamlNode> items = new ArrayList<>();
  private boolean isMap;

  private YamlNode(String place, String text, boolean isText) {
    this.place = place;
    this.text = text;
    this.isText = isText;
  }

  /**
   * Reads a document.
   *
   * @param name of the file, for messages
   */
  static YamlNode parse(String document, String name) {
    try (YAMLParser parser = new YAMLFactory().createParser(document)) {
      if (parser.nextToken() == null) {
        throw new RuncibleException(ErrorKind.INVALID_INPUT, name + " is empty");
      }
      YamlNode root = read(parser, name, 0);
      if (parser.nextToken() != null) {
        throw invalid(place(parser, name), "there is more than one document");
      }
      return root;
    } catch (JsonProcessingException e) {
      String line = e.getLocation() == null ? "" : ", line " + e.getLocation().getLineNr();
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, name + line + ": not YAML: " + firstLine(e), e);
    } catch (IOException e) {
      throw new RuncibleException(ErrorKind.INVALID_INPUT, name + " is not YAML", e);
    }
  }

  private static String firstLine(JsonProcessingException e) {
    return e.getOriginalMessage().lines().findFirst().orElse("");
  }

  private static String place(JsonParser parser, String name) {
    return name + ", line " + parser.currentTokenLocation().getLineNr();
  }

  private static YamlNode read(YAMLParser parser, String name, int depth) throws IOException {
    String place = place(parser, name);
    if (parser.isCurrentAlias() || parser.getObjectId() != null) {
      throw invalid(place, "anchors and aliases are not read");
    }
    if (depth == MAX_DEPTH) {
      throw invalid(place, "nested more than " + MAX_DEPTH + " deep");
    }
    JsonToken token = parser.currentToken();
    if (token == JsonToken.START_OBJECT) {
      return readMap(parser, name, depth, new YamlNode(place, "", false));
    }
    if (token == JsonToken.START_ARRAY) {
      YamlNode node = new YamlNode(place, "", false);
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        node.items.add(read(parser, name, depth + 1));
      }
      return node;
    }
    boolean isNull = token == JsonToken.VALUE_NULL;
    return new YamlNode(place, isNull ? "" : parser.getText(), !isNull);
  }

  private static YamlNode readMap(YAMLParser parser, String name, int depth, YamlNode node)
      throws IOException {
    node.isMap = true;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      String place = place(parser, name);
      parser.nextToken();
      if (node.fields.put(key, read(parser, name, depth + 1)) != null) {
        throw invalid(place, "'" + key + "' comes twice");
      }
    }
    return node;
  }

  private static RuncibleException invalid(String place, String reason) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, place + ": " + reason);
  }

  RuncibleException invalid(String reason) {
    return invalid(place, reason);
  }

  /** Names with values, in order; none for a value that is left out. */
  Map<String, YamlNode> fields() {
    if (!isMap && (isText || !items.isEmpty())) {
      throw invalid("here should be names with values");
    }
    return fields;
  }

  /** The same, of which only these names may be there. */
  Map<String, YamlNode> fields(Set<String> known) {
    fields()
        .forEach(
            (name, value) -> {
              if (!known.contains(name)) {
                throw value.invalid("'" + name + "' is unknown here");
              }
            });
    return fields;
  }

  /** The items of a list; none for a value that is left out. */
  List<YamlNode> items() {
    if (isMap || isText) {
      throw invalid("here should be a list");
    }
    return items;
  }

  String text() {
    if (!isText) {
      throw invalid("here should be text");
    }
    return text;
  }

  boolean flag() {
    return switch (text()) {
      case "true" -> true;
      case "false" -> false;
      default -> throw invalid("here should be true or false, not '" + text + "'");
    };
  }
}
