package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;

/** Something that goes wrong with an answer of {@link FaultyRegistry}. */
public final class Fault {
  private static final int ALL = Integer.MAX_VALUE;

  private final UnaryOperator<Answer> change;
  private final int bytes;
  private final CountDownLatch latch;

  private Fault(UnaryOperator<Answer> change, int bytes, CountDownLatch latch) {
    this.change = change;
    this.bytes = bytes;
    this.latch = latch;
  }

  /**
   * An answer before it is sent.
   *
   * @param status the status code
   * @param headers the headers, without that of the length
   * @param body the body, also for HEAD
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record Answer(int status, Map<String, String> headers, byte[] body) {
    Answer withBody(byte[] other) {
      return new Answer(status, headers, other);
    }
  }

  Answer change(Answer answer) {
    return change.apply(answer);
  }

  /** How much of the body is sent before the connection is dropped; negative for no answer. */
  int bytes() {
    return bytes;
  }

  /** What is waited for before the connection is dropped. */
  CountDownLatch latch() {
    return latch;
  }

  private static Fault sending(int bytes, CountDownLatch latch) {
    return new Fault(answer -> answer, bytes, latch);
  }

  /** Changes the answer. */
  public static Fault answer(UnaryOperator<Answer> change) {
    return new Fault(change, ALL, new CountDownLatch(0));
  }

  /** Drops the connection without an answer. */
  public static Fault drop() {
    return sending(-1, new CountDownLatch(0));
  }

  /** Drops the connection after some bytes of the body. */
  public static Fault dropAfter(int bytes) {
    return sending(bytes, new CountDownLatch(0));
  }

  /** Sends some bytes of the body and then nothing, until the latch opens; then drops. */
  public static Fault stallAfter(int bytes, CountDownLatch latch) {
    return sending(bytes, latch);
  }

  /** Changes one byte of the body. */
  public static Fault flip(int index) {
    return answer(
        answer -> {
          byte[] wrong = answer.body().clone();
          wrong[index % wrong.length] ^= 1;
          return answer.withBody(wrong);
        });
  }

  /** Sends a shorter body, as if it were the whole. */
  public static Fault truncate(int bytes) {
    return answer(answer -> answer.withBody(Arrays.copyOf(answer.body(), bytes)));
  }

  /** Sends a longer body, as if it were the whole. */
  public static Fault append(int bytes) {
    return answer(
        answer -> answer.withBody(Arrays.copyOf(answer.body(), answer.body().length + bytes)));
  }

  /** Sends another body. */
  public static Fault body(byte[] body) {
    return answer(answer -> answer.withBody(body));
  }

  /** Answers with a status and an error body instead. */
  public static Fault status(int status) {
    return status(status, Map.of());
  }

  /** Answers with a status and says when to come again. */
  public static Fault status(int status, String retryAfter) {
    return status(status, Map.of("Retry-After", retryAfter));
  }

  /** Answers with a status, headers and an error body instead. */
  public static Fault status(int status, Map<String, String> headers) {
    byte[] body =
        "{\"errors\":[{\"code\":\"FAULT\",\"message\":\"as the test wants it\"}]}".getBytes(UTF_8);
    return answer(answer -> new Answer(status, headers, body));
  }

  /** Sends the client elsewhere. */
  public static Fault redirect(String location) {
    return status(307, Map.of("Location", location));
  }

  /** Changes or, with an empty value, removes a header, such as Content-Type. */
  public static Fault header(String name, String value) {
    return answer(
        answer -> {
          Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
          headers.putAll(answer.headers());
          headers.remove(name);
          if (!value.isEmpty()) {
            headers.put(name, value);
          }
          return new Answer(answer.status(), headers, answer.body());
        });
  }
}
