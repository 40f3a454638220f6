package io.runcible.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerSpec;
import io.runcible.engine.Mount;
import io.runcible.network.Network;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ReuseKeyTest {
  private static ContainerSpec.Builder service() {
    return ContainerSpec.builder("shell").environment("A", "1").environment("B", "2");
  }

  private static String key(ContainerSpec.Builder spec) {
    return ReuseKey.of("key", ReuseKeyTest.class, spec.build());
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
        service().mount(Mount.tmpfs("/tmp").mode(0700)),
        service().mount(Mount.file(new byte[] {1}, "/tmp/one", 0400)),
        service().mount(Mount.file(new byte[] {2}, "/tmp/one", 0400)),
        service().mount(Mount.file(new byte[] {2}, "/tmp/one", 0440)),
        service().mount(Mount.volume("data", "/tmp")),
        service().mount(Mount.volume("data", "/tmp").withoutCopy()));
  }

  @ParameterizedTest
  @MethodSource("others")
  void servicesThatDifferShareNothing(ContainerSpec.Builder other) {
    assertThat(key(other)).startsWith("key\n").isNotEqualTo(key(service()));
    assertThat(others()).filteredOn(one -> key(one).equals(key(other))).hasSize(1);
  }

  @Test
  void serviceAndKeyCount() {
    ContainerSpec spec = service().build();
    assertThat(ReuseKey.of("other", ReuseKeyTest.class, spec)).isNotEqualTo(key(service()));
    assertThat(ReuseKey.of("key", ReuseKey.class, spec)).isNotEqualTo(key(service()));
  }

  @Test
  void filesCountByTheirContent(@TempDir Path directory) throws IOException {
    Path file = Files.writeString(directory.resolve("schema.sql"), "one");
    String one = withFile(file);
    String ofDirectory = withFile(directory);
    Files.writeString(file, "two");
    assertThat(List.of(one, withFile(file), ofDirectory, withFile(directory)))
        .doesNotHaveDuplicates();
    Files.writeString(file, "one");
    assertThat(withFile(file)).isEqualTo(one);
    assertThat(withFile(directory)).isEqualTo(ofDirectory);
  }

  private static String withFile(Path file) throws IOException {
    ClassPathFile copied = new ClassPathFile(file.toUri().toURL(), "/schema");
    return ReuseKey.withContent("key", List.of(copied), Optional.empty());
  }

  @Test
  void whatAStateDependsOnCounts() {
    String resource = "io/runcible/junit/ReuseKeyTest.class";
    assertThat(
            List.of(
                withState("a", "", List.of()),
                withState("b", "", List.of()),
                withState("a", "2", List.of()),
                withState("a", "", List.of(resource))))
        .doesNotHaveDuplicates();
  }

  private static String withState(String name, String version, List<String> resources) {
    Primer<Container> primer =
        new Primer<>() {
          @Override
          public void prime(Container container) {}

          @Override
          public String version() {
            return version;
          }

          @Override
          public List<String> resources() {
            return resources;
          }
        };
    PrimedState state = new PrimedState(name, primer, ReuseKeyTest.class.getClassLoader());
    return ReuseKey.withContent("key", List.of(), Optional.of(state));
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
