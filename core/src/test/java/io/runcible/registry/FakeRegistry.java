package io.runcible.registry;

import io.runcible.Digest;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.MediaType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import javax.net.ServerSocketFactory;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import okio.Buffer;

/** A server whose answers a test decides, request by request, and a client that does not wait. */
final class FakeRegistry implements AutoCloseable {
  static final byte[] MANIFEST =
      "{\"schemaVersion\":2,\"config\":{},\"layers\":[]}".getBytes(StandardCharsets.UTF_8);

  private static final HeldCertificate CERTIFICATE =
      new HeldCertificate.Builder()
          .addSubjectAlternativeName("localhost")
          .addSubjectAlternativeName("127.0.0.1")
          .addSubjectAlternativeName("registry.example")
          .build();

  final List<RecordedRequest> requests = new CopyOnWriteArrayList<>();
  final List<Duration> pauses = new CopyOnWriteArrayList<>();
  final MovingClock clock = new MovingClock();
  private final MockWebServer server = new MockWebServer();
  private final boolean tls;

  private FakeRegistry(boolean tls, Function<RecordedRequest, MockResponse> answers) {
    this.tls = tls;
    server.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            requests.add(request);
            MockResponse answer = answers.apply(request);
            return request.getMethod().equals("HEAD") ? withoutBody(answer) : answer;
          }
        });
    if (tls) {
      server.useHttps(certificates().sslSocketFactory());
    }
    server.setServerSocketFactory(new PromptSockets());
    try {
      server.start(InetAddress.getLoopbackAddress(), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static MockResponse withoutBody(MockResponse answer) {
    String length = answer.getHeaders().get("Content-Length");
    MockResponse.Builder bare = new MockResponse.Builder(answer).body("");
    return length == null
        ? bare.removeHeader("Content-Length").build()
        : bare.setHeader("Content-Length", length).build();
  }

  static FakeRegistry answering(Function<RecordedRequest, MockResponse> answers) {
    return new FakeRegistry(false, answers);
  }

  static FakeRegistry answeringOverTls(Function<RecordedRequest, MockResponse> answers) {
    return new FakeRegistry(true, answers);
  }

  private static HandshakeCertificates certificates() {
    return new HandshakeCertificates.Builder()
        .heldCertificate(CERTIFICATE)
        .addTrustedCertificate(CERTIFICATE.certificate())
        .build();
  }

  /** The name of the registry in references. */
  String name() {
    return "127.0.0.1:" + server.getPort();
  }

  /** A URL of this server by its usual name. */
  String url(String path) {
    return (tls ? "https://" : "http://") + name() + path;
  }

  /** A URL of this server by another name, which makes it another host. */
  String urlElsewhere(String path) {
    return (tls ? "https://" : "http://") + "localhost:" + server.getPort() + path;
  }

  ImageReference reference(String rest) {
    return ImageReference.parse(name() + "/" + rest);
  }

  /** A client without credentials and without pauses, of three attempts. */
  RegistryClient.Builder client() {
    RegistryClient.Builder builder =
        RegistryClient.builder()
            .credentialStore(CredentialStore.NONE)
            .registries(RegistryConfiguration.none())
            .proxies(ProxySettings.none())
            .attempts(3)
            .stallTimeout(Duration.ofSeconds(20))
            .clock(clock)
            .sleeper(pauses::add);
    if (tls) {
      builder.https(name()).trust(Certificates.trusting(CERTIFICATE.certificate()));
    }
    return builder;
  }

  /** The requests as "GET /path". */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    for (RecordedRequest request : requests) {
      lines.add(request.getMethod() + " " + request.getTarget());
    }
    return lines;
  }

  static MockResponse status(int status) {
    return new MockResponse.Builder().code(status).build();
  }

  static MockResponse error(int status, String code, String message) {
    return new MockResponse.Builder()
        .code(status)
        .body("{\"errors\":[{\"code\":\"" + code + "\",\"message\":\"" + message + "\"}]}")
        .build();
  }

  static MockResponse redirect(String location) {
    return new MockResponse.Builder().code(307).addHeader("Location", location).build();
  }

  static MockResponse.Builder content(byte[] content) {
    return new MockResponse.Builder().body(new Buffer().write(content));
  }

  static MockResponse json(String json) {
    return new MockResponse.Builder().body(json).build();
  }

  static MockResponse.Builder manifest(byte[] manifest) {
    return content(manifest)
        .addHeader("Content-Type", MediaType.OCI_MANIFEST)
        .addHeader("Docker-Content-Digest", Digest.sha256(manifest));
  }

  static byte[] random(int size) {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }

  static Descriptor blob(byte[] content) {
    return Descriptor.of(MediaType.OCI_LAYER, content);
  }

  @Override
  public void close() {
    server.close();
  }

  /** Sockets that do not hold back the body of an answer until its head is acknowledged. */
  private static final class PromptSockets extends ServerSocketFactory {
    @Override
    public ServerSocket createServerSocket() throws IOException {
      return new ServerSocket() {
        @Override
        public Socket accept() throws IOException {
          Socket accepted = super.accept();
          accepted.setTcpNoDelay(true);
          return accepted;
        }
      };
    }

    @Override
    public ServerSocket createServerSocket(int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public ServerSocket createServerSocket(int port, int backlog) {
      throw new UnsupportedOperationException();
    }

    @Override
    public ServerSocket createServerSocket(int port, int backlog, InetAddress address) {
      throw new UnsupportedOperationException();
    }
  }

  /** A clock that a test moves. */
  static final class MovingClock extends Clock {
    private volatile Instant now = Instant.parse("2026-01-02T12:00:00Z");

    void advance(Duration duration) {
      now = now.plus(duration);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }
}
