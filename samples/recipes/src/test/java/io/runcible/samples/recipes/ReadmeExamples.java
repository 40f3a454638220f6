package io.runcible.samples.recipes;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.runcible.engine.Container;
import io.runcible.junit.HostPort;
import io.runcible.junit.RunContainer;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The JUnit example of the README; compiled, and not run. */
final class ReadmeExamples {
  private ReadmeExamples() {}

  static class CacheTest {
    @RunContainer(image = "redis:7", ports = "6379", memory = "256m")
    static Container redis;

    @Test
    void answers(@HostPort("redis:6379") int port) throws IOException {
      try (Socket client = new Socket("127.0.0.1", port)) {
        client.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
        assertEquals('+', client.getInputStream().read());
      }
    }
  }
}
