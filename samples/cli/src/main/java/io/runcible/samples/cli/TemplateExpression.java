package io.runcible.samples.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.POJONode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * What stands between the braces of a {@link Template}: a field, a variable, a text or a number, a
 * function of them, and such in parentheses or with a {@code |} between them.
 */
final class TemplateExpression {
  private static final Pattern TOKEN =
      Pattern.compile(
          "(?<text>\"(?:[^\"\\\\]|\\\\.)*\")|`(?<raw>[^`]*)`|(?<variable>\\$[A-Za-z0-9_]*)"
              + "|(?<path>(?:\\.[A-Za-z0-9_-]+)+|\\.)|(?<number>-?[0-9]+)|(?<word>[A-Za-z]+)"
              + "|(?<sign>[()|])");

  private static final String FUNCTIONS = "json, index, join, len, lower, upper, eq, ne, not";

  /** A value for a place in the template. */
  private interface Term {
    JsonNode value(Scope scope);
  }

  /** What names stand for. */
  record Scope(JsonNode root, JsonNode dot, Map<String, JsonNode> variables) {
    static Scope of(JsonNode root) {
      return new Scope(root, root, Map.of());
    }

    Scope at(JsonNode other) {
      return new Scope(root, other, variables);
    }

    Scope with(String name, JsonNode value) {
      Map<String, JsonNode> more = new HashMap<>(variables);
      more.put(name, value);
      return new Scope(root, dot, more);
    }

    private JsonNode variable(String name) {
      JsonNode value = name.isEmpty() ? root : variables.get(name);
      if (value == null) {
        throw invalid("there is no variable '$" + name + "'");
      }
      return value;
    }
  }

  private final String text;
  private final Matcher token;
  private final Term term;

  /** Where the token that was seen last ends. */
  private int end;

  private boolean seen;

  private TemplateExpression(String text) {
    this.text = text;
    token = TOKEN.matcher(text);
    advance();
    term = pipeline();
    if (seen) {
      throw invalid("'" + text + "' is not understood after '" + before() + "'");
    }
  }

  static TemplateExpression parse(String text) {
    return new TemplateExpression(text);
  }

  JsonNode value(Scope scope) {
    return term.value(scope);
  }

  private String before() {
    return text.substring(0, token.start()).strip();
  }

  private void advance() {
    int from = end;
    while (from < text.length() && Character.isWhitespace(text.charAt(from))) {
      from++;
    }
    seen = from < text.length();
    if (seen && !(token.find(from) && token.start() == from)) {
      throw invalid("'" + text.substring(from) + "' in '" + text + "' is not understood");
    }
    end = seen ? token.end() : from;
  }

  private boolean isSign(String sign) {
    return seen && sign.equals(token.group("sign"));
  }

  /** What comes before a bar is the last argument of the function after it. */
  private Term pipeline() {
    Term value = command(null);
    while (isSign("|")) {
      advance();
      value = command(value);
    }
    return value;
  }

  private Term command(@Nullable Term last) {
    if (!seen) {
      throw invalid("'" + text + "' has nothing where a value should be");
    }
    String function = token.group("word");
    if (function == null || function.equals("true") || function.equals("false")) {
      if (last != null) {
        throw invalid("'" + text + "' has no function after the '|'");
      }
      return operand();
    }
    advance();
    List<Term> arguments = new ArrayList<>();
    while (seen && !isSign("|") && !isSign(")")) {
      arguments.add(operand());
    }
    if (last != null) {
      arguments.add(last);
    }
    requireKnown(function, arguments.size());
    return scope ->
        call(function, arguments.stream().map(argument -> argument.value(scope)).toList());
  }

  private Term operand() {
    Term value;
    String variable = token.group("variable");
    String path = token.group("path");
    boolean mayGoOn = variable != null || isSign("(");
    if (variable != null) {
      value = scope -> scope.variable(variable.substring(1));
    } else if (path != null) {
      value = scope -> fields(scope.dot(), path);
    } else if (isSign("(")) {
      advance();
      value = pipeline();
      if (!isSign(")")) {
        throw invalid("'" + text + "' lacks a ')'");
      }
    } else {
      JsonNode constant = constant();
      value = scope -> constant;
    }
    int adjacent = end;
    advance();
    String more = mayGoOn && seen && token.start() == adjacent ? token.group("path") : null;
    if (more == null) {
      return value;
    }
    advance();
    return scope -> fields(value.value(scope), more);
  }

