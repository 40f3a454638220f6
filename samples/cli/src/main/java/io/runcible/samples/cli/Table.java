package io.runcible.samples.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Option;

/** Rows under titles, or as JSON: an array of objects whose keys are the titles. */
final class Table {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  private List<String> titles = List.of();
  private final List<List<String>> rows = new ArrayList<>();

  Table titles(String... titles) {
    this.titles = List.of(titles);
    return this;
  }

  void row(Object... cells) {
    List<String> row = new ArrayList<>();
    for (Object cell : cells) {
      row.add(cell.toString());
    }
    rows.add(row);
  }

  void print() {
    if (json) {
      ArrayNode array = JSON.createArrayNode();
      for (List<String> row : rows) {
        ObjectNode object = array.addObject();
        for (int i = 0; i < titles.size(); i++) {
          object.put(titles.get(i).toLowerCase(Locale.ROOT), row.get(i));
        }
      }
      System.out.println(array.toPrettyString());
      return;
    }
    print(titles);
    rows.forEach(this::print);
  }

  private void print(List<String> row) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < row.size(); i++) {
      int column = i;
      int width =
          Math.max(
              titles.get(i).length(),
              rows.stream().mapToInt(r -> r.get(column).length()).max().orElse(0));
      line.append(row.get(i)).append(" ".repeat(width - row.get(i).length() + 2));
    }
    System.out.println(line.toString().stripTrailing());
  }
}
