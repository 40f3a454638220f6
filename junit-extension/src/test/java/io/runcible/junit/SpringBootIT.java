package io.runcible.junit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Tests of applications on the lines of Spring Boot, in JVMs of their own. */
@EnabledIfContainersAvailable
@Timeout(240)
class SpringBootIT {
  @RegisterExtension static final TestRegistry IMAGES = TestRegistry.serve();

  private static ChildJvm start(String platform, String boot, Path directory) throws IOException {
    return ChildJvm.start(
        platform,
        Path.of("target", boot),
        directory.resolve(boot),
        SpringBootJvm.class,
        Map.of("images", IMAGES.host()));
  }

  @Test
  void servicesInContainersAreWhatAnApplicationConnectsTo(@TempDir Path directory)
      throws Exception {
    try (ChildJvm third = start("1.14.", "spring-boot-3", directory);
        ChildJvm fourth = start("6.", "spring-boot-4", directory)) {
      assertThat(third.await()).contains("5 tests successful", "0 tests failed");
      assertThat(fourth.await()).contains("5 tests successful", "0 tests failed");
    }
  }
}
