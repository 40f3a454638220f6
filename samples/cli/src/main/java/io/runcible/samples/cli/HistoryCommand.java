package io.runcible.samples.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Tells what made an image. */
@Command(name = "history", description = "Tell what made an image of the store, the last first.")
final class HistoryCommand extends EngineCommand {
  private static final int SHOWN = 60;

  @Mixin private Table table = new Table();

  @Option(names = "--no-trunc", description = "Print the whole of what made a layer.")
  private boolean whole;

  @Parameters(paramLabel = "IMAGE")
  private String name = "";

  @Override
  int run(ContainerEngine engine) throws IOException {
    Image image =
        engine
            .images()
            .find(name)
            .orElseThrow(
                () ->
                    new RuncibleException(
                        ErrorKind.NOT_FOUND, "there is no image '" + name + "' here"));
    table.titles("CREATED", "CREATED-BY", "BYTES", "COMMENT");
    JsonNode history = new ObjectMapper().readTree(image.config().raw()).path("history");
    rows(history, image.manifest().layers()).forEach(table::row);
    table.print();
    return 0;
  }

  /** Where the history does not fit the layers, it is not known which is of which. */
  private Deque<Object[]> rows(JsonNode history, List<Descriptor> layers) {
    Deque<Object[]> rows = new ArrayDeque<>();
    Iterator<Descriptor> left = layers.iterator();
    for (JsonNode entry : history) {
      boolean layer = !entry.path("empty_layer").asBoolean();
      rows.push(
          new Object[] {
            text(entry, "created"),
            shortened(text(entry, "created_by")),
            layer && left.hasNext() ? left.next().size() : 0,
            text(entry, "comment")
          });
    }
    while (left.hasNext()) {
      rows.push(new Object[] {"", "", left.next().size(), ""});
    }
    return rows;
  }

  /** Empty if it is not there, or null. */
  static String text(JsonNode entry, String field) {
    return entry.path(field).asText("");
  }

  private String shortened(String text) {
    return whole || !table.isPlain() || text.length() <= SHOWN
        ? text
        : text.substring(0, SHOWN - 1) + "…";
  }
}
