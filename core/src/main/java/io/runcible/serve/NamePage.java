package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLEncoder;
import java.util.List;

/**
 * A part of a list of tags or of repositories ("Listing Tags" of the distribution specification).
 *
 * @param names the part that was asked for
 * @param limit how many names were asked for at most
 * @param more whether names follow
 */
record NamePage(List<String> names, int limit, boolean more) {
  private static final int MAX_DIGITS = 9;

  /**
   * Takes the part that a request asks for, by {@code n} and {@code last}.
   *
   * @param all the names in order
   */
  static NamePage of(List<String> all, HttpRequest request) throws RegistryError {
    String after = request.parameter("last").orElse("");
    String number = request.parameter("n").orElse(null);
    int limit = number == null ? Integer.MAX_VALUE : number(number);
    List<String> rest = all.stream().filter(name -> name.compareTo(after) > 0).toList();
    boolean more = limit > 0 && rest.size() > limit;
    return new NamePage(rest.stream().limit(limit).toList(), limit, more);
  }

  private static int number(String text) throws RegistryError {
    if (text.isEmpty()
        || text.length() > MAX_DIGITS
        || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new RegistryError(400, "UNSUPPORTED", "the parameter n is not a small number");
    }
    return Integer.parseInt(text);
  }

  /** Adds the header that leads to the next part. */
  HttpAnswer link(HttpAnswer answer, String path) {
    if (!more) {
      return answer;
    }
    String last = URLEncoder.encode(names.get(names.size() - 1), UTF_8);
    return answer.header("Link", "<" + path + "?n=" + limit + "&last=" + last + ">; rel=\"next\"");
  }
}
