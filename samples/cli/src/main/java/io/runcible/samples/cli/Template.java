package io.runcible.samples.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a {@code --format} of the other engines is mostly used for: text with fields in it, such as
 * <code>{{.Image}} {{.Status}}</code> or <code>{{json .Labels}}</code>, and range, if, with and
 * else around it. Expressions are {@link TemplateExpression}; the rest of that language is refused.
 */
final class Template {
  private static final Pattern ACTION =
      Pattern.compile("(\\s*\\{\\{-\\s|\\{\\{)(.*?)(\\s-}}\\s*|}})", Pattern.DOTALL);
  private static final Pattern BLOCK =
      Pattern.compile("(range|if|with)\\s+(?:(.*?)\\s*:=\\s*)?(.+)", Pattern.DOTALL);
  private static final Pattern ELSE = Pattern.compile("else(?:\\s+(if\\s.+))?", Pattern.DOTALL);
  private static final Pattern VARIABLES =
      Pattern.compile("\\$([A-Za-z0-9_]+)(?:\\s*,\\s*\\$([A-Za-z0-9_]+))?");

  /** What is written for an object. */
  private interface Part {
    void write(TemplateExpression.Scope scope, StringBuilder to);
  }

  private final String format;
  private final List<String> texts = new ArrayList<>();
  private final List<String> actions = new ArrayList<>();
  private final List<Part> parts;

  /** The next action of {@link #actions} to understand. */
  private int next;

  Template(String format) {
    this.format = format;
    split(format.startsWith("table ") ? format.substring("table ".length()) : format);
    parts = parts(null);
  }

  private void split(String text) {
    Matcher action = ACTION.matcher(text);
    int end = 0;
    while (action.find()) {
      addText(text.substring(end, action.start()));
      actions.add(action.group(2).strip());
      end = action.end();
    }
    addText(text.substring(end));
  }

  private void addText(String text) {
    if (text.contains("{{") || text.contains("}}")) {
      throw refused("its braces do not match");
    }
    texts.add(text.replace("\\t", "\t").replace("\\n", "\n"));
  }

  /** Those up to the end of a block, or of all. */
  private List<Part> parts(@Nullable String block) {
    List<Part> found = new ArrayList<>();
    while (true) {
      String text = texts.get(next);
      found.add((scope, to) -> to.append(text));
      if (next == actions.size()) {
        if (block != null) {
          throw refused("'" + block + "' has no {{end}}");
        }
        return found;
      }
      String action = actions.get(next);
      if (block != null && (action.equals("end") || ELSE.matcher(action).matches())) {
        return found;
      }
      next++;
      Matcher begin = BLOCK.matcher(action);
      found.add(begin.matches() ? block(begin) : value(action));
    }
  }

  private Part value(String action) {
    TemplateExpression expression = expression(action);
    return (scope, to) -> to.append(TemplateExpression.shown(expression.value(scope)));
  }

  private Part block(Matcher begin) {
    String word = begin.group(1);
    Optional<Matcher> variables = Optional.ofNullable(begin.group(2)).map(this::variables);
    TemplateExpression expression = expression(begin.group(3));
    List<Part> inside = parts(begin.group());
    List<Part> other = otherwise(begin.group());
    return (scope, to) -> {
      JsonNode value = expression.value(scope);
      if (!TemplateExpression.isTrue(value)) {
        write(other, scope, to);
      } else if (word.equals("range")) {
        range(value, inside, variables, scope, to);
      } else {
        TemplateExpression.Scope inner = word.equals("with") ? scope.at(value) : scope;
        String name = variables.map(names -> names.group(1)).orElse(null);
        write(inside, name == null ? inner : inner.with(name, value), to);
      }
    };
  }

  /** Up to the end of the block, which is that of an "else if", too. */
  private List<Part> otherwise(String block) {
    Matcher otherwise = ELSE.matcher(actions.get(next++));
    if (!otherwise.matches()) {
      return List.of();
    }
    if (otherwise.group(1) != null) {
      Matcher chained = BLOCK.matcher(otherwise.group(1));
      if (!chained.matches()) {
        throw refused("'" + otherwise.group() + "' is not understood");
      }
      return List.of(block(chained));
    }
    List<Part> parts = parts(block);
    if (!actions.get(next++).equals("end")) {
      throw refused("'" + block + "' has a second {{else}}");
    }
    return parts;
  }

  private Matcher variables(String text) {
    Matcher names = VARIABLES.matcher(text);
    if (!names.matches()) {
      throw refused("'" + text + "' is no variable");
    }
    return names;
  }

  private static void range(
      JsonNode all,
      List<Part> inside,
      Optional<Matcher> variables,
      TemplateExpression.Scope scope,
      StringBuilder to) {
    if (all.isObject()) {
      all.properties().stream()
          .sorted(Map.Entry.comparingByKey())
          .forEach(
              one -> {
                JsonNode key = TextNode.valueOf(one.getKey());
                write(inside, inner(scope, variables, key, one.getValue()), to);
              });
    } else if (all.isArray()) {
      for (int i = 0; i < all.size(); i++) {
        write(inside, inner(scope, variables, IntNode.valueOf(i), all.get(i)), to);
      }
    } else {
      throw TemplateExpression.invalid("range goes over lists and objects, not '" + all + "'");
    }
  }

  /** One variable is the value, of two the first is its key or number. */
  private static TemplateExpression.Scope inner(
      TemplateExpression.Scope scope, Optional<Matcher> variables, JsonNode key, JsonNode value) {
    TemplateExpression.Scope inner = scope.at(value);
    if (variables.isEmpty()) {
      return inner;
    }
    String first = variables.get().group(1);
    String second = variables.get().group(2);
    return second == null ? inner.with(first, value) : inner.with(first, key).with(second, value);
  }

  private TemplateExpression expression(String text) {
    try {
      return TemplateExpression.parse(text);
    } catch (RuncibleException e) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, "the format '" + format + "': " + e.getMessage(), e);
    }
  }

  private RuncibleException refused(String why) {
    return TemplateExpression.invalid("the format '" + format + "': " + why);
  }

  private static void write(List<Part> parts, TemplateExpression.Scope scope, StringBuilder to) {
    parts.forEach(part -> part.write(scope, to));
  }

  String apply(JsonNode object) {
    StringBuilder line = new StringBuilder();
    write(parts, TemplateExpression.Scope.of(object), line);
    return line.toString();
  }
}
