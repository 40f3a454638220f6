package io.runcible.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import io.runcible.image.Samples;
import io.runcible.layout.ImageLayout;
import io.runcible.registry.CredentialStore;
import io.runcible.registry.Credentials;
import io.runcible.registry.RegistryClient;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.Random;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may use a server, and over what. */
class RegistryAccessTest {
  private static final ImageReference APP = ImageReference.parse("team/app:1");

  @TempDir Path temporary;
  private ImageLayout layout;

  @BeforeEach
  void create() {
    layout = ImageLayout.create(temporary.resolve("layout"));
    Samples.put(layout, APP, "one");
  }

  private static ImageReference at(RegistryServer server, String rest) {
    return ImageReference.parse(server.host() + "/" + rest);
  }

  private static String basic(String pair) {
    return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(UTF_8));
  }

  @Nested
  class UserNames {
    private final Users users = new Users(Map.of("joe", "correct horse", "ann", "b:c\u00fc"));

    @ParameterizedTest
    @ValueSource(strings = {"joe:correct horse", "ann:b:c\u00fc"})
    void withTheirPasswordsAreLetIn(String pair) {
      assertThat(users.allow(basic(pair))).isTrue();
      assertThat(users.allow(basic(pair).replace("Basic", "bASIC"))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "joe:",
          "joe:correct",
          "joe:b:c\u00fc",
          ":",
          "",
          "ann:correct horse",
          "JOE:correct horse"
        })
    void withOtherPasswordsAreNot(String pair) {
      assertThat(users.allow(basic(pair))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Basic", "Basic ", "Basic !!!", "Bearer am9lOmNvcnJlY3QgaG9yc2U="})
    void needTheRightHeader(String header) {
      assertThat(users.allow(header)).isFalse();
    }

    @Test
    void areNotNeededWhenThereAreNone() {
      assertThat(new Users(Map.of()).allow("")).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a:b"})
    void thatCannotBeAreRefused(String name) {
      RegistryServer.Builder builder = RegistryServer.serve(layout);
      assertThatThrownBy(() -> builder.user(name, "secret"))
          .isInstanceOf(RuncibleException.class)
          .hasMessageNotContaining("secret");
    }
  }

  @Test
  void nothingIsSaidToStrangers() throws IOException {
    try (RegistryServer server =
        RegistryServer.serve(layout).writable().user("joe", "secret").start()) {
      for (String request :
          new String[] {
            "GET /v2/",
            "GET /v2/team/app/manifests/1",
            "GET /v2/_catalog",
            "GET /nothing",
            "DELETE /v2/team/app/manifests/1",
            "POST /v2/team/app/blobs/uploads/"
          }) {
        try (Socket socket = new Socket("127.0.0.1", server.address().getPort())) {
          String head = request + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
          socket.getOutputStream().write(head.getBytes(UTF_8));
          assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8))
              .startsWith("HTTP/1.1 401 Unauthorized\r\n")
              .contains("WWW-Authenticate: Basic realm=", "\"UNAUTHORIZED\"");
        }
      }
      assertThat(layout.tags(APP)).containsExactly("1");
    }
  }

  @Test
  void aClientWithAPasswordPushesAndPulls() {
    try (RegistryServer server =
            RegistryServer.serve(layout).writable().user("joe", "secret").start();
        RegistryClient client =
            RegistryClient.builder()
                .credentialStore(CredentialStore.NONE)
                .credentials(server.host(), Credentials.basic("joe", "secret"))
                .build();
        RegistryClient stranger =
            RegistryClient.builder().credentialStore(CredentialStore.NONE).build()) {
      Samples.put(client, at(server, "team/app:2"), "two");
      assertThat(client.tags(at(server, "team/app"))).containsExactly("1", "2");
      assertThat(
              catchThrowableOfType(
                      RuncibleException.class, () -> stranger.resolve(at(server, "team/app:1")))
                  .kind())
          .isEqualTo(ErrorKind.UNAUTHENTICATED);
    }
  }

  @Nested
  class Tls {
    private final HeldCertificate certificate =
        new HeldCertificate.Builder().addSubjectAlternativeName("127.0.0.1").build();
    private final HandshakeCertificates own =
        new HandshakeCertificates.Builder().heldCertificate(certificate).build();
    private final HandshakeCertificates trusted =
        new HandshakeCertificates.Builder()
            .addTrustedCertificate(certificate.certificate())
            .build();

    @Test
    void carriesPushesAndPulls() throws Exception {
      byte[] content = new byte[3_000_000];
      new Random(1).nextBytes(content);
      Digest digest = Digest.sha256(content);
      HttpClient client =
          HttpClient.newBuilder()
              .version(HttpClient.Version.HTTP_1_1)
              .sslContext(trusted.sslContext())
              .build();
      try (RegistryServer server =
          RegistryServer.serve(layout).writable().tls(own.sslContext()).start()) {
        URI blobs = URI.create("https://" + server.host() + "/v2/team/app/blobs/");
        HttpRequest push =
            HttpRequest.newBuilder(blobs.resolve("uploads/?digest=" + digest))
                .POST(HttpRequest.BodyPublishers.ofByteArray(content))
                .build();
        assertThat(client.send(push, BodyHandlers.discarding()).statusCode()).isEqualTo(201);
        HttpRequest pull = HttpRequest.newBuilder(URI.create(blobs + digest.toString())).build();
        assertThat(client.send(pull, BodyHandlers.ofByteArray()).body()).isEqualTo(content);
      }
      assertThat(layout.blobSize(APP, digest)).isEqualTo(content.length);
    }

    @Test
    void isNotSpokenByPlainClients() throws Exception {
      try (RegistryServer server = RegistryServer.serve(layout).tls(own.sslContext()).start();
          Socket socket = new Socket("127.0.0.1", server.address().getPort())) {
        socket.getOutputStream().write("GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(UTF_8));
        byte[] answer;
        try {
          answer = socket.getInputStream().readAllBytes();
        } catch (IOException e) {
          answer = new byte[0];
        }
        assertThat(new String(answer, UTF_8)).doesNotContain("HTTP/1.1");
      }
    }

    @Test
    void endsWithTheServer() throws Exception {
      RegistryServer server = RegistryServer.serve(layout).tls(own.sslContext()).start();
      try (Socket silent = new Socket("127.0.0.1", server.address().getPort())) {
        server.close();
        try {
          assertThat(silent.getInputStream().read()).isEqualTo(-1);
        } catch (IOException e) {
          assertThat(e).hasMessageContaining("reset");
        }
      }
      ServerThreads.assertGone();
    }
  }
}
