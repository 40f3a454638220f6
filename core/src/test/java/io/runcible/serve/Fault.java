package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;

/** Something that goes wrong with an answer of {@link FaultyRegistry}. */
@FunctionalInterface
public interface Fault {
  /** Sends the answer, or something else. */
  void apply(HttpExchange exchange, Answer answer) throws IOException;

  /**
   * An answer that is ready to be sent.
   *
   * @param status the status code
   * @param headers the headers, to be changed at will
   * @param body the body, which is empty for HEAD
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Answer(int status, Headers headers, byte[] body) {
    Answer withBody(byte[] other) {
      return new Answer(status, headers, other);
    }

    /** Sends all of it. */
    void send(HttpExchange exchange) throws IOException {
      send(exchange, body.length);
    }

    /** Announces all of it, sends the first bytes, and leaves the connection open. */
    void send(HttpExchange exchange, int count) throws IOException {
      exchange.getResponseHeaders().putAll(headers);
      exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
      if (body.length > 0) {
        exchange.getResponseBody().write(body, 0, Math.min(count, body.length));
        exchange.getResponseBody().flush();
      }
    }
  }

  /** Drops the connection without an answer. */
  static Fault drop() {
    return (exchange, answer) -> exchange.close();
  }

  /** Drops the connection after some bytes of the body. */
  static Fault dropAfter(int bytes) {
    return (exchange, answer) -> {
      answer.send(exchange, bytes);
      exchange.close();
    };
  }

  /** Sends some bytes of the body and then nothing, until the latch opens. */
  static Fault stallAfter(int bytes, CountDownLatch latch) {
    return (exchange, answer) -> {
      answer.send(exchange, bytes);
      try {
        latch.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      exchange.close();
    };
  }

  /** Changes one byte of the body. */
  static Fault flip(int index) {
    return (exchange, answer) -> {
      byte[] wrong = answer.body().clone();
      if (index < wrong.length) {
        wrong[index] ^= 1;
      }
      answer.withBody(wrong).send(exchange);
    };
  }

  /** Sends a shorter body, as if it were the whole. */
  static Fault truncate(int bytes) {
    return (exchange, answer) ->
        answer
            .withBody(Arrays.copyOf(answer.body(), Math.min(bytes, answer.body().length)))
            .send(exchange);
  }

  /** Sends a longer body, as if it were the whole. */
  static Fault append(int bytes) {
    return (exchange, answer) ->
        answer.withBody(Arrays.copyOf(answer.body(), answer.body().length + bytes)).send(exchange);
  }

  /** Answers with a status and an error body instead. */
  static Fault status(int status) {
    return status(status, new Headers());
  }

  /** Answers with a status and says when to come again. */
  static Fault status(int status, String retryAfter) {
    Headers headers = new Headers();
    headers.set("Retry-After", retryAfter);
    return status(status, headers);
  }

  /** Answers with a status, headers and an error body instead. */
  static Fault status(int status, Headers headers) {
    byte[] body =
        "{\"errors\":[{\"code\":\"FAULT\",\"message\":\"as the test wants it\"}]}".getBytes(UTF_8);
    return (exchange, answer) -> {
      boolean bare = exchange.getRequestMethod().equals("HEAD");
      new Answer(status, headers, bare ? new byte[0] : body).send(exchange);
    };
  }

  /** Sends the client elsewhere. */
  static Fault redirect(String location) {
    Headers headers = new Headers();
    headers.set("Location", location);
    return status(307, headers);
  }

  /** Changes or, with an empty value, removes a header, such as Content-Type. */
  static Fault header(String name, String value) {
    return (exchange, answer) -> {
      if (value.isEmpty()) {
        answer.headers().remove(name);
      } else {
        answer.headers().set(name, value);
      }
      answer.send(exchange);
    };
  }
}
