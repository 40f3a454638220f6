package io.runcible.jakarta;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The settings of the application: those of MicroProfile Config where there is one, otherwise
 * system properties and, by the same rule of names, environment variables.
 */
final class Settings {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{([^:}]+)(?::([^}]*))?}");

  private final Function<String, Optional<String>> values;

  Settings(Function<String, Optional<String>> values) {
    this.values = values;
  }

  static Settings ofApplication() {
    Function<String, Optional<String>> host = key -> ofHost(key, System.getenv()::get);
    return new Settings(
        Beans.isPresent("org.eclipse.microprofile.config.ConfigProvider")
            ? MicroProfileSettings.find().orElse(host)
            : host);
  }

  static Optional<String> ofHost(String key, Function<String, String> environment) {
    String property = System.getProperty(key);
    if (property != null) {
      return Optional.of(property);
    }
    String name = key.replaceAll("[^A-Za-z0-9]", "_");
    return Optional.ofNullable(environment.apply(key))
        .or(() -> Optional.ofNullable(environment.apply(name)))
        .or(() -> Optional.ofNullable(environment.apply(name.toUpperCase(Locale.ROOT))));
  }

  /** A value that is not blank. */
  Optional<String> get(String key) {
    return values.apply(key).map(String::strip).filter(value -> !value.isEmpty());
  }

  /**
   * A value that is {@code true} or {@code false}.
   *
   * @throws RuncibleException INVALID_INPUT if it is another
   */
  boolean isOn(String key, boolean usual) {
    String value = get(key).orElse(String.valueOf(usual));
    if (!value.equals("true") && !value.equals("false")) {
      throw new RuncibleException(
          ErrorKind.INVALID_INPUT, key + " is '" + value + "', and must be true or false");
    }
    return value.equals("true");
  }

  /** The parts of a value between commas. */
  List<String> list(String key) {
    return get(key).stream()
        .flatMap(value -> Arrays.stream(value.split(",", -1)))
        .map(String::strip)
        .filter(part -> !part.isEmpty())
        .toList();
  }

  /**
   * Puts settings in place of {@code ${key}} and {@code ${key:default}}.
   *
   * @throws RuncibleException INVALID_INPUT if one is not set and has no default
   */
  String resolve(String text) {
    return PLACEHOLDER
        .matcher(text)
        .replaceAll(match -> Matcher.quoteReplacement(value(text, match)));
  }

  private String value(String text, MatchResult match) {
    return get(match.group(1))
        .or(() -> Optional.ofNullable(match.group(2)))
        .orElseThrow(
            () ->
                new RuncibleException(
                    ErrorKind.INVALID_INPUT,
                    "'"
                        + text
                        + "' needs '"
                        + match.group(1)
                        + "', which is not set; give the application that setting, or the text a"
                        + " default: ${"
                        + match.group(1)
                        + ":default}"));
  }
}
