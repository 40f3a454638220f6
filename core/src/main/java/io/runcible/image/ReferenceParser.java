package io.runcible.image;

import io.runcible.Digest;
import io.runcible.RuncibleException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads one image reference, by hand and in one pass over each part: the grammar of the
 * distribution specification ("Pulling manifests") with Docker's expansion of short names.
 */
final class ReferenceParser {
  private static final int MAX_TEXT = 1024;
  private static final int MAX_NAME = 255;
  private static final int MAX_TAG = 128;
  private static final int IMAGE_ID_LENGTH = 64;

  private final String text;
  String registry = ImageReference.DEFAULT_REGISTRY;
  String repository = "";
  @Nullable String tag;
  @Nullable Digest digest;

  ReferenceParser(String text) {
    this.text = text;
  }

  void parse() {
    if (text.isEmpty()) {
      throw invalid("it is empty");
    }
    if (text.length() > MAX_TEXT) {
      throw invalid("it has more than " + MAX_TEXT + " characters");
    }
    checkScheme();
    int at = text.indexOf('@');
    int end = at < 0 ? text.length() : at;
    if (at >= 0) {
      digest = digest(at + 1);
    }
    int slash = text.lastIndexOf('/', end - 1);
    int colon = text.indexOf(':', slash + 1);
    if (colon >= 0 && colon < end && text.charAt(slash + 1) != '[') {
      tag = text.substring(colon + 1, end);
      checkTag(text, tag, colon + 1);
      end = colon;
    }
    parseName(end);
  }

  private void checkScheme() {
    int scheme = text.indexOf("://");
    if (scheme >= 0) {
      throw invalid("leave out " + Shown.of(text.substring(0, scheme + 3)));
    }
  }

  private Digest digest(int start) {
    try {
      return Digest.parse(text.substring(start));
    } catch (RuncibleException e) {
      throw new RuncibleException(
          e.kind(),
          Shown.of(text) + " is not an image reference: after the '@', " + e.getMessage(),
          e);
    }
  }

  private void parseName(int end) {
    int slash = text.indexOf('/');
    int start = 0;
    if (slash >= 0 && slash < end && isRegistry(text.substring(0, slash))) {
      registry = registry(slash);
      start = slash + 1;
    } else if (text.charAt(0) == '[') {
      throw invalid("the name of a repository is missing after the registry");
    }
    repository = text.substring(start, end);
    checkRepository(start, end);
    if (registry.equals(ImageReference.DEFAULT_REGISTRY) && repository.indexOf('/') < 0) {
      if (start == 0 && isImageId(repository)) {
        throw invalid("it looks like the id of an image; write name@sha256:" + repository);
      }
      repository = "library/" + repository;
    }
    if (registry.length() + 1 + repository.length() > MAX_NAME) {
      throw invalid("registry and repository have more than " + MAX_NAME + " characters");
    }
  }

  private static boolean isRegistry(String part) {
    return part.indexOf('.') >= 0
        || part.indexOf(':') >= 0
        || part.startsWith("[")
        || part.equalsIgnoreCase("localhost");
  }

  private static boolean isImageId(String name) {
    return name.length() == IMAGE_ID_LENGTH
        && name.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  }

  private String registry(int end) {
    int hostEnd;
    if (text.charAt(0) == '[') {
      int bracket = text.indexOf(']');
      if (bracket < 0 || bracket > end) {
        throw invalid("the '[' of the registry's address is not closed");
      }
      if (!Ipv6.isLiteral(text.substring(1, bracket))) {
        throw invalid("the registry's address in brackets is not an IPv6 address");
      }
      hostEnd = bracket + 1;
    } else {
      int colon = text.indexOf(':');
      hostEnd = colon < 0 || colon > end ? end : colon;
      checkHost(hostEnd);
    }
    if (hostEnd < end) {
      checkPort(hostEnd, end);
    }
    String host = text.substring(0, end).toLowerCase(Locale.ROOT);
    return host.equals("index.docker.io") ? ImageReference.DEFAULT_REGISTRY : host;
  }

