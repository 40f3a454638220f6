package io.runcible.samples.cli;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerFilter;
import io.runcible.engine.ContainerState;
import io.runcible.engine.Health;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The words after {@code --filter}. */
final class Filters {
  private static final String CONTAINERS =
      "id, name, label, status, ancestor, network, volume, health, exited, before, since, until";

  private Filters() {}

  /** Each is KEY=VALUE. */
  static List<Map.Entry<String, String>> split(List<String> texts) {
    List<Map.Entry<String, String>> filters = new ArrayList<>();
    for (String text : texts) {
      int equals = text.indexOf('=');
      if (equals < 1 || equals == text.length() - 1) {
        throw invalid("the filter '" + text + "' is not KEY=VALUE");
      }
      filters.add(Map.entry(text.substring(0, equals), text.substring(equals + 1)));
    }
    return filters;
  }

  /** KEY is for any value, KEY=VALUE for that one. */
  static <F> F label(
      String text, Function<String, F> anyValue, BiFunction<String, String, F> oneValue) {
    int equals = text.indexOf('=');
    return equals < 0
        ? anyValue.apply(text)
        : oneValue.apply(text.substring(0, equals), text.substring(equals + 1));
  }

  /**
   * Which containers are meant.
   *
   * @param engine knows those that others are compared with
   */
  static ContainerFilter containers(ContainerEngine engine, List<String> texts) {
    ContainerFilter filter = ContainerFilter.all();
    Set<String> single = new HashSet<>();
    Set<ContainerState> states = EnumSet.noneOf(ContainerState.class);
    for (Map.Entry<String, String> rule : split(texts)) {
      String key = rule.getKey();
      if (key.equals("status")) {
        states.add(state(rule.getValue()));
      } else if (!key.equals("label") && !single.add(key)) {
        throw invalid("the filter '" + key + "' is there twice");
      } else {
        filter = with(filter, engine, key, rule.getValue());
      }
    }
    return states.isEmpty()
        ? filter
        : filter.state(states.iterator().next(), states.toArray(ContainerState[]::new));
  }

  private static ContainerFilter with(
      ContainerFilter filter, ContainerEngine engine, String key, String value) {
    return switch (key) {
      case "id" -> filter.id(value);
      case "name" -> filter.name(value);
      case "label" -> label(value, filter::label, filter::label);
      case "ancestor" -> filter.ancestor(value);
      case "network" -> filter.network(value);
      case "volume" -> filter.volume(value);
      case "health" -> filter.health(health(value));
      case "exited" -> filter.exited(number(value));
      case "before" -> filter.createdBefore(Containers.require(engine, value).created());
      case "since" -> filter.createdAfter(Containers.require(engine, value).created());
      case "until" -> filter.createdBefore(Durations.time(value));
      default -> throw unknown(key, CONTAINERS);
    };
  }

  static ContainerState state(String text) {
    return switch (text) {
      case "created", "initialized" -> ContainerState.CREATED;
      case "starting" -> ContainerState.STARTING;
      case "running" -> ContainerState.RUNNING;
      case "paused" -> ContainerState.PAUSED;
      case "restarting" -> ContainerState.RESTARTING;
      case "exited", "stopped" -> ContainerState.STOPPED;
      default ->
          throw invalid(
              "there is no status '"
                  + text
                  + "', but created, starting, running, paused, restarting and exited");
    };
  }

  private static Health.Status health(String text) {
    try {
      return Health.Status.valueOf(text.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new RuncibleException(ErrorKind.INVALID_INPUT, "there is no health '" + text + "'", e);
    }
  }

  private static int number(String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new RuncibleException(ErrorKind.INVALID_INPUT, "'" + text + "' is no exit code", e);
    }
  }

  /** Labels as KEY=VALUE with commas, in their order. */
  static String joined(Map<String, String> labels) {
    return labels.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(Object::toString)
        .collect(Collectors.joining(","));
  }

  /** Whether there is a label of KEY, or KEY=VALUE. */
  static boolean hasLabel(Map<String, String> labels, String text) {
    return label(text, labels::containsKey, (key, value) -> value.equals(labels.get(key)));
  }

  /** The value of a flag. */
  static boolean flag(Map.Entry<String, String> filter) {
    return switch (filter.getValue()) {
      case "true", "1" -> true;
      case "false", "0" -> false;
      default ->
          throw invalid(
              "the filter '"
                  + filter.getKey()
                  + "' is true or false, not '"
                  + filter.getValue()
                  + "'");
    };
  }

  static RuncibleException unknown(String key, String known) {
    return invalid("there is no filter '" + key + "', but " + known);
  }

  static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }
}
