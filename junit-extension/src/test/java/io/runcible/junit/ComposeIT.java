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
import java.nio.file.Path;
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
        ComposeExtension.of(Path.of("src/test/resources/compose/compose.yaml"));

    @Test
    void answers(@HostUrl("http://web:8080/answer") URI url) throws IOException {
      use(SHOP.container("web"));
      assertThat(url.getPort()).isEqualTo(SHOP.hostPort("web", 8080));
      try (InputStream in = url.toURL().openStream()) {
        assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8))
            .endsWith("in stock\non the shelf\nthird from the left\n");
      }
    }

    @Test
    void isTheSameForAllTests(@NamedContainer("db") Container db) {
      use(db);
      assertThat(db).isSameAs(SHOP.container("db"));
    }
  }
}