  private void checkHost(int end) {
    int labelStart = 0;
    for (int i = 0; i <= end; i++) {
      char c = i == end ? '.' : text.charAt(i);
      if (c == '.') {
        if (i == labelStart || text.charAt(labelStart) == '-' || text.charAt(i - 1) == '-') {
          throw invalid(
              "the registry's host has a part that is empty or begins or ends with '-'", i);
        }
        labelStart = i + 1;
      } else if (!isLower(c) && !isDigit(c) && !isUpper(c) && c != '-') {
        throw invalid("the registry's host must not contain " + shown(c), i);
      }
    }
  }

  private void checkPort(int colon, int end) {
    if (text.charAt(colon) != ':') {
      throw invalid("a ':' and a port, or a '/', should follow the registry's address", colon);
    }
    int port = 0;
    for (int i = colon + 1; i < end && port <= 0xffff; i++) {
      if (!isDigit(text.charAt(i))) {
        throw invalid("the registry's port must not contain " + shown(text.charAt(i)), i);
      }
      port = port * 10 + (text.charAt(i) - '0');
    }
    if (port < 1 || port > 0xffff) {
      throw invalid("the registry's port is not a number from 1 to 65535", colon + 1);
    }
  }

  /** Components of lower-case letters and digits, joined inside by '.', '_', '__' or dashes. */
  private void checkRepository(int start, int end) {
    if (start == end) {
      throw invalid("the name of the repository is missing", start);
    }
    int separatorStart = start;
    for (int i = start; i <= end; i++) {
      char c = i == end ? '/' : text.charAt(i);
      if (isLower(c) || isDigit(c)) {
        checkSeparator(start, separatorStart, i);
        separatorStart = i + 1;
      } else if (c == '/') {
        if (separatorStart != i || i == start || text.charAt(i - 1) == '/') {
          throw invalid("a part of the repository is empty or ends with a separator", i);
        }
        separatorStart = i + 1;
      } else if (c != '.' && c != '_' && c != '-') {
        throw badRepositoryCharacter(c, start, i, end);
      }
    }
  }

  private void checkSeparator(int start, int separatorStart, int i) {
    int length = i - separatorStart;
    if (length == 0) {
      return;
    }
    if (separatorStart == start || text.charAt(separatorStart - 1) == '/') {
      throw invalid("a part of the repository begins with a separator", separatorStart);
    }
    String separator = text.substring(separatorStart, i);
    boolean dashes = separator.chars().allMatch(c -> c == '-');
    if (!dashes && !separator.equals(".") && !separator.equals("_") && !separator.equals("__")) {
      throw invalid(
          "inside the repository only one '.', one or two '_', or dashes may stand together",
          separatorStart);
    }
  }

  private RuncibleException badRepositoryCharacter(char c, int start, int i, int end) {
    if (isUpper(c)) {
      String lower = text.substring(start, end).toLowerCase(Locale.ROOT);
      return invalid("repositories are lower case; perhaps " + Shown.of(lower) + " is meant", i);
    }
    return invalid("the repository must not contain " + shown(c), i);
  }

  /** Checks a tag that stands in the text at an offset. */
  static void checkTag(String text, String tag, int offset) {
    if (tag.isEmpty()) {
      throw invalid(text, "the tag is empty", offset);
    }
    for (int i = 0; i < tag.length(); i++) {
      char c = tag.charAt(i);
      if (i == MAX_TAG) {
        throw invalid(text, "the tag has more than " + MAX_TAG + " characters", offset + i);
      }
      boolean word = isLower(c) || isUpper(c) || isDigit(c) || c == '_';
      if (!word && (i == 0 || (c != '.' && c != '-'))) {
        String rule = i == 0 ? "a tag must not begin with " : "a tag must not contain ";
        throw invalid(text, rule + shown(c), offset + i);
      }
    }
  }

  private RuncibleException invalid(String reason) {
    return ImageReference.invalid(text, reason);
  }

  private RuncibleException invalid(String reason, int index) {
    return invalid(text, reason, index);
  }

  private static RuncibleException invalid(String text, String reason, int index) {
    return ImageReference.invalid(text, reason + " (character " + (index + 1) + ")");
  }

  private static String shown(char c) {
    return c > ' ' && c < 0x7f ? "'" + c + "'" : String.format("U+%04X", (int) c);
  }

  private static boolean isLower(char c) {
    return c >= 'a' && c <= 'z';
  }

  private static boolean isUpper(char c) {
    return c >= 'A' && c <= 'Z';
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }
}
