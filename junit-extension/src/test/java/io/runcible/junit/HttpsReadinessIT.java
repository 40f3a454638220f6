package io.runcible.junit;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Mount;
import io.runcible.engine.Ready;
import java.time.Duration;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A server that speaks TLS on one port, with a certificate that nobody knows. */
@EnabledIfContainersAvailable
class HttpsReadinessIT {
  @RegisterExtension
  @Order(0)
  static final TestRegistry REGISTRY = TestRegistry.serve();

  /** Tests begin when it answers over TLS. */
  @RegisterExtension
  @Order(1)
  static final ContainerExtension SERVER =
      ContainerExtension.of(engine -> spec()).ready(Ready.onHttps(443, "/"));

  private static ContainerSpec spec() {
    HeldCertificate nobody = new HeldCertificate.Builder().commonName("nobody").build();
    String pem = nobody.certificatePem() + nobody.privateKeyPkcs8Pem();
    String site =
        "server { listen 443 ssl; ssl_certificate /tls.pem; ssl_certificate_key /tls.pem;"
            + " return 204; }\n";
    return ContainerSpec.builder(REGISTRY.host() + "/test:nginx")
        .mount(Mount.file(pem.getBytes(US_ASCII), "/tls.pem", 0600))
        .mount(Mount.file(site.getBytes(US_ASCII), "/etc/nginx/conf.d/tls.conf", 0644))
        .publish(80)
        .publish(443)
        .build();
  }

  @Test
  void serverIsReadyOnlyAsItIsSpokenTo() {
    SERVER.container().awaitReady(Ready.onHttp(80, "/"));
    for (Ready wrong : new Ready[] {Ready.onHttps(80, "/"), Ready.onHttp(443, "/")}) {
      Ready soon = wrong.within(Duration.ofMillis(200));
      assertThatThrownBy(() -> SERVER.container().awaitReady(soon))
          .hasMessageContaining("without " + wrong);
    }
  }
}
