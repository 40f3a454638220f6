package io.runcible.junit;

import static io.runcible.junit.Kit.assertNoneRuns;
import static io.runcible.junit.Kit.assertPassed;
import static io.runcible.junit.Kit.use;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.VolumeInfo;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The services of a Compose file. */
@EnabledIfContainersAvailable
class ComposeIT {
  @RegisterExtension static final Kit KIT = new Kit();

  @Test
  void servicesStartInOrderAndFindEachOther() {
    System.setProperty("SHELL_IMAGE", KIT.reference());
    assertPassed(KIT.run(Shop.class), 2);
    System.clearProperty("SHELL_IMAGE");
    assertNoneRuns();
    try (ContainerEngine engine = ContainerEngine.create()) {
      assertThat(engine.volumes().list())
          .extracting(VolumeInfo::name)
          .noneMatch(name -> name.startsWith("stock-"));
    }
  }

  static class Shop {
    /** The db becomes healthy when it has its file; the web server copies what it says then. */
    @RegisterExtension
    static final ComposeExtension SHOP =
        ComposeExtension.ofText(
            """
            services:
              web:
                image: ${SHELL_IMAGE}
                command:
                  - sh
                  - -c
                  - printf 'GET /index.html HTTP/1.0\\r\\n\\r\\n' | nc data 80 >/tmp/answer;
                    cat /stock/note >>/tmp/answer; httpd -f -p 8080 -h /tmp
                ports: ["8080"]
                volumes: ["stock:/stock:ro"]
                depends_on:
                  db: {condition: service_healthy}
              db:
                image: ${SHELL_IMAGE}
                command:
                  - sh
                  - -c
                  - httpd -p 80 -h /tmp; echo on the shelf >/stock/note; sleep 0.3;
                    echo in stock >/tmp/index.html; sleep 600
                volumes: ["stock:/stock"]
                networks:
                  default: {aliases: [data]}
                healthcheck:
                  test: test -e /tmp/index.html
                  interval: 50ms
            volumes:
              stock:
            """);

    @Test
    void answers(@HostUrl("http://web:8080/answer") URI url) throws IOException {
      use(SHOP.container("web"));
      assertThat(url.getPort()).isEqualTo(SHOP.hostPort("web", 8080));
      try (InputStream in = url.toURL().openStream()) {
        assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8))
            .endsWith("in stock\non the shelf\n");
      }
    }

    @Test
    void isTheSameForAllTests(@NamedContainer("db") Container db) {
      use(db);
      assertThat(db).isSameAs(SHOP.container("db"));
    }
  }
}
