package io.runcible.serve;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads requests (RFC 9112): heads of bounded size, and where their bodies end. What two readers
 * could understand differently is refused, so that nobody hides one request in another.
 */
final class HttpRequestReader {
  private static final int MAX_HEAD = 16 * 1024;
  private static final int MAX_LENGTH_DIGITS = 18;
  private static final int IDLE_SECONDS = 30;
  private static final int HEAD_SECONDS = 30;
  private static final int BODY_SECONDS = 60;
  private static final int BODY_BYTES_PER_SECOND = 1024;

  /** Headers that must not come twice. */
  private static final Set<String> SINGLE =
      Set.of(
          "authorization",
          "content-length",
          "content-range",
          "content-type",
          "expect",
          "host",
          "transfer-encoding");

  private final InputStream in;
  private final ClientPace pace;
  private final RequestBody.Start proceed;
  private int left;
  private boolean oldVersion;

  /**
   * Makes a reader.
   *
   * @param pace of the client behind the stream
   * @param proceed tells the client to send the body
   */
  HttpRequestReader(InputStream in, ClientPace pace, RequestBody.Start proceed) {
    this.in = in;
    this.pace = pace;
    this.proceed = proceed;
  }

  /** Reads the next head; empty when the client has closed the connection instead. */
  Optional<HttpRequest> read() throws IOException {
    left = MAX_HEAD;
    pace.allow(IDLE_SECONDS, 0);
    int first = in.read();
    while ((first == '\r' || first == '\n') && --left > 0) {
      first = in.read();
    }
    if (first < 0) {
      return Optional.empty();
    }
    if (first < 'A' || first > 'Z') {
      // Not a letter, as a method has them: often the greeting of TLS, which waits for an answer.
      throw new BadRequest("this is a registry over plain HTTP");
    }
    pace.allow(HEAD_SECONDS, 0);
    String[] parts = ((char) first + line()).split(" ", -1);
    if (parts.length != 3 || !parts[2].matches("HTTP/1\\.[01]")) {
      throw new BadRequest("the first line is not of HTTP/1.1");
    }
    oldVersion = parts[2].endsWith("0");
    int question = parts[1].indexOf('?');
    String path = question < 0 ? parts[1] : parts[1].substring(0, question);
    String query = question < 0 ? "" : parts[1].substring(question + 1);
    Map<String, String> headers = headers();
    return Optional.of(new HttpRequest(parts[0], decode(path), query, headers, body(headers)));
  }

  /** Whether the last request was of HTTP/1.0, whose connections end with the answer. */
  boolean wasOldVersion() {
    return oldVersion;
  }

  private Map<String, String> headers() throws IOException {
    Map<String, String> headers = new HashMap<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      if (colon < 1 || !line.substring(0, colon).chars().allMatch(HttpRequestReader::isToken)) {
        throw new BadRequest("a header is malformed");
      }
      String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
      if (headers.putIfAbsent(name, line.substring(colon + 1).strip()) != null
          && SINGLE.contains(name)) {
        throw new BadRequest("a header comes twice: " + name);
      }
    }
    return headers;
  }

  private static boolean isToken(int c) {
    return c > ' ' && c < 0x7f && "\"(),/:;<=>?@[\\]{}".indexOf(c) < 0;
  }

  private RequestBody body(Map<String, String> headers) throws BadRequest {
    String length = headers.get("content-length");
    String coding = headers.get("transfer-encoding");
    String expected = headers.get("expect");
    if (expected != null && !expected.equalsIgnoreCase("100-continue")) {
      throw new BadRequest(417, "the header Expect wants something unknown");
    }
    RequestBody.Start start =
        () -> {
          pace.allow(BODY_SECONDS, BODY_BYTES_PER_SECOND);
          if (expected != null && !oldVersion) {
            proceed.begin();
          }
        };
    if (coding == null) {
      return length == null ? RequestBody.none() : RequestBody.ofLength(in, number(length), start);
    }
    if (length != null || oldVersion) {
      throw new BadRequest("it is not clear where the body ends");
    }
    if (!coding.equalsIgnoreCase("chunked")) {
      throw new BadRequest(501, "the transfer coding is unknown");
    }
    return RequestBody.chunked(in, start);
  }

  private static long number(String length) throws BadRequest {
    if (length.isEmpty()
        || length.length() > MAX_LENGTH_DIGITS
        || !length.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new BadRequest("the header Content-Length is not a number");
    }
    return Long.parseLong(length);
  }

  private String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0 || --left < 0) {
        throw new BadRequest(c < 0 ? "the head is cut off" : "the head is too long");
      }
      line.write(c);
    }
    String text = line.toString(ISO_8859_1);
    text = text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    if (text.chars().anyMatch(c -> (c < ' ' && c != '\t') || c == 0x7f)) {
      throw new BadRequest("the head has a control character");
    }
    return text;
  }

  private static String decode(String path) throws BadRequest {
    if (!path.startsWith("/")) {
      throw new BadRequest("the path does not begin with '/'");
    }
    return HttpRequest.decode(path)
        .orElseThrow(() -> new BadRequest("the path has a '%' without two hex digits"));
  }
}
