package io.runcible.samples.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Option;

/** Rows under titles, or as JSON: an array of objects whose keys are the titles. */
final class Table {
  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  private List<String> titles = List.of();
  private final List<List<Object>> rows = new ArrayList<>();

  Table titles(String... titles) {
    this.titles = List.of(titles);
    return this;
  }

  /** Numbers and flags are such in JSON, too; all else is text. */
  void row(Object... cells) {
    rows.add(List.of(cells));
  }

  boolean isJson() {
    return json;
  }

  void print() {
    if (json) {
      System.out.println(json().toPrettyString());
      return;
    }
    List<List<String>> lines = new ArrayList<>();
    lines.add(titles);
    rows.forEach(row -> lines.add(row.stream().map(Cli::printable).toList()));
    int[] widths = new int[titles.size()];
    for (List<String> line : lines) {
      Arrays.setAll(widths, column -> Math.max(widths[column], line.get(column).length()));
    }
    lines.forEach(line -> print(line, widths));
  }

  private ArrayNode json() {
    ArrayNode array = new ObjectMapper().createArrayNode();
    for (List<Object> row : rows) {
      ObjectNode object = array.addObject();
      for (int i = 0; i < titles.size(); i++) {
        Object cell = row.get(i);
        boolean plain = cell instanceof Number || cell instanceof Boolean;
        object.putPOJO(titles.get(i).toLowerCase(Locale.ROOT), plain ? cell : cell.toString());
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
