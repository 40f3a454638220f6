package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.MANIFEST;
import static io.runcible.registry.FakeRegistry.manifest;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.image.MediaType;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Certificates for single registries, and those for all. */
class CertificatesTest {
  private static final Descriptor DESCRIPTOR = Descriptor.of(MediaType.OCI_MANIFEST, MANIFEST);
  private static final HeldCertificate SERVER_AUTHORITY =
      new HeldCertificate.Builder().certificateAuthority(0).commonName("servers").build();
  private static final HeldCertificate CLIENT_AUTHORITY =
      new HeldCertificate.Builder().certificateAuthority(0).commonName("clients").build();
  private static final HeldCertificate SERVER =
      new HeldCertificate.Builder()
          .signedBy(SERVER_AUTHORITY)
          .addSubjectAlternativeName("127.0.0.1")
          .addSubjectAlternativeName("localhost")
          .build();

  /** Made once, as it takes longer than most tests here. */
  private static final KeyPair RSA = new HeldCertificate.Builder().rsa2048().build().keyPair();

  @TempDir Path certs;

  private Server server;

  @BeforeEach
  void start() throws IOException {
    server = new Server();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  /** A registry that wants to know who connects, and notes what it hears. */
  private static final class Server implements AutoCloseable {
    private final MockWebServer server = new MockWebServer();
    volatile String redirect = "";

    Server() throws IOException {
      HandshakeCertificates certificates =
          new HandshakeCertificates.Builder()
              .heldCertificate(SERVER, SERVER_AUTHORITY.certificate())
              .addTrustedCertificate(CLIENT_AUTHORITY.certificate())
              .build();
      server.useHttps(certificates.sslSocketFactory());
      server.requestClientAuth();
      server.setDispatcher(
          new Dispatcher() {
            @Override
            public MockResponse dispatch(RecordedRequest request) {
              return redirect.isEmpty()
                  ? manifest(MANIFEST).build()
                  : FakeRegistry.redirect(redirect);
            }
          });
      server.start(InetAddress.getLoopbackAddress(), 0);
    }

    String name() {
      return "127.0.0.1:" + server.getPort();
    }

    /** Who sent the last request: a name, or nothing. */
    Optional<String> peer() throws InterruptedException {
      return Optional.ofNullable(server.takeRequest().getHandshake())
          .flatMap(handshake -> Optional.ofNullable(handshake.peerPrincipal()))
          .map(Object::toString);
    }

    @Override
    public void close() {
      server.close();
    }
  }

  private Path put(String name, String content) throws IOException {
    Path own = Files.createDirectories(certs.resolve(server.name()));
    return Files.writeString(own.resolve(name), content);
  }

  private RegistryClient.Builder builder() {
    return RegistryClient.builder()
        .credentialStore(CredentialStore.NONE)
        .proxies(ProxySettings.none())
        .attempts(1)
        .registries(RegistryConfiguration.none().withCertificates(certs));
  }

  private Descriptor resolve(RegistryClient client) {
    return client.resolve(ImageReference.parse(server.name() + "/app:1"));
  }

  private RuncibleException failure(RegistryClient.Builder builder) {
    try (RegistryClient client = builder.build()) {
      return catchThrowableOfType(RuncibleException.class, () -> resolve(client));
    }
  }

  @Nested
  class Authorities {
    @Test
    void ofADirectoryAreTrustedAndMeanHttpsOnThisMachine() throws Exception {
      put("any.crt", SERVER_AUTHORITY.certificatePem());
      try (RegistryClient client = builder().build()) {
        assertThat(resolve(client)).isEqualTo(DESCRIPTOR);
      }
      assertThat(server.peer()).isEmpty();
    }

    @Test
    void mayBeSeveralInAFile() throws Exception {
      put("any.crt", CLIENT_AUTHORITY.certificatePem() + SERVER_AUTHORITY.certificatePem());
      try (RegistryClient client = builder().build()) {
        assertThat(resolve(client)).isEqualTo(DESCRIPTOR);
      }
    }

    @Test
    void ofAnotherPortAreNotTrusted() throws Exception {
      Path other = Files.createDirectories(certs.resolve("127.0.0.1"));
      Files.writeString(other.resolve("ca.crt"), SERVER_AUTHORITY.certificatePem());
      RuncibleException failure = failure(builder().https(server.name()));
      assertThat(failure.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
      assertThat(failure).hasMessageContaining("certs.d");
    }

    @Test
    void ofAKeyStoreAreTrustedForAll() {
      try (RegistryClient client =
          builder()
              .https(server.name())
              .trust(Certificates.trusting(SERVER_AUTHORITY.certificate()))
              .build()) {
        assertThat(resolve(client)).isEqualTo(DESCRIPTOR);
      }
    }

    @Test
    void doNotMakeUpForAnotherHostName() throws Exception {
      put("any.crt", CLIENT_AUTHORITY.certificatePem());
      assertThat(failure(builder())).hasMessageContaining("no secure connection");
    }
  }

  enum KeyForm {
    RSA_PKCS8,
    RSA_PKCS1,
    EC_PKCS8,
    EC_SEC1,
    ED25519;

    HeldCertificate certificate() throws Exception {
      HeldCertificate.Builder builder =
          new HeldCertificate.Builder().commonName("me").signedBy(CLIENT_AUTHORITY);
      return switch (this) {
        case RSA_PKCS8, RSA_PKCS1 -> builder.keyPair(RSA).build();
        case EC_PKCS8, EC_SEC1 -> builder.ecdsa256().build();
        case ED25519 ->
            builder.keyPair(KeyPairGenerator.getInstance("Ed25519").generateKeyPair()).build();
      };
    }

    String pem(HeldCertificate certificate) {
      return switch (this) {
        case RSA_PKCS8, EC_PKCS8, ED25519 -> certificate.privateKeyPkcs8Pem();
        case RSA_PKCS1 -> certificate.privateKeyPkcs1Pem();
        case EC_SEC1 ->
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
                + "-----BEGIN EC PRIVATE KEY-----\n"
                + Base64.getMimeEncoder().encodeToString(older(certificate))
                + "\n-----END EC PRIVATE KEY-----\n";
      };
    }

    /** PKCS #8 of a P-256 key has 26 bytes before the older form. */
    private static byte[] older(HeldCertificate certificate) {
      byte[] pkcs8 = certificate.keyPair().getPrivate().getEncoded();
      int start = pkcs8[1] < 0 ? 27 : 26;
      while (pkcs8[start - 2] != 0x04) {
        start++;
      }
      return java.util.Arrays.copyOfRange(pkcs8, start, pkcs8.length);
    }
  }

  @Nested
  class Identities {
    @ParameterizedTest
    @EnumSource(
        value = KeyForm.class,
        names = {"RSA_PKCS8", "RSA_PKCS1", "EC_PKCS8", "EC_SEC1", "ED25519"})
    void areShown(KeyForm form) throws Exception {
      HeldCertificate me = form.certificate();
      put("ca.crt", SERVER_AUTHORITY.certificatePem());
      put("me.cert", me.certificatePem());
      put("me.key", form.pem(me));
      try (RegistryClient client = builder().build()) {
        assertThat(resolve(client)).isEqualTo(DESCRIPTOR);
      }
      assertThat(server.peer()).contains("CN=me");
    }

    @Test
    void areNotShownToAnotherHostThatARedirectNames() throws Exception {
      HeldCertificate me = KeyForm.EC_PKCS8.certificate();
      put("ca.crt", SERVER_AUTHORITY.certificatePem());
      put("me.cert", me.certificatePem());
      put("me.key", KeyForm.EC_PKCS8.pem(me));
      try (Server other = new Server();
          RegistryClient client =
              builder().trust(Certificates.trusting(SERVER_AUTHORITY.certificate())).build()) {
        server.redirect = "https://" + other.name() + "/elsewhere";
        assertThat(resolve(client)).isEqualTo(DESCRIPTOR);
        assertThat(server.peer()).contains("CN=me");
        assertThat(other.peer()).isEmpty();
      }
    }

    @Test
    void areNotShownToAnotherNameOfTheSameServer() throws Exception {
      HeldCertificate me = KeyForm.EC_PKCS8.certificate();
      put("ca.crt", SERVER_AUTHORITY.certificatePem());
      put("me.cert", me.certificatePem());
      put("me.key", KeyForm.EC_PKCS8.pem(me));
      String localhost = server.name().replace("127.0.0.1", "localhost");
      try (RegistryClient client =
          builder()
              .https(localhost)
              .trust(Certificates.trusting(SERVER_AUTHORITY.certificate()))
              .build()) {
        resolve(client);
        assertThat(server.peer()).contains("CN=me");
        client.resolve(ImageReference.parse(localhost + "/app:1"));
        assertThat(server.peer()).isEmpty();
      }
    }
  }

  @Nested
  class DirectoriesWithMistakes {
    private RuncibleException broken(String named) {
      RuncibleException failure = failure(builder());
      assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
      assertThat(failure).hasMessageContaining(certs.resolve(server.name()).resolve(named) + "");
      return failure;
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "text",
          "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
          "-----BEGIN CERTIFICATE-----\n"
        })
    void withoutCertificatesAreRefused(String content) throws IOException {
      put("ca.crt", content);
      broken("ca.crt");
    }

    @Test
    void thatAreHugeAreRefused() throws IOException {
      put("ca.crt", "x".repeat(2 << 20));
      broken("ca.crt");
    }

    @Test
    void mayNotMissTheirKeyOrCertificate() throws Exception {
      HeldCertificate me = KeyForm.EC_PKCS8.certificate();
      Path cert = put("me.cert", me.certificatePem());
      assertThat(broken("me.cert")).hasMessageContaining("me.key is missing");
      Files.delete(cert);
      put("me.key", me.privateKeyPkcs8Pem());
      assertThat(broken("me.key")).hasMessageContaining("me.cert is missing");
    }

    @Test
    void withAnUnusableKeySayWhyAndDoNotQuoteIt() throws Exception {
      HeldCertificate me = KeyForm.RSA_PKCS8.certificate();
      put("me.cert", me.certificatePem());
      String secret = "s3cretsecretsecret00";
      for (List<String> bad :
          List.of(
              List.of("nothing", "no private key"),
              List.of(pem("PRIVATE KEY", secret), "not one of the kind RSA"),
              List.of(pem("PRIVATE KEY", "=" + secret), "not base64"),
              List.of(pem("RSA PRIVATE KEY", secret), "not one of the kind RSA"),
              List.of(pem("DSA PRIVATE KEY", secret), "not PKCS #8"),
              List.of(pem("ENCRYPTED PRIVATE KEY", secret), "passphrase"),
              List.of(pem("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\n" + secret), "passphrase"),
              List.of(KeyForm.EC_PKCS8.certificate().privateKeyPkcs8Pem(), "not one of the kind"),
              List.of(
                  new HeldCertificate.Builder().rsa2048().build().privateKeyPkcs8Pem(),
                  "does not belong to the certificate"))) {
        put("me.key", bad.get(0));
        assertThat(broken("me.key"))
            .hasMessageContaining(bad.get(1))
            .hasMessageNotContaining(secret)
            .hasNoCause();
      }
    }

    private static String pem(String label, String content) {
      return "-----BEGIN " + label + "-----\n" + content + "\n-----END " + label + "-----\n";
    }
  }

  @Test
  void portsAndNamesFindTheirDirectory() throws IOException {
    CertificateDirectories directories = new CertificateDirectories(List.of(certs), Map.of());
    Files.createDirectories(certs.resolve("a.example"));
    Files.createDirectories(certs.resolve("b.example:443"));
    Files.createDirectories(certs.resolve("docker.io"));
    Files.createDirectories(certs.resolve("[::1]:5000"));
    assertThat(find(directories, "https://a.example/")).isPresent();
    assertThat(find(directories, "https://a.example:5000/")).isEmpty();
    assertThat(find(directories, "https://b.example/")).isPresent();
    assertThat(find(directories, "https://registry-1.docker.io/")).isPresent();
    assertThat(find(directories, "https://auth.docker.io/")).isEmpty();
    assertThat(find(directories, "https://[::1]:5000/")).isPresent();
  }

  @Test
  void thoseThatAClientIsGivenForARegistryGoFirst() throws Exception {
    put("any.crt", CLIENT_AUTHORITY.certificatePem());
    Path own = Files.createDirectory(certs.resolve("own"));
    Files.writeString(own.resolve("ca.crt"), SERVER_AUTHORITY.certificatePem());
    try (RegistryClient client = builder().certificates(server.name(), own).build()) {
      assertThat(resolve(client)).isEqualTo(DESCRIPTOR);
    }
    RuncibleException failure =
        failure(builder().certificates(server.name(), certs.resolve("missing")));
    assertThat(failure.kind()).isEqualTo(ErrorKind.NOT_FOUND);
    assertThat(failure).hasMessageContainingAll(certs + "/missing", server.name());
  }

  private static Optional<?> find(CertificateDirectories directories, String url) {
    return directories.find(okhttp3.HttpUrl.get(url));
  }
}
