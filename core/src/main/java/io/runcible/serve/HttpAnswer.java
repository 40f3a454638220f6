package io.runcible.serve;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;
import java.util.TreeMap;

/** An answer to a request; its body is written while it is sent. */
final class HttpAnswer {
  private final int status;
  private final long length;
  private final Body body;
  private final Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);

  /**
   * Makes an answer.
   *
   * @param length of the body, in bytes
   */
  HttpAnswer(int status, String mediaType, long length, Body body) {
    this.status = status;
    this.length = length;
    this.body = body;
    header("Content-Type", mediaType);
  }

  HttpAnswer(int status, String mediaType, byte[] body) {
    this(status, mediaType, body.length, out -> out.write(body));
  }

  /** An answer without a body. */
  static HttpAnswer empty(int status) {
    HttpAnswer answer = new HttpAnswer(status, "", new byte[0]);
    answer.headers.clear();
    return answer;
  }

  /** Writes exactly as many bytes as were announced, or fails. */
  @FunctionalInterface
  interface Body {
    void writeTo(OutputStream out) throws IOException;
  }

  HttpAnswer header(String name, String value) {
    if (value.chars().anyMatch(c -> c < ' ' || c >= 0x7f)) {
      throw new IllegalArgumentException("not the value of a header: " + name);
    }
    headers.put(name, value);
    return this;
  }

  int status() {
    return status;
  }

  Map<String, String> headers() {
    return headers;
  }

  long length() {
    return length;
  }

  Body body() {
    return body;
  }
}
