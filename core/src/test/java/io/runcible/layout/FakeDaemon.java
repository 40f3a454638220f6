package io.runcible.layout;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/** Speaks as much HTTP over a socket file as a Docker daemon has to; answers all in one way. */
final class FakeDaemon implements AutoCloseable {
  private final Path socket;
  private final ServerSocketChannel server;
  private final Thread thread;
  private final byte[] answer;

  /** The request lines so far. */
  final List<String> requests = new CopyOnWriteArrayList<>();

  /** The bodies so far. */
  final List<byte[]> bodies = new CopyOnWriteArrayList<>();

  /** Counted down when a request is there. */
  final CountDownLatch asked = new CountDownLatch(1);

  FakeDaemon(Path socket, byte[] answer) throws IOException {
    this.socket = socket;
    this.answer = answer;
    this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    this.thread = new Thread(this::serve, "fake-daemon");
    thread.setDaemon(true);
    thread.start();
  }

  /** A whole answer. */
  static byte[] answer(String status, byte[] body) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(
        ("HTTP/1.1 " + status + "\r\nContent-Length: " + body.length + "\r\n\r\n").getBytes(UTF_8));
    out.writeBytes(body);
    return out.toByteArray();
  }

  static byte[] answer(String status, String body) {
    return answer(status, body.getBytes(UTF_8));
  }

  URI host() {
    return URI.create("unix://" + socket);
  }

  private void serve() {
    while (server.isOpen()) {
      try (SocketChannel connection = server.accept()) {
        answer(
            new BufferedInputStream(Channels.newInputStream(connection)),
            Channels.newOutputStream(connection));
      } catch (IOException e) {
        // The client went away, or the test is over.
      }
    }
  }

  private void answer(InputStream in, OutputStream out) throws IOException {
    requests.add(line(in));
    boolean chunked = false;
    for (String header = line(in); !header.isEmpty(); header = line(in)) {
      chunked |= header.equalsIgnoreCase("Transfer-Encoding: chunked");
    }
    if (chunked) {
      bodies.add(chunks(in));
    }
    asked.countDown();
    out.write(answer);
    if (answer.length == 0) {
      in.read(); // Silent until the client goes.
    }
  }

  private static byte[] chunks(InputStream in) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (int size = Integer.parseInt(line(in), 16); size > 0; ) {
      body.writeBytes(in.readNBytes(size));
      line(in);
      size = Integer.parseInt(line(in), 16);
    }
    line(in);
    return body.toByteArray();
  }

  private static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new IOException("closed");
      }
      if (b != '\r') {
        line.write(b);
      }
    }
    return line.toString(ISO_8859_1);
  }

  @Override
  public void close() throws IOException {
    server.close();
    thread.interrupt();
  }
}
