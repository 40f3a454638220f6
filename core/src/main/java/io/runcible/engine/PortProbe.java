package io.runcible.engine;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * Says something to a port of a container, as a client of this host, and looks at the beginning of
 * the answer. One question after the other; none holds up the wait for long.
 */
final class PortProbe {
  private static final int MAX_ANSWER = 4096;
  private static final Duration LONGEST = Duration.ofSeconds(2);

  private final InetSocketAddress address;
  private final boolean tls;
  private final byte[] question;
  private final Pattern answer;

  PortProbe(InetSocketAddress address, boolean tls, String question, Pattern answer) {
    this.address = address;
    this.tls = tls;
    this.question = question.getBytes(StandardCharsets.UTF_8);
    this.answer = answer;
  }

  /** Where a client connects to. */
  static InetSocketAddress address(Container container, int port) {
    if (container.ports().stream().anyMatch(binding -> binding.containerPort() == port)) {
      return container.hostAddress(port);
    }
    if (container.addresses().isEmpty()) {
      throw new RuncibleException(
          ErrorKind.FAILED_PRECONDITION,
          container + " cannot be asked on port " + port + ": publish the port");
    }
    return new InetSocketAddress(container.addresses().get(0), port);
  }

  boolean succeeds(Duration left) {
    long nanos = Math.min(ContainerProcess.nanos(left), LONGEST.toNanos());
    long deadline = System.nanoTime() + nanos;
    try (Socket plain = new Socket()) {
      plain.connect(address, millisUntil(deadline));
      plain.setSoTimeout(millisUntil(deadline));
      try (Socket socket = tls ? encrypted(plain) : plain) {
        socket.getOutputStream().write(question);
        socket.getOutputStream().flush();
        return answers(socket, deadline);
      }
    } catch (IOException e) {
      // Not yet.
      return false;
    }
  }

  private boolean answers(Socket socket, long deadline) throws IOException {
    byte[] bytes = new byte[MAX_ANSWER];
    InputStream in = socket.getInputStream();
    int length = 0;
    while (length < bytes.length) {
      // A zero would be no limit at all.
      socket.setSoTimeout(millisUntil(deadline));
      int count = in.read(bytes, length, bytes.length - length);
      if (count < 0) {
        return false;
      }
      length += count;
      if (answer.matcher(new String(bytes, 0, length, StandardCharsets.ISO_8859_1)).find()) {
        return true;
      }
    }
    return false;
  }

  private static int millisUntil(long deadline) throws IOException {
    long millis = (deadline - System.nanoTime()) / 1_000_000;
    if (millis <= 0) {
      throw new IOException("no time is left");
    }
    return (int) millis;
  }

  private Socket encrypted(Socket plain) throws IOException {
    return factory().createSocket(plain, "localhost", address.getPort(), true);
  }

  /** Whoever answers is the container: this asks whether, not who. */
  private static SSLSocketFactory factory() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new TrustEveryone()}, null);
      return context.getSocketFactory();
    } catch (GeneralSecurityException e) {
      throw new RuncibleException(ErrorKind.UNSUPPORTED, "this JVM has no TLS", e);
    }
  }

  private static final class TrustEveryone implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
