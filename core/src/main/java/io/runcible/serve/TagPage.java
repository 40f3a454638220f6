package io.runcible.serve;

import java.util.List;

/**
 * A part of a list of tags ("Listing Tags" of the distribution specification).
 *
 * @param tags the part that was asked for
 * @param limit how many tags were asked for at most
 * @param more whether tags follow
 */
record TagPage(List<String> tags, int limit, boolean more) {
  private static final int MAX_DIGITS = 9;

  /**
   * Takes the part that a query asks for, by {@code n} and {@code last}.
   *
   * @param all the tags in order
   */
  static TagPage of(List<String> all, String query) throws RegistryError {
    String last = "";
    int limit = Integer.MAX_VALUE;
    for (String parameter : query.split("&", -1)) {
      if (parameter.startsWith("last=")) {
        last = parameter.substring("last=".length());
      } else if (parameter.startsWith("n=")) {
        limit = number(parameter.substring("n=".length()));
      }
    }
    String after = last;
    List<String> rest = all.stream().filter(tag -> tag.compareTo(after) > 0).toList();
    boolean more = limit > 0 && rest.size() > limit;
    return new TagPage(rest.stream().limit(limit).toList(), limit, more);
  }

  private static int number(String text) throws RegistryError {
    if (text.isEmpty()
        || text.length() > MAX_DIGITS
        || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new RegistryError(400, "UNSUPPORTED", "the parameter n is not a small number");
    }
    return Integer.parseInt(text);
  }

  /** The header that leads to the next part. */
  String link(String repository) {
    String last = tags.get(tags.size() - 1);
    return "</v2/" + repository + "/tags/list?n=" + limit + "&last=" + last + ">; rel=\"next\"";
  }
}
