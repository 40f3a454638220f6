package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.archive.ArchiveLimits;
import io.runcible.image.Platform;
import io.runcible.registry.RegistryClient;
import io.runcible.runtime.CgroupManager;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

class EngineBuilderTest {
  @Test
  void runtimeIsTheOneThatIsInstalled() {
    assertThat(EngineBuilder.defaultRuntime(Set.of("runc", "crun")::contains)).isEqualTo("runc");
    assertThat(EngineBuilder.defaultRuntime(Set.of("runc")::contains)).isEqualTo("runc");
    assertThat(EngineBuilder.defaultRuntime(Set.of("crun")::contains)).isEqualTo("crun");
    assertThat(EngineBuilder.defaultRuntime(name -> false)).isEqualTo("runc");
  }

  @Test
  void copyHasAllSettingsAndListsOfItsOwn() throws IllegalAccessException {
    EngineBuilder builder =
        ContainerEngine.builder()
            .dataRoot(Path.of("/data"))
            .additionalStore(Path.of("/more"))
            .stateRoot(Path.of("/state"))
            .runtime("crun")
            .runtimeImage(RuntimeImage.of("a.example/b@sha256:" + "0".repeat(64), "/crun"))
            .cgroupManager(CgroupManager.CGROUPFS)
            .platform(Platform.parse("linux/s390x"))
            .registry(RegistryClient.builder().build())
            .verifier((reference, manifest, source) -> {})
            .policy(new HostPolicy(List.of()))
            .archiveLimits(ArchiveLimits.DEFAULT.withMaxEntries(1))
            .threads(Thread::new);
    EngineBuilder copy = builder.copy();
    for (Field field : EngineBuilder.class.getDeclaredFields()) {
      field.setAccessible(true);
      assertThat(field.get(copy))
          .as(field.getName())
          .isEqualTo(field.get(builder))
          .isNotEqualTo(field.get(ContainerEngine.builder()));
    }
    copy.additionalStore(Path.of("/another"));
    assertThat(builder)
        .extracting("additionalStores")
        .asInstanceOf(InstanceOfAssertFactories.LIST)
        .hasSize(1);
  }

  @Test
  void imagesOfAUserHaveTheirPlace() {
    assertThat(EngineBuilder.defaultDataRoot()).isAbsolute();
    assertThat(EngineBuilder.defaultDataRoot().getFileName()).hasToString("runcible");
  }
}
