package io.runcible.serve;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.function.Function;

/** One connection: requests, one after the other, and their answers. */
final class HttpConnection {
  private static final int LINGER_SECONDS = 5;
  private static final int MAX_LINGER = 16 << 20;
  private static final int BUFFER_SIZE = 1 << 16;

  private static final byte[] PROCEED = "HTTP/1.1 100 Continue\r\n\r\n".getBytes(ISO_8859_1);

  private final Socket socket;
  private final ClientPace pace;
  private final Function<HttpRequest, HttpAnswer> handler;
  private final InputStream in;
  private final OutputStream out;

  /**
   * Makes a connection.
   *
   * @param pace by which somebody else closes the connection when the client is too slow
   */
  HttpConnection(Socket socket, ClientPace pace, Function<HttpRequest, HttpAnswer> handler)
      throws IOException {
    this.socket = socket;
    this.pace = pace;
    this.handler = handler;
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(pace.in(socket.getInputStream()));
    out = new BufferedOutputStream(pace.out(socket.getOutputStream()), BUFFER_SIZE);
  }

  /** Serves until the client closes the connection or an answer does. */
  void run() throws IOException {
    HttpRequestReader reader = new HttpRequestReader(in, pace, this::proceed);
    try {
      boolean open = true;
      while (open) {
        Optional<HttpRequest> request = reader.read();
        open = request.isPresent() && answer(request.get(), reader.wasOldVersion());
      }
    } catch (BadRequest e) {
      byte[] message = (e.getMessage() + "\n").getBytes(ISO_8859_1);
      send(new HttpAnswer(e.status(), "text/plain", message), false, true);
      linger();
    }
  }

  private void proceed() throws IOException {
    out.write(PROCEED);
    out.flush();
  }

  /** Answers a request; false when the connection ends with the answer. */
  private boolean answer(HttpRequest request, boolean oldVersion) throws IOException {
    RequestBody body = request.body();
    HttpAnswer answer = apply(request);
    if (body.failure().isPresent()) {
      throw body.failure().get();
    }
    // What nobody wanted to read is not worth reading, so the next request cannot be found.
    boolean unread = !body.isAtEnd();
    boolean last =
        oldVersion || unread || request.header("connection").orElse("").equalsIgnoreCase("close");
    send(answer, request.isHead(), last);
    if (unread) {
      linger();
    }
    return !last;
  }

  private HttpAnswer apply(HttpRequest request) throws IOException {
    try {
      return handler.apply(request);
    } catch (UncheckedIOException e) {
      throw request.body().failure().orElse(e.getCause());
    }
  }

  private void send(HttpAnswer answer, boolean bare, boolean last) throws IOException {
    StringBuilder head = new StringBuilder(256);
    head.append("HTTP/1.1 ").append(answer.status()).append(' ').append(reason(answer.status()));
    line(head, "Date", DateTimeFormatter.RFC_1123_DATE_TIME.format(now()));
    if (answer.status() != 204) {
      line(head, "Content-Length", Long.toString(answer.length()));
    }
    if (last) {
      line(head, "Connection", "close");
    }
    answer.headers().forEach((name, value) -> line(head, name, value));
    out.write(head.append("\r\n\r\n").toString().getBytes(ISO_8859_1));
    if (!bare) {
      answer.body().writeTo(out);
    }
    out.flush();
  }

  private static ZonedDateTime now() {
    return ZonedDateTime.now(ZoneOffset.UTC);
  }

  private static void line(StringBuilder head, String name, String value) {
    head.append("\r\n").append(name).append(": ").append(value);
  }

  private static String reason(int status) {
    return switch (status) {
      case 200 -> "OK";
      case 201 -> "Created";
      case 202 -> "Accepted";
      case 204 -> "No Content";
      case 206 -> "Partial Content";
      case 400 -> "Bad Request";
      case 401 -> "Unauthorized";
      case 403 -> "Forbidden";
      case 404 -> "Not Found";
      case 405 -> "Method Not Allowed";
      case 409 -> "Conflict";
      case 413 -> "Content Too Large";
      case 416 -> "Range Not Satisfiable";
      case 417 -> "Expectation Failed";
      case 429 -> "Too Many Requests";
      case 500 -> "Internal Server Error";
      case 501 -> "Not Implemented";
      case 503 -> "Service Unavailable";
      default -> "Status";
    };
  }

  /** Reads on for a while: closing with unread input would take the answer from the client. */
  private void linger() throws IOException {
    socket.shutdownOutput();
    pace.allow(LINGER_SECONDS, 0);
    byte[] ignored = new byte[BUFFER_SIZE];
    int total = 0;
    for (int count = 0; count >= 0 && total < MAX_LINGER; count = in.read(ignored)) {
      total += count;
    }
  }
}
