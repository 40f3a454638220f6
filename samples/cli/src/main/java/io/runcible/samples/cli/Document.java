package io.runcible.samples.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Values under their names, one to a line, or as JSON: an object. */
final class Document {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Option(
      names = {"-f", "--format"},
      paramLabel = "FORMAT",
      description = "json, or a text with {{.name}} in it; {{json .}} is all.")
  private @Nullable String format;

  private final Map<String, Object> fields = new LinkedHashMap<>();

  /** Adds a number, a list, a map, or any other thing as text; what is empty is left out. */
  void add(String name, Object value) {
    boolean empty =
        value instanceof Collection<?> list && list.isEmpty()
            || value instanceof Map<?, ?> map && map.isEmpty();
    if (value instanceof Optional<?> optional) {
      optional.ifPresent(present -> add(name, present));
    } else if (!empty) {
      fields.put(name, value);
    }
  }

  /** Says what is wrong with the format, before there is something to print. */
  void check() {
    if (format != null) {
      Template unused = new Template(format);
    }
  }

  /** What was added so far, which is forgotten. */
  JsonNode take() {
    JsonNode taken = MAPPER.valueToTree(fields);
    fields.clear();
    return taken;
  }

  /** Prints several, as JSON: an array. */
  void print(List<JsonNode> all) {
    print(all, format);
  }

  static void print(List<JsonNode> all, @Nullable String format) {
    if (format != null && !format.equals("json")) {
      Template template = new Template(format);
      all.forEach(one -> System.out.println(template.apply(one)));
    } else {
      System.out.println(Json.pretty(MAPPER.<ArrayNode>valueToTree(all)));
    }
  }

  void print() {
    if (format != null && !format.equals("json")) {
      System.out.println(new Template(format).apply(take()));
      return;
    }
    if (json || format != null) {
      System.out.println(Json.pretty(take()));
      return;
    }
    int width = fields.keySet().stream().mapToInt(String::length).max().orElse(0);
    fields.forEach((name, value) -> print(name + ":" + " ".repeat(width - name.length()), value));
  }

  private static void print(String name, Object value) {
    if (value instanceof Collection<?> list) {
      System.out.println(name.strip());
      list.forEach(item -> System.out.println("  " + text(item)));
    } else if (value instanceof Map<?, ?> map) {
      System.out.println(name.strip());
      map.forEach((key, item) -> System.out.println("  " + text(key) + "=" + text(item)));
    } else {
      System.out.println(name + " " + text(value));
    }
  }

  private static String text(Object value) {
    return value instanceof Map<?, ?> row
        ? row.values().stream().map(Document::text).collect(Collectors.joining("  "))
        : Cli.printable(value);
  }
}
