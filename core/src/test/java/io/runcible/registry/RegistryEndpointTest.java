package io.runcible.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.image.ImageReference;
import okhttp3.HttpUrl;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegistryEndpointTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost",
        "localhost:5000",
        "127.0.0.1:5000",
        "127.255.0.9",
        "[::1]:5000",
        "[::1]",
        "[0:0:0:0:0:0:0:1]:80"
      })
  void aNameOfThisMachineIsLoopback(String registry) {
    assertThat(RegistryEndpoint.isLoopback(registry)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "registry.example",
        "localhost.example:5000",
        "127.0.0.1.example",
        "127.0.0.256",
        "127.0.0",
        "127.0.0.0x1",
        "128.0.0.1",
        "[::2]:5000",
        "[fe80::1]:5000"
      })
  void anyOtherNameIsNot(String registry) {
    assertThat(RegistryEndpoint.isLoopback(registry)).isFalse();
  }

  @Test
  void dockersOwnRegistryAnswersElsewhere() {
    RegistryEndpoint endpoint = RegistryEndpoint.of("docker.io", false);
    ImageReference redis = ImageReference.parse("redis");
    assertThat(endpoint.name()).isEqualTo("docker.io");
    assertThat(endpoint.manifest(redis, "7").encodedPath())
        .isEqualTo("/v2/library/redis/manifests/7");
    assertThat(endpoint.base().host()).isNotEqualTo("docker.io").endsWith(".docker.io");
    assertThat(endpoint.base().isHttps()).isTrue();
  }

  @Test
  void schemeHostAndPortMakeAnOrigin() {
    RegistryEndpoint endpoint = RegistryEndpoint.of("registry.example:5000", false);
    assertThat(endpoint.isOrigin(HttpUrl.get("https://registry.example:5000/x"))).isTrue();
    assertThat(endpoint.isOrigin(HttpUrl.get("https://registry.example/x"))).isFalse();
    assertThat(endpoint.isOrigin(HttpUrl.get("http://registry.example:5000/x"))).isFalse();
    assertThat(endpoint.isOrigin(HttpUrl.get("https://cdn.registry.example:5000/x"))).isFalse();
  }

  @Test
  void anOriginInAMessageHasNoPathAndNoSecret() {
    assertThat(RegistryEndpoint.origin(HttpUrl.get("https://u:secret@host.example/p?sig=secret")))
        .isEqualTo("https://host.example");
    assertThat(RegistryEndpoint.origin(HttpUrl.get("http://[::1]:5000/")))
        .isEqualTo("http://[::1]:5000");
  }
}
