package io.runcible.samples.embedding;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.EngineCounts;
import java.io.IOException;
import java.util.Locale;

/**
 * What the engine counts, in Prometheus's text format. With Micrometer, {@code
 * io.runcible.metrics.ContainerEngineMetrics} binds all of it to a registry.
 */
final class Metrics implements HttpHandler {
  private final ContainerEngine engine;
  private final Container service;

  Metrics(ContainerEngine engine, Container service) {
    this.engine = engine;
    this.service = service;
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    StringBuilder text = new StringBuilder();
    EngineCounts counts = engine.counts();
    counts
        .completed()
        .forEach(
            (operation, count) ->
                line(text, "runcible_operations_total{operation=\"" + operation + "\"}", count));
    counts
        .failed()
        .forEach(
            (operation, kinds) ->
                kinds.forEach(
                    (kind, count) -> {
                      String labels =
                          "operation=\"" + operation + "\",kind=\"" + lower(kind) + "\"";
                      line(text, "runcible_failures_total{" + labels + "}", count);
                    }));
    line(text, "runcible_pulled_bytes_total", counts.pulledBytes());
    line(text, "runcible_containers", engine.list().size());
    if (service.isRunning()) {
      service
          .stats()
          .usage()
          .memory()
          .ifPresent(bytes -> line(text, "runcible_service_memory_bytes", bytes));
    }
    Builds.answer(exchange, 200, text.toString());
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  private static void line(StringBuilder text, String name, long value) {
    text.append(name).append(' ').append(value).append('\n');
  }
}
