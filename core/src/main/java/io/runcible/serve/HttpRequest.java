package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.Map;
import java.util.Optional;

/**
 * A request.
 *
 * @param method such as GET
 * @param path decoded, without the query
 * @param query as it was sent, empty when there is none
 * @param headers the first value of each, by names in lower case
 * @param body read while the request is answered; what is not read then is dropped
 */
record HttpRequest(
    String method, String path, String query, Map<String, String> headers, RequestBody body) {
  boolean isHead() {
    return method.equals("HEAD");
  }

  Optional<String> header(String lowerCaseName) {
    return Optional.ofNullable(headers.get(lowerCaseName));
  }

  /** The first value of a parameter of the query, decoded. */
  Optional<String> parameter(String name) {
    for (String parameter : query.split("&", -1)) {
      if (parameter.startsWith(name + "=")) {
        String value = parameter.substring(name.length() + 1);
        // As it is, a value that cannot be decoded is none that anything has.
        return Optional.of(decode(value).orElse(value));
      }
    }
    return Optional.empty();
  }

  /** Decodes "%41"; empty when two hex digits are missing somewhere. */
  static Optional<String> decode(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '%') {
        bytes.write(c);
        continue;
      }
      int high = i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
      int low = high < 0 ? -1 : Character.digit(text.charAt(i + 2), 16);
      if (low < 0) {
        return Optional.empty();
      }
      bytes.write(high * 16 + low);
      i += 2;
    }
    return Optional.of(bytes.toString(UTF_8));
  }
}
