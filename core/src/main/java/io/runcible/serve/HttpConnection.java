package io.runcible.serve;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.runcible.serve.HttpRequestReader.BadRequest;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.function.Function;

/** One connection: requests, one after the other, and their answers. */
final class HttpConnection {
  private static final int IDLE_MILLIS = 30_000;
  private static final int LINGER_MILLIS = 1_000;
  private static final int MAX_LINGER = 1 << 20;
  private static final int BUFFER_SIZE = 1 << 16;

  private final Socket socket;
  private final Function<HttpRequest, HttpAnswer> handler;
  private final InputStream in;
  private final OutputStream out;

  HttpConnection(Socket socket, Function<HttpRequest, HttpAnswer> handler) throws IOException {
    this.socket = socket;
    this.handler = handler;
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(IDLE_MILLIS);
    in = new BufferedInputStream(socket.getInputStream());
    out = new BufferedOutputStream(socket.getOutputStream(), BUFFER_SIZE);
  }

  /** Serves until the client closes the connection or an answer does. */
  void run() throws IOException {
    HttpRequestReader reader = new HttpRequestReader(in);
    try {
      boolean open = true;
      while (open) {
        Optional<HttpRequest> request = reader.read();
        open = request.isPresent() && answer(request.get(), reader.wasOldVersion());
      }
    } catch (BadRequest e) {
      byte[] message = (e.getMessage() + "\n").getBytes(ISO_8859_1);
      send(new HttpAnswer(400, "text/plain", message), false, true);
      linger();
    }
  }

  /** Answers a request; false when the connection ends with the answer. */
  private boolean answer(HttpRequest request, boolean oldVersion) throws IOException {
    // No request that is served has a body, so one that has is not worth reading it.
    boolean hasBody =
        request.header("transfer-encoding").isPresent()
            || !request.header("content-length").orElse("0").equals("0");
    boolean last =
        oldVersion || hasBody || request.header("connection").orElse("").equalsIgnoreCase("close");
    send(handler.apply(request), request.isHead(), last);
    if (hasBody) {
      linger();
    }
    return !last;
  }

  private void send(HttpAnswer answer, boolean bare, boolean last) throws IOException {
    StringBuilder head = new StringBuilder(256);
    head.append("HTTP/1.1 ").append(answer.status()).append(' ').append(reason(answer.status()));
    line(head, "Date", DateTimeFormatter.RFC_1123_DATE_TIME.format(now()));
    line(head, "Content-Length", Long.toString(answer.length()));
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
      case 206 -> "Partial Content";
      case 400 -> "Bad Request";
      case 403 -> "Forbidden";
      case 404 -> "Not Found";
      case 405 -> "Method Not Allowed";
      case 416 -> "Range Not Satisfiable";
      case 500 -> "Internal Server Error";
      case 501 -> "Not Implemented";
      case 503 -> "Service Unavailable";
      default -> "Status";
    };
  }

  /** Reads on for a while: closing with unread input would take the answer from the client. */
  private void linger() throws IOException {
    socket.shutdownOutput();
    socket.setSoTimeout(LINGER_MILLIS);
    byte[] ignored = new byte[BUFFER_SIZE];
    int total = 0;
    for (int count = 0; count >= 0 && total < MAX_LINGER; count = in.read(ignored)) {
      total += count;
    }
  }
}
