package io.runcible.serve;

import java.util.Map;
import java.util.Optional;

/**
 * The head of a request.
 *
 * @param method such as GET
 * @param path decoded, without the query
 * @param query as it was sent, empty when there is none
 * @param headers the first value of each, by names in lower case
 */
record HttpRequest(String method, String path, String query, Map<String, String> headers) {
  boolean isHead() {
    return method.equals("HEAD");
  }

  Optional<String> header(String lowerCaseName) {
    return Optional.ofNullable(headers.get(lowerCaseName));
  }
}
