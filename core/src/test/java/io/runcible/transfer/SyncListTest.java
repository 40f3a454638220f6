package io.runcible.transfer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import io.runcible.registry.ProxySettings;
import io.runcible.registry.RegistryClient;
import io.runcible.registry.RegistryConfiguration;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SyncListTest {
  @TempDir Path directory;

  private static RuncibleException failure(String yaml) {
    return catchThrowableOfType(RuncibleException.class, () -> SyncList.parse(yaml, "list.yaml"));
  }

  @Test
  void allThatSkopeoReads() {
    String digest = "sha256:" + "ab".repeat(32);
    SyncList list =
        SyncList.parse(
            """
            # what we need
            registry.example:
              images:
                team/app:
                  - 1.10
                  - "2"
                  - %s
                base: []
                other:
              images-by-tag-regex:
                tool: ^1\\.13\\.[12]-alpine$
              images-by-semver:
                db: ">= 3.12.0"
              credentials:
                username: joe
                password: 007
              tls-verify: false
            docker.io:
              images:
                redis: [yes, on, 0x10]
              cert-dir: /etc/own
            """
                .formatted(digest),
            "list.yaml");
    SyncList.Registry first = list.registries().get(0);
    assertThat(first.name()).isEqualTo("registry.example");
    assertThat(first.repositories().stream().map(r -> r.repository().name()))
        .containsExactly(
            "registry.example/team/app",
            "registry.example/base",
            "registry.example/other",
            "registry.example/tool",
            "registry.example/db");
    assertThat(first.repositories().get(0).tags().exact()).contains(List.of("1.10", "2", digest));
    assertThat(first.repositories().get(1).tags().exact()).isEmpty();
    assertThat(first.repositories().get(2).tags().accepts("anything")).isTrue();
    assertThat(first.repositories().get(3).tags().accepts("1.13.2-alpine")).isTrue();
    assertThat(first.repositories().get(4).tags().accepts("3.13")).isTrue();
    assertThat(first.repositories().get(4).tags().accepts("3.11")).isFalse();
    assertThat(first.credentials().orElseThrow().username()).contains("joe");
    assertThat(first.tlsVerify()).contains(false);
    SyncList.Registry second = list.registries().get(1);
    assertThat(second.repositories().get(0).repository().name())
        .isEqualTo("docker.io/library/redis");
    assertThat(second.repositories().get(0).tags().exact()).contains(List.of("yes", "on", "0x10"));
    assertThat(second.certificates()).contains(Path.of("/etc/own"));
  }

  @Test
  void aClientIsConfigured() {
    SyncList list =
        SyncList.parse(
            "registry.example: {images: {a: []}, tls-verify: false,"
                + " credentials: {username: j, password: p}}",
            "x");
    try (RegistryClient client = list.configure(RegistryClient.builder()).build()) {
      assertThat(client).isNotNull();
    }
  }

  /** The answer that there is no such image shows that the connection was made. */
  private static ErrorKind answer(String registry, String settings) {
    SyncList list = SyncList.parse(registry + ": {images: {a: []}, " + settings + "}", "x");
    RegistryClient.Builder builder =
        RegistryClient.builder()
            .registries(RegistryConfiguration.none())
            .proxies(ProxySettings.none())
            .attempts(1);
    try (RegistryClient client = list.configure(builder).build()) {
      ImageReference app = ImageReference.parse(registry + "/app:1");
      return catchThrowableOfType(RuncibleException.class, () -> client.resolve(app)).kind();
    }
  }

  @Test
  void certificatesAreThoseOfTheListOrDoNotMatter() throws IOException {
    HeldCertificate own =
        new HeldCertificate.Builder().addSubjectAlternativeName("127.0.0.1").build();
    Path certificates = Files.createDirectory(directory.resolve("certificates"));
    Files.writeString(certificates.resolve("ca.crt"), own.certificatePem());
    try (MockWebServer server = new MockWebServer()) {
      server.useHttps(
          new HandshakeCertificates.Builder().heldCertificate(own).build().sslSocketFactory());
      server.setDispatcher(
          new Dispatcher() {
            @Override
            public MockResponse dispatch(RecordedRequest request) {
              return new MockResponse.Builder().code(404).build();
            }
          });
      server.start(InetAddress.getLoopbackAddress(), 0);
      String name = "127.0.0.1:" + server.getPort();
      assertThat(answer(name, "cert-dir: " + certificates)).isEqualTo(ErrorKind.NOT_FOUND);
      assertThat(answer(name, "cert-dir: " + directory)).isEqualTo(ErrorKind.UNAVAILABLE);
      assertThat(server.getRequestCount()).isEqualTo(2);
      assertThat(answer(name, "tls-verify: false")).isEqualTo(ErrorKind.NOT_FOUND);
      assertThat(server.getRequestCount()).isGreaterThan(2);
    }
  }

  @Test
  void aDirectoryOfCertificatesHasToBeThere() {
    Path missing = directory.resolve("missing");
    SyncList list =
        SyncList.parse("registry.example: {images: {a: []}, cert-dir: " + missing + "}", "x");
    try (RegistryClient client = list.configure(RegistryClient.builder()).build()) {
      ImageReference app = ImageReference.parse("registry.example/app:1");
      assertThatThrownBy(() -> client.resolve(app))
          .hasMessageContainingAll(missing.toString(), "registry.example");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      value = {
        "''#list.yaml is empty",
        "a#line 1: here should be names",
        "r.example: {image: {a: []}}#line 1: 'image' is unknown",
        "r.example: {}#no image of r.example",
        "r.example: {images: {a: x}}#here should be a list",
        "r.example: {images: {a: {b: c}}}#here should be a list",
        "r.example: {images: {a: ['']}}#the tag is empty",
        "r.example: {images: {a: [b/c]}}#must not contain",
        "r.example: {images: {a: ['sha256:x']}}#sha256:x",
        "r.example: {images: {a: [null]}}#here should be text",
        "r.example: {images: {'a:1': []}}#without a tag",
        "r.example: {images: {../a: []}}#is not an image reference",
        "r.example: {images: {A: []}}#is not an image reference",
        "plain: {images: {a: []}}#'plain' is not the name of a registry",
        "r.example: {images-by-tag-regex: {a: '('}}#not a regular expression",
        "r.example: {images-by-semver: {a: new}}#not a version range",
        "r.example: {images: {a: []}, tls-verify: maybe}#true or false",
        "r.example: {images: {a: []}, credentials: {username: x}}#'password' should be here",
        "r.example: {images: &x {a: []}}#anchors and aliases",
        "r.example: {images: {a: *x}}#anchors and aliases",
        "r.example: {images: {a: [], a: []}}#'a' comes twice",
        "r.example: {images: [}#not YAML",
        "'a: {b: {c: {d: {e: {f: {g: {h: {i: {j: {k: {l: {m: {n: {o: {p: {q: 1}}}}}}}}}}}}}}}}'#deep",
      })
  void whatIsWrongIsNamedWithItsLine(String yaml, String reason) {
    RuncibleException failure = failure(yaml);
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContainingAll("list.yaml", reason);
  }

  @Test
  void theLineIsRight() {
    assertThat(failure("r.example:\n  images:\n    a:\n      - ok\n      - 'not ok'\n"))
        .hasMessageContaining("list.yaml, line 5: ");
    assertThat(failure("r.example:\n  images:\n    a: []\n--- \nb: 1\n"))
        .hasMessageContaining("more than one document");
  }

  @Test
  void aPasswordIsNotShown() {
    assertThat(
            failure("r.example: {images: {a: []}, credentials: {username: [x], password: s3cret}}"))
        .hasMessageNotContaining("s3cret");
  }

  @Test
  void filesAreReadWithLimits() throws IOException {
    Path file = directory.resolve("list.yaml");
    Files.writeString(file, "#".repeat(1 << 20) + "\n");
    RuncibleException large =
        catchThrowableOfType(RuncibleException.class, () -> SyncList.read(file));
    assertThat(large.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    Files.writeString(file, "r.example: {images: {é: []}}", ISO_8859_1);
    assertThat(catchThrowableOfType(RuncibleException.class, () -> SyncList.read(file)))
        .hasMessageContaining("not UTF-8");
    Files.writeString(file, "r.example: {images: {a: ['1']}}");
    assertThat(SyncList.read(file).registries()).hasSize(1);
    Files.delete(file);
    assertThat(catchThrowableOfType(RuncibleException.class, () -> SyncList.read(file)).kind())
        .isEqualTo(ErrorKind.NOT_FOUND);
  }
}
