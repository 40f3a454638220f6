package io.runcible.junit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/**
 * A value in a Compose file: nothing, a text, a list or a map.
 *
 * @param place such as {@code services.db.ports}, for messages
 */
record ComposeNode(
    String place, @Nullable Object value, Function<String, @Nullable String> variables) {
  /** {@code $$}, {@code $NAME}, and {@code ${NAME}} with {@code :-default} or {@code -default}. */
  private static final Pattern VARIABLE =
      Pattern.compile("\\$(?:(\\$)|([A-Za-z_]\\w*)|\\{([A-Za-z_]\\w*)(?:(:?-)([^}]*))?}|)");

  boolean isNothing() {
    return value == null;
  }

  boolean isMap() {
    return value instanceof Map;
  }

  boolean isList() {
    return value instanceof List;
  }

  String text() {
    if (!(value instanceof String text)) {
      throw refused("a text is wanted here");
    }
    return VARIABLE.matcher(text).replaceAll(match -> Matcher.quoteReplacement(resolve(match)));
  }

  private String resolve(MatchResult match) {
    if (match.group(1) != null) {
      return "$";
    }
    String name = match.group(2) != null ? match.group(2) : match.group(3);
    if (name == null) {
      throw refused("'$' stands before a variable; write $$ for a dollar sign");
    }
    String value = variables.apply(name);
    boolean unset = value == null || (value.isEmpty() && ":-".equals(match.group(4)));
    if (!unset) {
      return value;
    }
    if (match.group(5) == null) {
      throw refused("the variable " + name + " is not set");
    }
    return match.group(5);
  }

  /** The entries of a map, in their order; none for nothing. */
  Map<String, ComposeNode> map() {
    if (isNothing()) {
      return Map.of();
    }
    if (!(value instanceof Map<?, ?> entries)) {
      throw refused("a map is wanted here");
    }
    Map<String, ComposeNode> map = new LinkedHashMap<>();
    entries.forEach(
        (key, one) ->
            map.put(
                String.valueOf(key),
                new ComposeNode(
                    place.isEmpty() ? String.valueOf(key) : place + "." + key, one, variables)));
    return map;
  }

  /** A map whose keys are all known; others are refused by name, but for those that begin x-. */
  Map<String, ComposeNode> map(Set<String> known) {
    Map<String, ComposeNode> map = map();
    map.forEach(
        (key, one) -> {
          if (!known.contains(key) && !key.startsWith("x-")) {
            throw one.refused("this is not supported");
          }
        });
    return map;
  }

  /** The items of a list; a text alone is one. */
  List<ComposeNode> list() {
    if (isNothing()) {
      return List.of();
    }
    if (!(value instanceof List<?> items)) {
      return List.of(this);
    }
    List<ComposeNode> list = new ArrayList<>();
    for (Object item : items) {
      list.add(new ComposeNode(place + "[" + list.size() + "]", item, variables));
    }
    return list;
  }

  List<String> texts() {
    return list().stream().map(ComposeNode::text).toList();
  }

  /** A map of texts, or a list of {@code KEY=value}; a key alone has an empty text. */
  Map<String, String> pairs() {
    return pairs(key -> "");
  }

  /** The same of variables; a key alone is that of the environment, and none if that has none. */
  Map<String, String> variablePairs() {
    return pairs(variables);
  }

  private Map<String, String> pairs(Function<String, @Nullable String> alone) {
    Map<String, String> pairs = new LinkedHashMap<>();
    if (isMap()) {
      map().forEach((key, one) -> put(pairs, key, one.isNothing() ? alone.apply(key) : one.text()));
      return pairs;
    }
    for (ComposeNode item : list()) {
      String text = item.text();
      int equals = text.indexOf('=');
      if (text.isEmpty() || equals == 0) {
        throw item.refused("'" + text + "' is not KEY=value");
      }
      String key = equals < 0 ? text : text.substring(0, equals);
      put(pairs, key, equals < 0 ? alone.apply(key) : text.substring(equals + 1));
    }
    return pairs;
  }

  private static void put(Map<String, String> pairs, String key, @Nullable String value) {
    if (value != null) {
      pairs.put(key, value);
    }
  }

  boolean isTrue() {
    return switch (text()) {
      case "true", "yes", "on" -> true;
      case "false", "no", "off" -> false;
      default -> throw refused("true or false is wanted here");
    };
  }

  ExtensionConfigurationException refused(String why) {
    return new ExtensionConfigurationException(
        (place.isEmpty() ? "the Compose file" : "'" + place + "' of the Compose file")
            + ": "
            + why);
  }
}
