package io.runcible.samples.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Values under their names, one to a line, or as JSON: an object. */
final class Document {
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

  void print() {
    if (format != null && !format.equals("json")) {
      System.out.println(new Template(format).apply(new ObjectMapper().valueToTree(fields)));
      return;
    }
    if (json || format != null) {
      try {
        System.out.println(
            new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(fields));
      } catch (JsonProcessingException e) {
        throw new UncheckedIOException(e);
      }
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
