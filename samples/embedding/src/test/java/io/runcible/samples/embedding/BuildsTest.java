package io.runcible.samples.embedding;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is refused never reaches the sandbox: there is none. */
class BuildsTest {
  private final Builds builds = new Builds(null, Path.of("none"));
  private HttpServer http;

  @BeforeEach
  void start() throws IOException {
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.createContext("/builds/", builds);
    http.start();
  }

  @AfterEach
  void stop() {
    http.stop(0);
  }

  @Test
  void whatIsNoScriptIsRefused() throws Exception {
    assertThat(post("name", "text/plain")).isEqualTo(415);
    assertThat(post("name", "")).isEqualTo(415);
    assertThat(post("Name", "text/x-shellscript")).isEqualTo(400);
  }

  @Test
  void nothingIsBuiltAfterTheEnd() throws Exception {
    builds.close();
    assertThat(post("name", "text/x-shellscript")).isEqualTo(503);
  }

  private int post(String name, String type) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + http.getAddress().getPort() + "/builds/" + name);
    HttpRequest.Builder request = HttpRequest.newBuilder(uri).POST(BodyPublishers.ofString(""));
    if (!type.isEmpty()) {
      request.header("Content-Type", type);
    }
    return HttpClient.newHttpClient().send(request.build(), BodyHandlers.discarding()).statusCode();
  }
}
