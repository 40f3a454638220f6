package io.runcible.serve;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the server makes of the bodies of requests, and of those who smuggle with them. */
class HttpBodiesTest {
  private static final String NEXT = "GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

  private final CountDownLatch failed = new CountDownLatch(1);
  private HttpListener listener;

  @BeforeEach
  void listen() throws IOException {
    listener =
        new HttpListener(
            new InetSocketAddress("127.0.0.1", 0), "bodies", null, () -> {}, this::answer);
  }

  @AfterEach
  void close() {
    listener.close();
  }

  /** Sends back what it got, unless nobody is to read it. */
  private HttpAnswer answer(HttpRequest request) {
    try {
      byte[] body = request.path().equals("/ignore") ? new byte[0] : request.body().readAllBytes();
      String head = request.method() + " " + request.path() + " ";
      return new HttpAnswer(
          200, "text/plain", (head + new String(body, ISO_8859_1)).getBytes(ISO_8859_1));
    } catch (IOException e) {
      failed.countDown();
      throw new UncheckedIOException(e);
    }
  }

  private Socket connect() throws IOException {
    return new Socket("127.0.0.1", listener.address().getPort());
  }

  private String exchange(String sent) throws IOException {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(sent.getBytes(ISO_8859_1));
      socket.shutdownOutput();
      return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
    }
  }

  @Nested
  class WellFormed {
    @ParameterizedTest
    @ValueSource(
        strings = {
          "Content-Length: 5\r\n\r\nhello",
          "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
          "transfer-encoding: CHUNKED\r\n\r\n1\r\nh\r\n00004\r\nello\r\n000\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n5;a=b;c=\"d\"\r\nhello\r\n0;x\r\nA: b\r\nC: d\r\n\r\n",
        })
    void areReadAndTheNextRequestFollows(String rest) throws IOException {
      assertThat(exchange("PUT /a HTTP/1.1\r\nHost: a\r\n" + rest + NEXT))
          .contains("PUT /a hello", "GET /next ");
    }

    @Test
    void ofManyChunksAreWhole() throws IOException {
      byte[] content = new byte[300_000];
      new Random(1).nextBytes(content);
      String text = new String(content, ISO_8859_1);
      StringBuilder chunks = new StringBuilder();
      for (int at = 0, size = 1; at < text.length(); at += size, size = size * 3 % 70_001 + 1) {
        String chunk = text.substring(at, Math.min(text.length(), at + size));
        chunks.append(Integer.toHexString(chunk.length())).append("\r\n").append(chunk);
        chunks.append("\r\n");
      }
      String answer =
          exchange("PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n");
      assertThat(answer).endsWith("PUT /a " + text);
    }

    @Test
    void areAskedForWhenTheClientWaits() throws IOException {
      try (Socket socket = connect()) {
        InputStream in = socket.getInputStream();
        String head = "PUT /a HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n";
        socket.getOutputStream().write(head.getBytes(UTF_8));
        String expected = "HTTP/1.1 100 Continue\r\n\r\n";
        assertThat(new String(in.readNBytes(expected.length()), UTF_8)).isEqualTo(expected);
        socket.getOutputStream().write(("hello" + NEXT).getBytes(UTF_8));
        assertThat(new String(in.readAllBytes(), UTF_8)).contains("PUT /a hello", "GET /next");
      }
    }

    @Test
    void areNotAskedForWhenNobodyWantsThem() throws IOException {
      try (Socket socket = connect()) {
        String head = "PUT /ignore HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
        socket.getOutputStream().write(head.getBytes(UTF_8));
        socket.shutdownOutput();
        assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8))
            .startsWith("HTTP/1.1 200 OK")
            .contains("Connection: close");
      }
    }

    @Test
    void thatNobodyReadsAreNoRequests() throws IOException {
      String hidden = "GET /hidden HTTP/1.1\r\n\r\n";
      String head = "PUT /ignore HTTP/1.1\r\nContent-Length: " + hidden.length() + "\r\n\r\n";
      assertThat(exchange(head + hidden + NEXT))
          .contains("PUT /ignore", "Connection: close")
          .doesNotContain("GET /hidden", "GET /next");
    }
  }

  @Nested
  class Malformed {
    @ParameterizedTest
    @ValueSource(
        strings = {
          "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n",
          "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
          "Content-Length: 5\r\ncontent-length: 6\r\n\r\nhello",
          "Content-Length: 5, 5\r\n\r\nhello",
          "Content-Length: +5\r\n\r\nhello",
          "Content-Length: -5\r\n\r\nhello",
          "Content-Length: 0x5\r\n\r\nhello",
          "Content-Length: 5 5\r\n\r\nhello",
          "Content-Length:\r\n\r\nhello",
          "Content-Length: \u00b2\r\n\r\nhello",
          "Content-Length: 9999999999999999999\r\n\r\nhello",
          "Content-Length : 5\r\n\r\nhello",
          "Content-Length\t: 5\r\n\r\nhello",
          "Content-Length: 5\r\n Content-Length: 0\r\n\r\nhello",
          "A: b\r\n\tTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "A: b\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "A: b\u0000\r\n\r\n",
          "\u000bTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "Host: a\r\nHost: b\r\n\r\n",
          "Content-Range: 0-4\r\nContent-Range: 1-5\r\nContent-Length: 0\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nhello",
          "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\nhello",
          "Transfer-Encoding: chunked\r\n\r\n0\r\nno trailer\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n0\r\n folded: x\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n5;a\rb\r\nhello\r\n0\r\n\r\n",
        })
    void endTheConnection(String rest) throws IOException {
      assertThat(exchange("PUT /a HTTP/1.1\r\n" + rest + NEXT))
          .startsWith("HTTP/1.1 400 Bad Request\r\n")
          .contains("Connection: close")
          .doesNotContain("/next", "200 OK");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {"gzip, chunked", "gzip", "identity", "chunked, chunked", "xchunked", ""})
    void codingsAreUnknown(String coding) throws IOException {
      assertThat(exchange("PUT /a HTTP/1.1\r\nTransfer-Encoding: " + coding + "\r\n\r\n" + NEXT))
          .startsWith("HTTP/1.1 501 ")
          .doesNotContain("/next");
    }

    @Test
    void expectationsAreRefused() throws IOException {
      assertThat(exchange("PUT /a HTTP/1.1\r\nExpect: wonders\r\n\r\n" + NEXT))
          .startsWith("HTTP/1.1 417 ")
          .doesNotContain("/next");
    }

    @Test
    void oldClientsHaveNoChunks() throws IOException {
      assertThat(exchange("PUT /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
          .startsWith("HTTP/1.1 400 ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"5;%s\r\nhello\r\n0\r\n\r\n", "0\r\nA: %s\r\n\r\n", "0%s\r\n\r\n"})
    void linesBetweenChunksAreBounded(String body) throws IOException {
      String sent = String.format(body, "0".repeat(10_000));
      assertThat(exchange("PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + sent))
          .startsWith("HTTP/1.1 400 ");
    }

    @Test
    void trailersAreBounded() throws IOException {
      String sent = "0\r\n" + "A: b\r\n".repeat(10_000) + "\r\n";
      assertThat(exchange("PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + sent))
          .startsWith("HTTP/1.1 400 ");
    }

    @Test
    void emptyLinesBeforeARequestAreBounded() throws IOException {
      assertThat(exchange("\r\n".repeat(20_000) + NEXT)).startsWith("HTTP/1.1 400 ");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "Content-Length: 6\r\n\r\nhello",
          "Transfer-Encoding: chunked\r\n\r\n6\r\nhello",
          "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
          "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        })
    void cutOffBodiesAreNotAnswered(String rest) throws Exception {
      assertThat(exchange("PUT /a HTTP/1.1\r\n" + rest)).isEmpty();
      assertThat(failed.await(1, TimeUnit.MINUTES)).isTrue();
    }
  }

  @Nested
  class Slow {
    private final ClientPace pace = new ClientPace(60);

    private boolean overdueAfter(long seconds) {
      return pace.isOverdue(System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds));
    }

    /** A stream that tells, while it is read, whether the client is late by then. */
    private InputStream watched(long seconds, boolean expected) {
      return pace.in(
          new ByteArrayInputStream(new byte[1 << 20]) {
            @Override
            public synchronized int read(byte[] buffer, int offset, int length) {
              assertThat(overdueAfter(seconds)).isEqualTo(expected);
              return super.read(buffer, offset, length);
            }
          });
    }

    @Test
    void clientsAreOverdueOnlyWhileTheyAreWaitedFor() throws IOException {
      pace.allow(30, 0);
      assertThat(overdueAfter(1000)).isFalse();
      assertThat(watched(29, false).read()).isZero();
      assertThat(watched(31, true).read()).isZero();
      assertThat(overdueAfter(1000)).isFalse();
    }

    @Test
    void bytesEarnNoMoreThanTheFirstAllowance() throws IOException {
      pace.allow(60, 1024);
      assertThat(watched(59, false).read(new byte[1 << 20])).isEqualTo(1 << 20);
      assertThat(watched(61, true).read()).isZero();
    }

    @Test
    void writersAreOverdueWhileNobodyReads() throws IOException {
      pace.out(
              new java.io.OutputStream() {
                @Override
                public void write(int b) {
                  throw new AssertionError();
                }

                @Override
                public void write(byte[] buffer, int offset, int length) {
                  assertThat(overdueAfter(59)).isFalse();
                  assertThat(overdueAfter(61)).isTrue();
                }
              })
          .write(new byte[10], 0, 10);
      assertThat(overdueAfter(1000)).isFalse();
    }
  }
}
