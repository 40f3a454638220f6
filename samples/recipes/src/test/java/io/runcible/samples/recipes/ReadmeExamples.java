package io.runcible.samples.recipes;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.runcible.engine.Container;
import io.runcible.junit.RunContainer;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The JUnit example of the README; compiled, and not run. */
final class ReadmeExamples {
  private ReadmeExamples() {}

  static class CacheTest {
    @Test
    void pings(@RunContainer(image = "redis:7", ports = "6379") Container redis) throws Exception {
      try (Socket client = new Socket("127.0.0.1", redis.hostPort(6379))) {
        client.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
        assertEquals('+', client.getInputStream().read());
      }
    }
  }
}
