package io.runcible.serve;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpListenerTest {
  private static final String HOST = "Host: a\r\n";
  private static final String CLOSE = HOST + "Connection: close\r\n\r\n";

  private HttpListener listener;

  @BeforeEach
  void listen() throws IOException {
    listener =
        new HttpListener(
            new InetSocketAddress("127.0.0.1", 0),
            "http-listener-test",
            null,
            () -> {},
            this::answer);
  }

  @AfterEach
  void close() {
    listener.close();
  }

  private HttpAnswer answer(HttpRequest request) {
    return switch (request.path()) {
      case "/short" ->
          new HttpAnswer(
              200,
              "text/plain",
              10,
              out -> {
                out.write('x');
                throw new IOException("as the test wants it");
              });
      case "/broken" -> throw new IllegalStateException("as the test wants it");
      default ->
          new HttpAnswer(
              200,
              "text/plain",
              (request.method() + " " + request.path() + "?" + request.query()).getBytes(UTF_8));
    };
  }

  private Socket connect() throws IOException {
    return new Socket("127.0.0.1", listener.address().getPort());
  }

  /** Sends bytes and reads until the server closes the connection. */
  private String exchange(String sent) throws IOException {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(sent.getBytes(ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
    }
  }

  private static String body(String answer) {
    return answer.substring(answer.indexOf("\r\n\r\n") + 4);
  }

  @Nested
  class Requests {
    @Test
    void areAnswered() throws IOException {
      String answer = exchange("GET /a?b=c HTTP/1.1\r\n" + CLOSE);
      assertThat(answer)
          .startsWith("HTTP/1.1 200 OK\r\nDate: ")
          .contains("\r\nContent-Length: 10\r\n", "\r\nConnection: close\r\n")
          .contains("\r\nContent-Type: text/plain\r\n");
      assertThat(body(answer)).isEqualTo("GET /a?b=c");
    }

    @Test
    void ofHeadHaveNoBody() throws IOException {
      String answer = exchange("HEAD /a HTTP/1.1\r\n" + CLOSE);
      assertThat(answer).contains("Content-Length: 8\r\n");
      assertThat(body(answer)).isEmpty();
    }

    @Test
    void comeOneAfterTheOther() throws IOException {
      String answer =
          exchange(
              "GET /1 HTTP/1.1\r\n"
                  + HOST
                  + "\r\nHEAD /2 HTTP/1.1\r\n"
                  + HOST
                  + "\r\n\r\nGET /3 HTTP/1.1\r\n"
                  + CLOSE);
      assertThat(answer.split("HTTP/1.1 200 OK", -1)).hasSize(4);
      assertThat(answer).contains("GET /1?", "GET /3?").doesNotContain("HEAD /2?");
    }

    @Test
    void ofOldClientsEndTheConnection() throws IOException {
      assertThat(body(exchange("GET /a HTTP/1.0\r\n\r\nGET /b HTTP/1.0\r\n\r\n")))
          .isEqualTo("GET /a?");
    }

    @Test
    void mayEndLinesWithoutCarriageReturn() throws IOException {
      assertThat(body(exchange("GET /a HTTP/1.1\nConnection:  Close \n\n"))).isEqualTo("GET /a?");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "Content-Length: 5\r\n\r\nhello",
          "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        })
    void withABodyThatNobodyReadsAreTheLast(String rest) throws IOException {
      try (Socket socket = connect()) {
        socket.getOutputStream().write(("PUT /a HTTP/1.1\r\n" + rest).getBytes(ISO_8859_1));
        socket.shutdownOutput();
        String answer = new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
        assertThat(body(answer)).isEqualTo("PUT /a?");
      }
    }

    @Test
    void areDecodedOnce() throws IOException {
      assertThat(body(exchange("GET /a%3Ab%252f%c3%bc?%41 HTTP/1.1\r\n" + CLOSE)))
          .isEqualTo(new String("GET /a:b%2f\u00fc?%41".getBytes(UTF_8), ISO_8859_1));
    }
  }

  @Nested
  class BadRequests {
    @ParameterizedTest
    @ValueSource(
        strings = {
          "GET\r\n\r\n",
          "GET /\r\n\r\n",
          "GET / HTTP/2.0\r\n\r\n",
          "GET / HTTP/1.1 x\r\n\r\n",
          "GET  / HTTP/1.1\r\n\r\n",
          "GET http://a/ HTTP/1.1\r\n\r\n",
          "OPTIONS * HTTP/1.1\r\n\r\n",
          "GET /%4 HTTP/1.1\r\n\r\n",
          "GET /%zz HTTP/1.1\r\n\r\n",
          "GET / HTTP/1.1\r\nHost\r\n\r\n",
          "GET / HTTP/1.1\r\n: a\r\n\r\n",
          "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
          "get / HTTP/1.1\r\n\r\n",
          "\u0000\r\n\r\n",
        })
    void areRefused(String request) throws IOException {
      assertThat(exchange(request + "GET /next HTTP/1.1\r\n" + CLOSE))
          .startsWith("HTTP/1.1 400 Bad Request\r\n")
          .contains("Connection: close")
          .doesNotContain("/next");
    }

    @Test
    void ofTlsAreRefusedAtOnce() throws IOException {
      try (Socket socket = connect()) {
        socket.getOutputStream().write(new byte[] {0x16, 0x03, 0x01, 0x02, 0x00, 0x01});
        String answer =
            new String(socket.getInputStream().readNBytes("HTTP/1.1 400".length()), ISO_8859_1);
        assertThat(answer).isEqualTo("HTTP/1.1 400");
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET /%s HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nA: %s\r\n\r\n"})
    void ofUnboundedSizeAreRefused(String request) throws IOException {
      assertThat(exchange(String.format(request, "a".repeat(20_000))))
          .startsWith("HTTP/1.1 400 Bad Request\r\n");
    }

    @Test
    void thatAreCutOffEndTheConnection() throws IOException {
      try (Socket socket = connect()) {
        socket.getOutputStream().write("GET / HT".getBytes(ISO_8859_1));
        socket.shutdownOutput();
        assertThat(new String(socket.getInputStream().readAllBytes(), ISO_8859_1))
            .startsWith("HTTP/1.1 400");
      }
    }
  }

  @Nested
  class BadAnswers {
    @Test
    void thatAreTooShortDropTheConnection() throws IOException {
      String answer = exchange("GET /short HTTP/1.1\r\n" + HOST + "\r\n");
      assertThat(answer.isEmpty() || body(answer).length() < 10).isTrue();
    }

    @Test
    void thatAreNoneDropTheConnection() throws IOException {
      assertThat(exchange("GET /broken HTTP/1.1\r\n" + HOST + "\r\n")).isEmpty();
      assertThat(exchange("GET /a HTTP/1.1\r\n" + CLOSE)).startsWith("HTTP/1.1 200");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\r\nb: c", "a\nb", "\u0000", "\u00fc"})
    void cannotHaveHeadersThatBreakTheHead(String value) {
      HttpAnswer answer = new HttpAnswer(200, "text/plain", new byte[0]);
      assertThatThrownBy(() -> answer.header("A", value))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Nested
  class Closing {
    @Test
    void dropsConnectionsThatAreIdle() throws IOException {
      try (Socket socket = connect()) {
        InputStream in = socket.getInputStream();
        socket
            .getOutputStream()
            .write(("GET /a HTTP/1.1\r\n" + HOST + "\r\n").getBytes(ISO_8859_1));
        assertThat(in.read()).isEqualTo('H');
        listener.close();
        try {
          assertThat(in.readAllBytes()).isNotNull();
        } catch (IOException e) {
          assertThat(e).hasMessageContaining("reset");
        }
      }
    }

    @Test
    void isIdempotentAlsoFromSeveralThreads() throws Exception {
      CountDownLatch start = new CountDownLatch(1);
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        Thread thread =
            new Thread(
                () -> {
                  try {
                    start.await();
                  } catch (InterruptedException e) {
                    return;
                  }
                  listener.close();
                });
        thread.start();
        threads.add(thread);
      }
      start.countDown();
      for (Thread thread : threads) {
        thread.join();
      }
      assertThatThrownBy(() -> connect().close()).isInstanceOf(IOException.class);
    }
  }

  @Test
  void moreConnectionsThanThreadsAreTurnedAway() throws IOException {
    List<Socket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < 128; i++) {
        Socket socket = connect();
        sockets.add(socket);
        socket
            .getOutputStream()
            .write(("GET /a HTTP/1.1\r\n" + HOST + "\r\n").getBytes(ISO_8859_1));
        assertThat(socket.getInputStream().read()).isEqualTo('H');
      }
      try (Socket surplus = connect()) {
        assertThat(new String(surplus.getInputStream().readAllBytes(), ISO_8859_1))
            .startsWith("HTTP/1.1 503");
      }
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }
}
