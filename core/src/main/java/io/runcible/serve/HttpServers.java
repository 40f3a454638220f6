package io.runcible.serve;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;

/**
 * Makes HTTP servers that answer at once. The JDK's sends the head and the body of an answer apart,
 * and the kernel holds the second back until the first is acknowledged, which takes 40 ms; the
 * property that prevents this is read once, when the first server of the JVM is made.
 */
final class HttpServers {
  private static final String NO_DELAY = "sun.net.httpserver.nodelay";

  private HttpServers() {}

  static synchronized HttpServer create(InetSocketAddress address) throws IOException {
    if (System.getProperty(NO_DELAY) != null) {
      return HttpServer.create(address, 0);
    }
    System.setProperty(NO_DELAY, "true");
    try {
      return HttpServer.create(address, 0);
    } finally {
      System.clearProperty(NO_DELAY);
    }
  }
}