  private JsonNode constant() {
    if (token.group("text") != null) {
      String quoted = token.group("text");
      return TextNode.valueOf(
          quoted
              .substring(1, quoted.length() - 1)
              .replace("\\n", "\n")
              .replace("\\t", "\t")
              .replaceAll("\\\\(.)", "$1"));
    }
    if (token.group("raw") != null) {
      return TextNode.valueOf(token.group("raw"));
    }
    if (token.group("number") != null) {
      try {
        return IntNode.valueOf(Integer.parseInt(token.group("number")));
      } catch (NumberFormatException e) {
        throw invalid("'" + token.group("number") + "' is too large a number");
      }
    }
    String word = token.group("word");
    if ("true".equals(word) || "false".equals(word)) {
      return BooleanNode.valueOf(word.equals("true"));
    }
    throw invalid("'" + token.group() + "' in '" + text + "' is no value");
  }

  private static void requireKnown(String function, int arguments) {
    boolean right =
        switch (function) {
          case "json", "len", "lower", "upper", "not" -> arguments == 1;
          case "join", "eq", "ne" -> arguments == 2;
          case "index" -> arguments > 1;
          default -> throw invalid("there is no function '" + function + "', but " + FUNCTIONS);
        };
    if (!right) {
      throw invalid("'" + function + "' does not have " + arguments + " arguments");
    }
  }

  private static JsonNode call(String function, List<JsonNode> arguments) {
    JsonNode first = arguments.get(0);
    return switch (function) {
      case "json" -> new POJONode(first.toString());
      case "len" -> IntNode.valueOf(first.isTextual() ? first.asText().length() : first.size());
      case "lower" -> TextNode.valueOf(first.asText().toLowerCase(Locale.ROOT));
      case "upper" -> TextNode.valueOf(first.asText().toUpperCase(Locale.ROOT));
      case "not" -> BooleanNode.valueOf(!isTrue(first));
      case "join" -> TextNode.valueOf(joined(first, arguments.get(1).asText()));
      case "eq" -> BooleanNode.valueOf(first.asText().equals(arguments.get(1).asText()));
      case "ne" -> BooleanNode.valueOf(!first.asText().equals(arguments.get(1).asText()));
      default -> index(arguments);
    };
  }

  private static String joined(JsonNode list, String between) {
    return StreamSupport.stream(list.spliterator(), false)
        .map(JsonNode::asText)
        .collect(Collectors.joining(between));
  }

  /** A key that an object does not have is for an empty text, as with the other engines. */
  private static JsonNode index(List<JsonNode> arguments) {
    JsonNode found = arguments.get(0);
    for (JsonNode key : arguments.subList(1, arguments.size())) {
      JsonNode next = found.isArray() ? found.get(key.asInt(-1)) : found.get(key.asText());
      if (next == null && found.isArray()) {
        throw invalid("the list has " + found.size() + " elements, and no '" + key.asText() + "'");
      }
      found = next == null ? TextNode.valueOf("") : next;
    }
    return found;
  }

  /** What is empty, zero or missing is not. */
  static boolean isTrue(JsonNode value) {
    return value.isContainerNode()
        ? value.size() > 0
        : value.isTextual()
            ? !value.asText().isEmpty()
            : value.asDouble(0) != 0 || value.asBoolean();
  }

  private static JsonNode fields(JsonNode object, String path) {
    JsonNode found = object;
    for (String name : path.equals(".") ? new String[0] : path.substring(1).split("\\.", -1)) {
      JsonNode next = field(found, name);
      if (next == null) {
        List<String> names = new ArrayList<>();
        found.fieldNames().forEachRemaining(names::add);
        throw invalid("there is no field '" + name + "', but " + String.join(", ", names));
      }
      found = next;
    }
    return found;
  }

  /** Other engines have the same names with other capital letters. */
  private static @Nullable JsonNode field(JsonNode object, String name) {
    return object.properties().stream()
        .filter(field -> plain(field.getKey()).equals(plain(name)))
        .findFirst()
        .map(Map.Entry::getValue)
        .orElse(null);
  }

  private static String plain(String name) {
    return name.replaceAll("[^A-Za-z0-9]", "").toLowerCase(Locale.ROOT);
  }

  static RuncibleException invalid(String message) {
    return new RuncibleException(ErrorKind.INVALID_INPUT, message);
  }
}
