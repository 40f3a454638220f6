package io.runcible.samples.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.POJONode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
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

  private static final String FUNCTIONS =
      "json, index, join, len, lower, upper, printf, eq, ne, not, and, or";

  private static final Pattern VERB =
      Pattern.compile("%(?:%|((?:-?[1-9][0-9]{0,2})?(?:\\.[0-9]{1,3})?)[sdv])|%");

  /** Of these, scripts ask for keys that may not be there. */
  private static final Set<String> MAPS =
      Set.of(
          "labels",
          "annotations",
          "options",
          "environment",
          "networks",
          "ports",
          "portbindings",
          "exposedports",
          "volumes",
          "containers");

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
    if (function.equals("and") || function.equals("or")) {
      return scope -> first(arguments, function.equals("or"), scope);
    }
    return scope ->
        call(function, arguments.stream().map(argument -> argument.value(scope)).toList());
  }

  /** The first that is so, or the last; those after it may be about what there is not. */
  private static JsonNode first(List<Term> arguments, boolean wanted, Scope scope) {
    JsonNode value = arguments.get(0).value(scope);
    for (Term next : arguments.subList(1, arguments.size())) {
      if (isTrue(value) == wanted) {
        return value;
      }
      value = next.value(scope);
    }
    return value;
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
      return new POJONode(
          quoted
              .substring(1, quoted.length() - 1)
              .replace("\\n", "\n")
              .replace("\\t", "\t")
              .replaceAll("\\\\(.)", "$1"));
    }
    if (token.group("raw") != null) {
      return new POJONode(token.group("raw"));
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
          case "and", "or", "printf" -> arguments > 0;
          default -> throw invalid("there is no function '" + function + "', but " + FUNCTIONS);
        };
    if (!right) {
      throw invalid("'" + function + "' does not have " + arguments + " arguments");
    }
  }

  private static JsonNode call(String function, List<JsonNode> arguments) {
    JsonNode first = arguments.get(0);
    return switch (function) {
      case "json" -> new POJONode(first.isMissingNode() ? "null" : Json.line(first));
      case "len" -> IntNode.valueOf(isText(first) ? first.asText().length() : first.size());
      case "lower" -> new POJONode(shown(first).toLowerCase(Locale.ROOT));
      case "upper" -> new POJONode(shown(first).toUpperCase(Locale.ROOT));
      case "printf" -> new POJONode(printed(shown(first), arguments.subList(1, arguments.size())));
      case "not" -> BooleanNode.valueOf(!isTrue(first));
      case "join" -> new POJONode(joined(first, shown(arguments.get(1))));
      case "eq" -> BooleanNode.valueOf(equal(first, arguments.get(1)));
      case "ne" -> BooleanNode.valueOf(!equal(first, arguments.get(1)));
      default -> index(arguments);
    };
  }

  private static String joined(JsonNode list, String between) {
    return StreamSupport.stream(list.spliterator(), false)
        .map(TemplateExpression::shown)
        .collect(Collectors.joining(between));
  }

  private static boolean equal(JsonNode one, JsonNode other) {
    if (one.isContainerNode() || other.isContainerNode()) {
      throw invalid("eq and ne are for texts, numbers and flags, not for lists and objects");
    }
    return one.asText().equals(other.asText());
  }

  /** With the verbs that are for texts. */
  private static String printed(String format, List<JsonNode> values) {
    Iterator<JsonNode> left = values.iterator();
    String text =
        VERB.matcher(format).replaceAll(verb -> Matcher.quoteReplacement(printed(verb, left)));
    if (left.hasNext()) {
      throw invalid("printf has more values than '" + format + "' has places");
    }
    return text;
  }

  private static String printed(MatchResult verb, Iterator<JsonNode> left) {
    if (verb.group().equals("%%")) {
      return "%";
    }
    if (verb.group(1) == null || !left.hasNext()) {
      throw invalid("printf has a value for each %s, %d or %v of its text, and no others");
    }
    return String.format("%" + verb.group(1) + "s", shown(left.next()));
  }

  /**
   * As it is written. What is somebody else's cannot steer a terminal; what the user has put into
   * the template, and what was made of that and of printable text, is a POJO and stays as it is.
   */
  static String shown(JsonNode value) {
    if (value.isMissingNode()) {
      return "<no value>";
    }
    return value.isPojo()
        ? value.asText()
        : value.isValueNode() ? Cli.printable(value.asText()) : Json.line(value);
  }

  private static boolean isText(JsonNode value) {
    return value.isTextual() || value.isPojo();
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
        : isText(value) ? !value.asText().isEmpty() : value.asDouble(0) != 0 || value.asBoolean();
  }

  private static JsonNode fields(JsonNode object, String path) {
    JsonNode found = object;
    boolean map = false;
    for (String name : path.equals(".") ? new String[0] : path.substring(1).split("\\.", -1)) {
      JsonNode next = field(found, name);
      if (next == null && map) {
        next = MissingNode.getInstance();
      }
      if (next == null) {
        List<String> names = new ArrayList<>();
        found.fieldNames().forEachRemaining(names::add);
        throw invalid("there is no field '" + name + "', but " + String.join(", ", names));
      }
      found = next;
      map = found.isObject() && MAPS.contains(plain(name));
    }
    return found;
  }

  /** Other engines have the same names with other capital letters. */
  private static @Nullable JsonNode field(JsonNode object, String name) {
    if (object.has(name)) {
      return object.get(name);
    }
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
