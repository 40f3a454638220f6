package io.runcible.junit;

import static io.runcible.junit.Kit.assertNoneRuns;
import static io.runcible.junit.Kit.assertPassed;
import static io.runcible.junit.Kit.use;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.VolumeInfo;
import io.runcible.junit.RunContainer.Scope;
import io.runcible.network.NetworkInfo;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import org.junit.jupiter.api.RepeatedTest;
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

  @Test
  void servicesOfTheRunAreThoseOfAllClassesWithTheObject() {
    System.setProperty("SHELL_IMAGE", KIT.reference());
    assertPassed(KIT.run(OfRun.class, Shop.class, OfRunToo.class), 5);
    System.clearProperty("SHELL_IMAGE");
    // Those of the run, and those of a class, which are on networks and volumes of the same names.
    assertThat(new HashSet<>(Kit.SEEN)).hasSize(2 + 2);
    assertNoneRuns();
    assertThatThrownBy(() -> Services.SHOP.container("db"))
        .isInstanceOf(IllegalStateException.class);
    try (ContainerEngine engine = ContainerEngine.create()) {
      assertThat(engine.volumes().list())
          .extracting(VolumeInfo::name)
          .noneMatch(name -> name.startsWith("stock-"));
      // Other JVMs have networks of that name, too.
      assertThat(engine.networks().list())
          .filteredOn(info -> RunOwner.ofThisJvm().equals(info.labels().get(RunOwner.LABEL)))
          .extracting(NetworkInfo::name)
          .isEmpty();
    }
  }

  static class Services {
    static final ComposeExtension SHOP =
        ComposeExtension.of(Path.of("src/test/resources/compose/compose.yaml")).scope(Scope.RUN);
  }

  static class OfRun {
    @RegisterExtension static final ComposeExtension SHOP = Services.SHOP;

    @RepeatedTest(2)
    void uses(@NamedContainer("db") Container db) {
      use(SHOP.container("web"));
      use(db);
    }
  }

  static class OfRunToo {
    @RegisterExtension static final ComposeExtension OTHER = Services.SHOP;

    @Test
    void uses() {
      use(OTHER.container("web"));
      use(OTHER.container("db"));
    }
  }

  @Test
  void servicesOfTheRunAreNotThoseOfATest() {
    System.setProperty("SHELL_IMAGE", KIT.reference());
    assertThat(Kit.failure(KIT.run(OfRunInInstance.class))).contains("has to be static");
    System.clearProperty("SHELL_IMAGE");
    assertNoneRuns();
  }

  static class OfRunInInstance {
    @RegisterExtension final ComposeExtension shop = Services.SHOP;

    @Test
    void never() {}
  }
}
