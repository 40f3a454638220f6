package io.runcible.jakarta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.engine.ContainerEngine;
import io.runcible.engine.ContainerSpec;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SettingsTest {
  @Test
  void aSystemPropertyIsBeforeTheEnvironment() {
    System.setProperty("runcible.test-key", "property");
    try {
      assertThat(Settings.ofHost("runcible.test-key", name -> "variable")).contains("property");
    } finally {
      System.clearProperty("runcible.test-key");
    }
  }

  @Test
  void theEnvironmentHasKeysInCapitals() {
    Map<String, String> environment = Map.of("RUNCIBLE_DATA_ROOT", "/data", "runcible_x", "1");
    assertThat(Settings.ofHost("runcible.data-root", environment::get)).contains("/data");
    assertThat(Settings.ofHost("runcible.x", environment::get)).contains("1");
    assertThat(Settings.ofHost("runcible.y", environment::get)).isEmpty();
  }

  @Test
  void placeholdersStandForSettings() {
    Settings settings = settings(Map.of("registry", "registry.example", "dollar", "$1"));
    assertThat(settings.resolve("${registry}/app:${version:1.0}"))
        .isEqualTo("registry.example/app:1.0");
    assertThat(settings.resolve("${dollar} ${empty:} $x ${")).isEqualTo("$1  $x ${");
    assertThatThrownBy(() -> settings.resolve("${no}/app"))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
        .hasMessageContaining("'${no}/app' needs 'no', which is not set");
  }

  @Test
  void listsHaveCommas() {
    assertThat(settings(Map.of("a", "/x, /y,,")).list("a")).containsExactly("/x", "/y");
    assertThat(settings(Map.of("a", " ")).list("a")).isEmpty();
  }

  @Test
  void aManagerThatThereIsNotIsNamed() {
    Settings settings = settings(Map.of("runcible.cgroup-manager", "magic"));
    assertThatThrownBy(() -> EngineSettings.apply(settings, ContainerEngine.builder()))
        .hasMessage("runcible.cgroup-manager is 'magic', and must be one of [cgroupfs, systemd]");
  }

  @Test
  @FromImage(
      value = "${r:registry.example}/app",
      command = {"run", "${n:1}"},
      environment = {"A=b=${c:d}", "E="},
      ports = {"80", "127.0.0.1:8053:53/udp"},
      user = "app",
      memory = "64m",
      cpus = 0.5,
      pids = 7)
  void anAnnotationBecomesASpec() throws NoSuchMethodException {
    ContainerSpec spec = new Declaration(annotation("anAnnotationBecomesASpec"), none()).spec();
    assertThat(spec.image()).hasToString("registry.example/app:latest");
    assertThat(spec.command().orElseThrow()).containsExactly("run", "1");
    assertThat(spec.environment()).isEqualTo(Map.of("A", "b=d", "E", ""));
    assertThat(spec.ports().stream().map(Object::toString))
        .containsExactly("127.0.0.1:0:80/tcp", "127.0.0.1:8053:53/udp");
    assertThat(spec.user()).contains("app");
    assertThat(spec.memory()).hasValue(64 << 20);
    assertThat(spec.cpus()).hasValue(0.5);
    assertThat(spec.pids()).hasValue(7);
  }

  @Test
  @FromImage(value = "app", environment = "=x")
  void aVariableWithoutANameIsRefused() throws NoSuchMethodException {
    Declaration wrong = new Declaration(annotation("aVariableWithoutANameIsRefused"), none());
    assertThatThrownBy(wrong::spec).hasMessageContaining("'=x' in the environment of app");
  }

  private static FromImage annotation(String method) throws NoSuchMethodException {
    return SettingsTest.class.getDeclaredMethod(method).getAnnotation(FromImage.class);
  }

  private static Settings none() {
    return settings(Map.of());
  }

  private static Settings settings(Map<String, String> values) {
    return new Settings(key -> Optional.ofNullable(values.get(key)));
  }
}
