package io.runcible.samples.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a {@code --format} of the other engines is mostly used for: text with fields in it, such as
 * <code>{{.Image}} {{.Status}}</code> or <code>{{json .Labels}}</code>. The rest of that language
 * is refused.
 */
final class Template {
  private static final Pattern ACTION =
      Pattern.compile("\\{\\{\\s*(json\\s+)?(\\.[A-Za-z0-9_.-]*)\\s*}}");

  private final List<String> texts = new ArrayList<>();
  private final List<String> paths = new ArrayList<>();
  private final List<Boolean> json = new ArrayList<>();

  Template(String format) {
    String text = format.startsWith("table ") ? format.substring("table ".length()) : format;
    Matcher action = ACTION.matcher(text);
    int end = 0;
    while (action.find()) {
      add(format, text.substring(end, action.start()));
      json.add(action.group(1) != null);
      paths.add(action.group(2).substring(1));
      end = action.end();
    }
    add(format, text.substring(end));
  }

  private void add(String format, String text) {
    if (text.contains("{{") || text.contains("}}")) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT,
          "the format '" + format + "' has more than {{.FIELD}} and {{json .FIELD}}");
    }
    texts.add(text.replace("\\t", "\t").replace("\\n", "\n"));
  }

  String apply(JsonNode object) {
    StringBuilder line = new StringBuilder(texts.get(0));
    for (int i = 0; i < paths.size(); i++) {
      JsonNode value = find(object, paths.get(i));
      boolean plain = value.isValueNode() && !json.get(i);
      line.append(plain ? Cli.printable(value.asText()) : value.toString());
      line.append(texts.get(i + 1));
    }
    return line.toString();
  }

  private static JsonNode find(JsonNode object, String path) {
    JsonNode found = object;
    for (String name : path.isEmpty() ? new String[0] : path.split("\\.", -1)) {
      JsonNode next = field(found, name);
      if (next == null) {
        List<String> names = new ArrayList<>();
        found.fieldNames().forEachRemaining(names::add);
        throw new RuncibleException(
            ErrorKind.INVALID_INPUT,
            "there is no field '" + name + "', but " + String.join(", ", names));
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
}
