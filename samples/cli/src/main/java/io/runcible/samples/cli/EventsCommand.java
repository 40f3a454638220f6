package io.runcible.samples.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.EngineEvent;
import io.runcible.engine.EventFilter;
import io.runcible.engine.EventStream;
import io.runcible.engine.ExitStatus;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Tells what happens to containers. */
@Command(
    name = "events",
    description =
        "Tell what happens to detached containers from now on, a line each, until interrupted:"
            + " that one ended or ran out of memory, or that its health changed. What other"
            + " processes do to them is told by what comes of it.",
    mixinStandardHelpOptions = true)
final class EventsCommand implements Callable<Integer> {
  /** How often to look for containers that other processes have made. */
  private static final Duration LOOK = Duration.ofSeconds(1);

  /** By the names that the other engines have for them. */
  private static final Map<String, Class<? extends EngineEvent>> TYPES = new LinkedHashMap<>();

  static {
    TYPES.put("create", EngineEvent.Created.class);
    TYPES.put("start", EngineEvent.Started.class);
    TYPES.put("died", EngineEvent.Ended.class);
    TYPES.put("oom", EngineEvent.OutOfMemory.class);
    TYPES.put("pause", EngineEvent.Paused.class);
    TYPES.put("unpause", EngineEvent.Resumed.class);
    TYPES.put("health_status", EngineEvent.HealthChanged.class);
    TYPES.put("rename", EngineEvent.Renamed.class);
    TYPES.put("update", EngineEvent.Updated.class);
    TYPES.put("exec", EngineEvent.ExecStarted.class);
    TYPES.put("exec_died", EngineEvent.ExecEnded.class);
    TYPES.put("remove", EngineEvent.Removed.class);
  }

  @Mixin private EngineOptions options = new EngineOptions();

  @Option(
      names = {"-f", "--filter"},
      paramLabel = "KEY=VALUE",
      description =
          "container=ID, image=NAME, label=KEY[=VALUE], or event=NAME, of died, oom, health_status"
              + " and so on; several events mean any of them.")
  private List<String> filters = List.of();

  @Option(names = "--format", paramLabel = "json", description = "json: an object to a line.")
  private @Nullable String format;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "Not supported: nobody is there to keep events.")
  private @Nullable String since;

  @Option(
      names = "--until",
      paramLabel = "TIME",
      description = "End at a time, or after so long, such as 10m. Default: never.")
  private @Nullable String until;

  private final Set<String> said = new HashSet<>();

  @Override
  public Integer call() {
    if (since != null) {
      throw new RuncibleException(
          ErrorKind.UNSUPPORTED,
          "events --since is not supported: there is no daemon that could keep events, so they are"
              + " told from now on; `inspect` has when a container was made, started and ended");
    }
    boolean json = isJson();
    EventFilter filter = filter(filters);
    Instant end = until == null ? Instant.MAX : Durations.end(until);
    try (ContainerEngine engine = options.open()) {
      look(engine); // What ended before is none of it.
      try (EventStream events = engine.events(filter)) {
        while (Instant.now().isBefore(end)) {
          Optional<EngineEvent> next = events.next(wait(end));
          while (next.isPresent()) {
            print(System.out, next.get(), json);
            next = events.next(Duration.ZERO);
          }
          look(engine);
        }
      }
    }
    return 0;
  }

  private static Duration wait(Instant end) {
    Instant look = Instant.now().plus(LOOK);
    return look.isBefore(end) ? LOOK : Duration.between(Instant.now(), end);
  }

  /** Hears of those that it finds. A damaged record, which is said once, keeps it from no other. */
  private void look(ContainerEngine engine) {
    try {
      engine.list();
    } catch (RuncibleException e) {
      if (said.add(String.valueOf(e.getMessage()))) {
        Cli.report(e);
      }
    }
  }

  private boolean isJson() {
    if (format != null && !format.equals("json")) {
      throw invalid("'" + format + "' is no format of events, but json is");
    }
    return format != null;
  }

  static EventFilter filter(List<String> texts) {
    EventFilter filter = EventFilter.all();
    boolean container = false;
    for (String text : texts) {
      int equals = text.indexOf('=');
      String key = equals < 0 ? text : text.substring(0, equals);
      String value = text.substring(equals + 1);
      switch (key) {
        case "container" -> {
          if (container) {
            throw invalid("events can be those of one container, or of all");
          }
          container = true;
          filter = filter.container(value);
        }
        case "event" -> filter = filter.type(type(value));
        case "image" -> filter = filter.image(value);
        case "label" -> filter = Filters.label(value, filter::label, filter::label);
        case "type" -> {
          if (!value.equals("container")) {
            throw invalid("there are events of containers here, not of type '" + value + "'");
          }
        }
        default ->
            throw invalid(
                "events have no filter '" + text + "', but container, event, image, label, type");
      }
    }
    return filter;
  }

  private static Class<? extends EngineEvent> type(String name) {
    Class<? extends EngineEvent> type = TYPES.get(name.equals("die") ? "died" : name);
    if (type == null) {
      throw invalid("there is no event '" + name + "', but " + String.join(", ", TYPES.keySet()));
    }
    return type;
  }

  private static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }

  static void print(PrintStream out, EngineEvent event, boolean json) {
    ObjectNode line = new ObjectMapper().createObjectNode();
    line.put("time", event.time().toString());
    line.put("event", name(event));
    line.put("container", event.container());
    details(event).forEach(line::put);
    if (json) {
      out.println(Json.line(line));
    } else {
      StringBuilder text = new StringBuilder();
      line.properties()
          .forEach(
              field -> {
                boolean plain =
                    text.length() == 0 || List.of("event", "container").contains(field.getKey());
                text.append(text.length() == 0 ? "" : " ")
                    .append(plain ? "" : field.getKey() + "=")
                    .append(Cli.printable(field.getValue().asText()));
              });
      out.println(text);
    }
    out.flush();
  }

  private static String name(EngineEvent event) {
    return TYPES.entrySet().stream()
        .filter(type -> type.getValue().equals(event.getClass()))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse(event.getClass().getSimpleName());
  }

  private static Map<String, String> details(EngineEvent event) {
    Map<String, String> details = new LinkedHashMap<>();
    if (event instanceof EngineEvent.Created created) {
      details.put("image", created.image());
    } else if (event instanceof EngineEvent.Started started) {
      details.put("restarts", String.valueOf(started.restarts()));
    } else if (event instanceof EngineEvent.Ended ended) {
      status(details, ended.status());
    } else if (event instanceof EngineEvent.HealthChanged health) {
      details.put("health", health.status().name().toLowerCase(Locale.ROOT));
    } else if (event instanceof EngineEvent.Renamed renamed) {
      details.put("name", renamed.name());
    } else if (event instanceof EngineEvent.ExecStarted exec) {
      details.put("exec", exec.exec());
      details.put("command", String.join(" ", exec.command()));
    } else if (event instanceof EngineEvent.ExecEnded exec) {
      details.put("exec", exec.exec());
      status(details, exec.status());
    }
    return details;
  }

  private static void status(Map<String, String> details, Optional<ExitStatus> status) {
    status.ifPresent(
        ended -> {
          details.put("exit", String.valueOf(ended.code()));
          if (ended.outOfMemory()) {
            details.put("oom", "true");
          }
        });
  }
}
