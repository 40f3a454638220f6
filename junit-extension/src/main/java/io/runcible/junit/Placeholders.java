package io.runcible.junit;

import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/** System properties in the text of an annotation. */
final class Placeholders {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{([^:}]+)(?::([^}]*))?}");

  private Placeholders() {}

  static String resolve(String text) {
    return PLACEHOLDER.matcher(text).replaceAll(match -> Matcher.quoteReplacement(value(match)));
  }

  private static String value(MatchResult match) {
    String value = System.getProperty(match.group(1), match.group(2));
    if (value == null) {
      throw new ExtensionConfigurationException(
          "the system property '" + match.group(1) + "' is not set, and @RunContainer needs it");
    }
    return value;
  }
}
