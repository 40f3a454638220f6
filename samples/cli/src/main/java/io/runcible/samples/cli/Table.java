package io.runcible.samples.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Rows under titles, or as JSON: an array of objects whose keys are the titles. */
final class Table {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "json, or a text with {{.TITLE}} in it, a line for each row.")
  private @Nullable String format;

  @Option(
      names = {"--noheading", "--no-heading"},
      description = "Print no titles.")
  private boolean noHeading;

  private List<String> titles = List.of();
  private int shown;
  private final List<List<Object>> rows = new ArrayList<>();

  Table titles(String... titles) {
    this.titles = List.of(titles);
    shown = titles.length;
    return this;
  }

  /** Titles that rows have besides, for other forms than the plain one. */
  Table further(String... more) {
    titles = Stream.concat(titles.stream(), Stream.of(more)).toList();
    return this;
  }

  /** Numbers and flags are such in JSON, too; all else is text. */
  void row(Object... cells) {
    rows.add(List.of(cells));
  }

  boolean isJson() {
    return json || "json".equals(format);
  }

  /** Whether no other form was asked for. */
  boolean isPlain() {
    return !json && format == null;
  }

  /** The first cells alone. */
  void printFirst() {
    rows.forEach(row -> System.out.println(Cli.printable(row.get(0))));
  }

  /** Forgets the rows. */
  void clear() {
    rows.clear();
  }

  void print() {
    if (isJson()) {
      System.out.println(Json.pretty(json()));
      return;
    }
    if (format != null) {
      Template template = new Template(format);
      json().forEach(row -> System.out.println(template.apply(row)));
      return;
    }
    List<List<String>> lines = new ArrayList<>();
    if (!noHeading) {
      lines.add(titles);
    }
    rows.forEach(row -> lines.add(row.stream().map(Cli::printable).toList()));
    int[] widths = new int[shown];
    for (List<String> line : lines) {
      Arrays.setAll(widths, column -> Math.max(widths[column], line.get(column).length()));
    }
    lines.forEach(line -> print(line, widths));
  }

  private ArrayNode json() {
    ArrayNode array = MAPPER.createArrayNode();
    for (List<Object> row : rows) {
      ObjectNode object = array.addObject();
      for (int i = 0; i < titles.size(); i++) {
        Object cell = row.get(i);
        boolean plain = cell instanceof Number || cell instanceof Boolean;
        object.set(
            titles.get(i).toLowerCase(Locale.ROOT),
            plain ? MAPPER.valueToTree(cell) : MAPPER.valueToTree(cell.toString()));
      }
    }
    return array;
  }

  private static void print(List<String> cells, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int column = 0; column < widths.length; column++) {
      String cell = cells.get(column);
      line.append(cell).append(" ".repeat(widths[column] - cell.length() + 2));
    }
    System.out.println(line.toString().stripTrailing());
  }
}
