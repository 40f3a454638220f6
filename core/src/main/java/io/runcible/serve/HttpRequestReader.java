package io.runcible.serve;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Reads the heads of requests (RFC 9112), of bounded size. */
final class HttpRequestReader {
  private static final int MAX_HEAD = 16 * 1024;

  private final InputStream in;
  private int left;
  private boolean oldVersion;

  HttpRequestReader(InputStream in) {
    this.in = in;
  }

  /** A request that cannot be understood; the connection is of no use any more. */
  static final class BadRequest extends Exception {
    private static final long serialVersionUID = 1L;

    BadRequest(String message) {
      super(message, null, false, false);
    }
  }

  /** Reads the next head; empty when the client has closed the connection instead. */
  Optional<HttpRequest> read() throws IOException, BadRequest {
    left = MAX_HEAD;
    int first = in.read();
    while (first == '\r' || first == '\n') {
      first = in.read();
    }
    if (first < 0) {
      return Optional.empty();
    }
    if (first < 'A' || first > 'Z') {
      // Not a letter, as a method has them: often the greeting of TLS, which waits for an answer.
      throw new BadRequest("this is a registry over plain HTTP");
    }
    String[] parts = ((char) first + line()).split(" ", -1);
    if (parts.length != 3 || !parts[2].matches("HTTP/1\\.[01]")) {
      throw new BadRequest("the first line is not of HTTP/1.1");
    }
    oldVersion = parts[2].endsWith("0");
    int question = parts[1].indexOf('?');
    String path = question < 0 ? parts[1] : parts[1].substring(0, question);
    String query = question < 0 ? "" : parts[1].substring(question + 1);
    return Optional.of(new HttpRequest(parts[0], decode(path), query, headers()));
  }

  /** Whether the last request was of HTTP/1.0, whose connections end with the answer. */
  boolean wasOldVersion() {
    return oldVersion;
  }

  private Map<String, String> headers() throws IOException, BadRequest {
    Map<String, String> headers = new HashMap<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      if (colon < 1 || line.substring(0, colon).chars().anyMatch(c -> c <= ' ')) {
        throw new BadRequest("a header is malformed");
      }
      String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
      headers.putIfAbsent(name, line.substring(colon + 1).strip());
    }
    return headers;
  }

  private String line() throws IOException, BadRequest {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0 || --left < 0) {
        throw new BadRequest(c < 0 ? "the head is cut off" : "the head is too long");
      }
      line.write(c);
    }
    String text = line.toString(ISO_8859_1);
    return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
  }

  private static String decode(String path) throws BadRequest {
    if (!path.startsWith("/")) {
      throw new BadRequest("the path does not begin with '/'");
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c != '%') {
        bytes.write(c);
        continue;
      }
      int high = i + 2 < path.length() ? Character.digit(path.charAt(i + 1), 16) : -1;
      int low = high < 0 ? -1 : Character.digit(path.charAt(i + 2), 16);
      if (low < 0) {
        throw new BadRequest("the path has a '%' without two hex digits");
      }
      bytes.write(high * 16 + low);
      i += 2;
    }
    return bytes.toString(UTF_8);
  }
}
