package io.runcible.registry;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code WWW-Authenticate} (RFC 9110, section 11.6.1): challenges and parameters are both
 * separated by commas, so a name belongs to a challenge when an equals sign follows it, and begins
 * a challenge otherwise. What breaks the grammar ends the reading, and the challenge in which it
 * stands does not count.
 */
final class ChallengeParser {
  private static final int MAX_LENGTH = 16 * 1024;
  private static final int MAX_CHALLENGES = 16;
  private static final int MAX_PARAMETERS = 16;

  private final String text;
  private int position;

  private ChallengeParser(String text) {
    this.text = text;
  }

  /** Reads the values of all headers of that name; longer ones than 16 KiB are passed over. */
  static List<Challenge> parse(List<String> headers) {
    List<Challenge> challenges = new ArrayList<>();
    for (String header : headers) {
      if (header.length() <= MAX_LENGTH) {
        new ChallengeParser(header).readInto(challenges);
      }
    }
    return challenges;
  }

  private void readInto(List<Challenge> challenges) {
    while (challenges.size() < MAX_CHALLENGES) {
      skipSeparators();
      String scheme = token();
      if (scheme.isEmpty()) {
        return;
      }
      Map<String, String> parameters = parameters();
      if (parameters == null) {
        return;
      }
      challenges.add(new Challenge(scheme.toLowerCase(Locale.ROOT), parameters));
    }
  }

  /** The parameters after a scheme; null when they are malformed. */
  private @Nullable Map<String, String> parameters() {
    Map<String, String> parameters = new HashMap<>();
    if (position < text.length() && text.charAt(position) != ' ' && !atSeparator()) {
      return null;
    }
    if (skipToken68()) {
      return parameters;
    }
    while (true) {
      int start = position;
      skipSeparators();
      String name = token().toLowerCase(Locale.ROOT);
      skipBlanks();
      if (name.isEmpty() || !take('=')) {
        // Not a parameter of this challenge: the next one begins here, or the text ends.
        position = start;
        skipSeparators();
        return name.isEmpty() && position < text.length() ? null : parameters;
      }
      skipBlanks();
      String value = value();
      boolean known = parameters.containsKey(name);
      if (value == null || known || parameters.size() == MAX_PARAMETERS) {
        return null;
      }
      parameters.put(name, value);
      skipBlanks();
      if (position < text.length() && text.charAt(position) != ',') {
        return null;
      }
    }
  }

  /** Passes over the other form of a challenge, one run of characters that means nothing here. */
  private boolean skipToken68() {
    int start = position;
    skipBlanks();
    int run = position;
    while (position < text.length() && isToken68(text.charAt(position))) {
      position++;
    }
    boolean any = position > run;
    while (any && take('=')) {
      // Padding.
    }
    skipBlanks();
    if (any && (position == text.length() || atSeparator())) {
      return true;
    }
    position = start;
    return false;
  }

  private @Nullable String value() {
    if (!take('"')) {
      String token = token();
      return token.isEmpty() ? null : token;
    }
    StringBuilder value = new StringBuilder();
    while (position < text.length()) {
      char c = text.charAt(position++);
      if (c == '"') {
        return value.toString();
      }
      if (c == '\\') {
        if (position == text.length()) {
          return null;
        }
        c = text.charAt(position++);
      }
      if (c < ' ' && c != '\t') {
        return null;
      }
      value.append(c);
    }
    return null;
  }

  private String token() {
    int start = position;
    while (position < text.length() && isToken(text.charAt(position))) {
      position++;
    }
    return text.substring(start, position);
  }

  private boolean take(char c) {
    boolean there = position < text.length() && text.charAt(position) == c;
    position += there ? 1 : 0;
    return there;
  }

  private boolean atSeparator() {
    return position < text.length() && text.charAt(position) == ',';
  }

  private void skipBlanks() {
    while (position < text.length() && isBlank(text.charAt(position))) {
      position++;
    }
  }

  private void skipSeparators() {
    while (position < text.length() && (isBlank(text.charAt(position)) || atSeparator())) {
      position++;
    }
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t';
  }

  private static boolean isLetterOrDigit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }

  private static boolean isToken(char c) {
    return isLetterOrDigit(c) || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
  }

  private static boolean isToken68(char c) {
    return isLetterOrDigit(c) || "-._~+/".indexOf(c) >= 0;
  }
}
