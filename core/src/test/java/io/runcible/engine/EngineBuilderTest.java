package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
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
  void imagesOfAUserHaveTheirPlace() {
    assertThat(EngineBuilder.defaultDataRoot()).isAbsolute();
    assertThat(EngineBuilder.defaultDataRoot().getFileName()).hasToString("runcible");
  }
}
