package io.runcible.registry;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The header {@code Link} (RFC 8288), as far as paging needs it. */
final class LinkHeader {
  private static final int MAX_LENGTH = 8 * 1024;

  private LinkHeader() {}

  /** The target of the first link with the relation {@code next}; null when there is none. */
  static @Nullable String next(List<String> headers) {
    for (String header : headers) {
      String target = header.length() <= MAX_LENGTH ? next(header) : null;
      if (target != null) {
        return target;
      }
    }
    return null;
  }

  private static @Nullable String next(String header) {
    int open = header.indexOf('<');
    while (open >= 0) {
      int close = header.indexOf('>', open);
      if (close < 0) {
        return null;
      }
      int following = header.indexOf('<', close);
      String parameters = header.substring(close + 1, following < 0 ? header.length() : following);
      if (isNext(parameters)) {
        return header.substring(open + 1, close);
      }
      open = following;
    }
    return null;
  }

  private static boolean isNext(String parameters) {
    String plain = parameters.replace("\"", "").replace(" ", "").toLowerCase(Locale.ROOT);
    return List.of(plain.replace(',', ';').split(";", -1)).contains("rel=next");
  }
}
