package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.regex.Pattern;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class PortProbeTest {
  private static final Duration SHORT = Duration.ofMillis(300);

  private static PortProbe probe(int port, boolean tls, String say, String regex) {
    return new PortProbe(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
        tls,
        say,
        Pattern.compile(regex));
  }

  @Test
  void certificateOfNobodyIsGoodEnough() throws IOException {
    HeldCertificate certificate = new HeldCertificate.Builder().commonName("nobody").build();
    try (MockWebServer server = new MockWebServer()) {
      server.useHttps(
          new HandshakeCertificates.Builder()
              .heldCertificate(certificate)
              .build()
              .sslSocketFactory());
      server.enqueue(new MockResponse.Builder().code(204).build());
      server.start(InetAddress.getLoopbackAddress(), 0);
      assertThat(
              probe(server.getPort(), true, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "^HTTP/1.1 204 ")
                  .succeeds(Duration.ofSeconds(60)))
          .isTrue();
      assertThat(probe(server.getPort(), false, "", "^HTTP").succeeds(SHORT)).isFalse();
    }
  }

  /** A server that says a little now and then never ends by itself. */
  @Test
  @Timeout(60)
  void limitHoldsForAnAnswerThatDrips() throws Exception {
    Thread dripping;
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      dripping =
          new Thread(
              () -> {
                try (Socket client = server.accept()) {
                  OutputStream out = client.getOutputStream();
                  while (true) {
                    out.write('.');
                    Thread.sleep(10);
                  }
                } catch (IOException | InterruptedException e) {
                  // The client has gone.
                }
              });
      dripping.start();
      assertThat(probe(server.getLocalPort(), false, "", "never").succeeds(SHORT)).isFalse();
    }
    // Only now, as nobody comes where no time was left to connect.
    dripping.join();
  }

  @Test
  @Timeout(60)
  void onlyTheBeginningOfAnAnswerIsRead() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread talking =
          new Thread(
              () -> {
                try (Socket client = server.accept()) {
                  OutputStream out = client.getOutputStream();
                  while (true) {
                    out.write("much ado ".repeat(1000).getBytes(StandardCharsets.US_ASCII));
                  }
                } catch (IOException e) {
                  // The client has gone.
                }
              });
      talking.start();
      assertThat(probe(server.getLocalPort(), false, "", "never").succeeds(Duration.ofHours(1)))
          .isFalse();
      talking.join();
    }
  }

  @Test
  void nobodyThereIsNoAnswer() throws IOException {
    // Taken, so that nobody else begins to listen there.
    try (Socket silent = new Socket()) {
      silent.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      assertThat(probe(silent.getLocalPort(), false, "", "").succeeds(SHORT)).isFalse();
    }
  }
}
