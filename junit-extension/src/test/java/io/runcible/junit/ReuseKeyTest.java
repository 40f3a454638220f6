package io.runcible.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Mount;
import io.runcible.network.Network;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ReuseKeyTest {
  private static ContainerSpec.Builder service() {
    return ContainerSpec.builder("shell").environment("A", "1").environment("B", "2");
  }

  private static String key(ContainerSpec.Builder spec) {
    return ReuseKey.of("key", ReuseKeyTest.class, spec.build(), List.of(), "");
  }

  static List<ContainerSpec.Builder> others() {
    Path here = Path.of("/tmp");
    return List.of(
        ContainerSpec.builder("other").environment("A", "1").environment("B", "2"),
        service().entrypoint("sh"),
        service().command("sh", "-c", "true"),
        service().environment("C", "3"),
        service().user("1"),
        service().publish(80),
        service().network(Network.named("a")),
        service().network(Network.named("a").withAlias("db")),
        service().mount(Mount.bind(here, "/tmp")),
        service().mount(Mount.bind(here, "/tmp").readOnly()),
        service().mount(Mount.bind(here, "/other")),
        service().mount(Mount.tmpfs("/tmp")),
        service().mount(Mount.tmpfs("/tmp").size("1m")),
        service().mount(Mount.volume("data", "/tmp")));
  }

  @ParameterizedTest
  @MethodSource("others")
  void servicesThatDifferShareNothing(ContainerSpec.Builder other) {
    assertThat(key(other)).startsWith("key\n").isNotEqualTo(key(service()));
    assertThat(others()).filteredOn(one -> key(one).equals(key(other))).hasSize(1);
  }

  @Test
  void filesAndWhatIsPrimedCount() {
    ContainerSpec spec = service().build();
    List<String[]> files = List.of(new String[][] {{"schema.sql", "/schema.sql"}});
    assertThat(
            List.of(
                ReuseKey.of("key", ReuseKeyTest.class, spec, List.of(), ""),
                ReuseKey.of("key", ReuseKeyTest.class, spec, files, ""),
                ReuseKey.of("key", ReuseKeyTest.class, spec, List.of(), "schema"),
                ReuseKey.of("other", ReuseKeyTest.class, spec, List.of(), ""),
                ReuseKey.of("key", ReuseKey.class, spec, List.of(), "")))
        .doesNotHaveDuplicates();
  }

  @Test
  void equalServicesHaveOneKey() {
    assertThat(key(ContainerSpec.builder("shell").environment("B", "2").environment("A", "1")))
        .isEqualTo(key(service()));
  }

  @Test
  void noTextLooksLikeSeveral() {
    assertThat(ReuseKey.text(List.of("a, b"))).isNotEqualTo(ReuseKey.text(List.of("a", "b")));
    assertThat(ReuseKey.text(new String[] {"1:a"})).isNotEqualTo(ReuseKey.text("1:a"));
    assertThat(ReuseKey.text(Optional.of("a"))).isNotEqualTo(ReuseKey.text(Optional.empty()));
    Map<String, String> map = new LinkedHashMap<>(Map.of("b", "2"));
    map.put("a", "1");
    assertThat(ReuseKey.text(map)).isEqualTo("[[1:a, 1:1], [1:b, 1:2]]");
  }
}
