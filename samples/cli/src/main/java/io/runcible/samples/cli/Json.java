package io.runcible.samples.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** JSON that cannot steer a terminal, whatever is in it. */
final class Json {
  /** What Jackson writes as it is; where it stands is always inside of a text. */
  private static final Pattern STEERING = Pattern.compile("[\\x7f-\\x9f\\p{Cf}\\u2028\\u2029]");

  private Json() {}

  static String line(JsonNode value) {
    return escaped(value.toString());
  }

  static String pretty(JsonNode value) {
    return escaped(value.toPrettyString());
  }

  private static String escaped(String json) {
    return STEERING.matcher(json).replaceAll(Json::escape);
  }

  private static String escape(MatchResult found) {
    return found
        .group()
        .chars()
        .mapToObj(unit -> String.format("\\\\u%04X", unit))
        .collect(Collectors.joining());
  }
}
