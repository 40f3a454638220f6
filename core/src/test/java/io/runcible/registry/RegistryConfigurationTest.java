package io.runcible.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegistryConfigurationTest {
  private static final String DIGEST = "sha256:" + "a".repeat(64);

  @TempDir Path directory;

  private RegistryConfiguration configuration(String toml) {
    try {
      return RegistryConfiguration.file(
          Files.writeString(directory.resolve("registries.conf"), toml));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private List<String> names(String toml, String reference) {
    return configuration(toml).conf().sources(ImageReference.parse(reference)).stream()
        .map(source -> source.reference().toString())
        .toList();
  }

  private RuncibleException failure(String toml) {
    RuncibleException failure =
        catchThrowableOfType(RuncibleException.class, () -> configuration(toml));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContaining(directory.resolve("registries.conf").toString());
    return failure;
  }

  private Path write(String path, String content) throws IOException {
    Path file = directory.resolve(path);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, content);
  }

  @Nested
  class Prefixes {
    @ParameterizedTest
    @CsvSource({
      "a.example, a.example/app:1",
      "a.example/team, a.example/team/app:1",
      "a.example/team/app, a.example/team/app:1",
      "a.example/team/app:1, a.example/team/app:1",
      "a.example:5000, a.example:5000/app:1",
      "A.Example, a.example/app:1",
      "a.example/, a.example/app:1",
      "*.example, a.example/app:1",
      "*.example, a.b.example:5000/app:1",
      "docker.io/library, redis",
      "index.docker.io, redis"
    })
    void matchWholeParts(String prefix, String reference) {
      String toml = "[[registry]]\nprefix='" + prefix + "'\nlocation='x.example/y'\nblocked=true";
      assertThat(configuration(toml).conf().table(ImageReference.parse(reference).toString()))
          .isPresent();
    }

    @ParameterizedTest
    @CsvSource({
      "a.example, a.example:5000/app:1",
      "a.example, ba.example/app:1",
      "a.example/tea, a.example/team/app:1",
      "a.example/team/app:1, a.example/team/app:11",
      "a.example/team/app:1, a.example/team/app:2",
      "*.example, example.b.c/app:1",
      "*.a.example, a.example/app:1",
      "*.a.example, ba.example/app:1",
      "docker.io/redis, redis"
    })
    void doNotMatchElsewhere(String prefix, String reference) {
      String toml = "[[registry]]\nprefix='" + prefix + "'\nlocation='x.example/y'\nblocked=true";
      assertThat(configuration(toml).conf().table(ImageReference.parse(reference).toString()))
          .isEmpty();
    }

    @Test
    void theLongestDecides() {
      String toml =
          """
          [[registry]]
          prefix = "*.example"
          [[registry]]
          prefix = "*.b.example"
          [[registry]]
          location = "a.b.example"
          [[registry]]
          location = "a.b.example/team"
          """;
      RegistriesConf conf = configuration(toml).conf();
      assertThat(conf.table("a.b.example/team/app:1").orElseThrow().prefix())
          .isEqualTo("a.b.example/team");
      assertThat(conf.table("a.b.example/app:1").orElseThrow().prefix()).isEqualTo("a.b.example");
      assertThat(conf.table("c.b.example/app:1").orElseThrow().prefix()).isEqualTo("*.b.example");
      assertThat(conf.table("c.example/app:1").orElseThrow().prefix()).isEqualTo("*.example");
    }
  }

  @Nested
  class Names {
    @Test
    void withoutATableStay() {
      assertThat(names("", "a.example/app:1")).containsExactly("a.example/app:1");
    }

    @Test
    void moveBelowTheLocation() {
      String toml = "[[registry]]\nprefix='a.example/foo'\nlocation='b.example:5000/bar'";
      assertThat(names(toml, "a.example/foo/app:1")).containsExactly("b.example:5000/bar/app:1");
      assertThat(names(toml, "a.example/foo@" + DIGEST))
          .containsExactly("b.example:5000/bar@" + DIGEST);
    }

    @Test
    void ofAWildcardMoveWithoutTheirHost() {
      assertThat(
              names(
                  "[[registry]]\nprefix='*.example'\nlocation='b.example/m'", "a.example/x/app:1"))
          .containsExactly("b.example/m/x/app:1");
      assertThat(names("[[registry]]\nprefix='*.example'", "a.example/app:1"))
          .containsExactly("a.example/app:1");
    }

    @Test
    void areLookedForAtTheMirrorsFirst() {
      String toml =
          """
          [[registry]]
          location = "docker.io"
          [[registry.mirror]]
          location = "one.example/docker"
          [[registry.mirror]]
          location = "two.example"
          pull-from-mirror = "digest-only"
          [[registry.mirror]]
          location = "three.example"
          pull-from-mirror = "tag-only"
          """;
      assertThat(names(toml, "redis:7"))
          .containsExactly(
              "one.example/docker/library/redis:7",
              "three.example/library/redis:7",
              "docker.io/library/redis:7");
      assertThat(names(toml, "redis@" + DIGEST))
          .containsExactly(
              "one.example/docker/library/redis@" + DIGEST,
              "two.example/library/redis@" + DIGEST,
              "docker.io/library/redis@" + DIGEST);
    }

    @Test
    void withATagMayHaveNoMirrors() {
      String toml =
          """
          [[registry]]
          location = "a.example"
          mirror-by-digest-only = true
          [[registry.mirror]]
          location = "b.example"
          """;
      assertThat(names(toml, "a.example/app:1")).containsExactly("a.example/app:1");
      assertThat(names(toml, "a.example/app@" + DIGEST)).hasSize(2);
    }

    @Test
    void thatAreNoneAtTheirLocationAreRefused() {
      String toml =
          "[[registry]]\nprefix='a.example'\nlocation='b.example/" + "x/".repeat(100) + "y'";
      RuncibleException failure =
          catchThrowableOfType(
              RuncibleException.class, () -> names(toml, "a.example/" + "z".repeat(100) + ":1"));
      assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
      assertThat(failure).hasMessageContaining("b.example").hasMessageContaining("a.example");
    }
  }

  @Nested
  class WhatIsDecidedOnTheEffectiveName {
    private RegistriesConf.Source location(String toml, String reference) {
      return configuration(toml).conf().location(ImageReference.parse(reference));
    }

    @Test
    void isWhetherItIsBlocked() {
      String toml =
          """
          [[registry]]
          prefix = "a.example"
          location = "b.example"
          [[registry]]
          location = "b.example/secret"
          blocked = true
          """;
      assertThat(location(toml, "a.example/secret/app:1").blockedBy().orElseThrow().prefix())
          .isEqualTo("b.example/secret");
      assertThat(location(toml, "a.example/app:1").blockedBy()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
      "true,true,true",
      "true,false,false",
      "false,true,false",
      ",true,true",
      "true,,true"
    })
    void isWhetherItIsInsecureAndTheStricterOneCounts(
        Boolean logical, Boolean effective, boolean expected) {
      String toml =
          "[[registry]]\nprefix = 'a.example'\nlocation = 'b.example'\n"
              + (logical == null ? "" : "insecure = " + logical)
              + "\n[[registry]]\nlocation = 'b.example'\n"
              + (effective == null ? "" : "insecure = " + effective);
      assertThat(location(toml, "a.example/app:1").insecure()).contains(expected);
    }
  }

  @Nested
  class ShortNamesThatAreTyped {
    private static final String ALIASES =
        """
        unqualified-search-registries = ["only.example"]
        [aliases]
        "fedora" = "registry.example/os/fedora"
        "team/app" = "registry.example/app"
        """;

    @ParameterizedTest
    @CsvSource({
      "fedora, registry.example/os/fedora:latest",
      "fedora:40, registry.example/os/fedora:40",
      "team/app:1, registry.example/app:1",
      "other:1, only.example/other:1",
      "team/other, only.example/team/other:latest",
      "docker.io/fedora, docker.io/library/fedora:latest",
      "localhost/fedora, localhost/fedora:latest"
    })
    void followAliasesAndThenTheOnlyRegistry(String typed, String expected) {
      assertThat(configuration(ALIASES).resolve(typed)).hasToString(expected);
    }

    @Test
    void keepTheirDigest() {
      assertThat(configuration(ALIASES).resolve("fedora:40@" + DIGEST))
          .hasToString("registry.example/os/fedora:40@" + DIGEST);
    }

    @Test
    void areDockersWithoutAConfiguration() {
      assertThat(RegistryConfiguration.none().resolve("redis:7"))
          .hasToString("docker.io/library/redis:7");
    }

    @Test
    void areRefusedWhenSeveralRegistriesMayBeMeant() {
      RegistryConfiguration several =
          configuration(
              "unqualified-search-registries = ['a.example', 'b.example']\n"
                  + "short-name-mode = 'permissive'");
      RuncibleException failure =
          catchThrowableOfType(RuncibleException.class, () -> several.resolve("app"));
      assertThat(failure.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION);
      assertThat(failure).hasMessageContaining("a.example, b.example");
    }
  }

  @Nested
  class AFile {
    @Test
    void ofVersion1IsRefused() {
      assertThat(failure("[registries.search]\nregistries = ['a.example']"))
          .hasMessageContaining("version 1");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "unknown = 1",
          "= 1",
          "[[registry]]\nlocation='a.example'\nlocation='b.example'",
          "[[registry]]\nlocation='a.example'\nblokced=true",
          "[[registry]]\nlocation='a.example'\nblocked='true'",
          "[[registry]]\nlocation='a.example'\n[[registry]]\nprefix='a.example'\nlocation='b.example'",
          "[[registry]]\nblocked=true",
          "[[registry]]\nprefix='a.example'",
          "[[registry]]\nlocation='https://a.example'",
          "[[registry]]\nlocation='a'",
          "[[registry]]\nlocation='a.example/B'",
          "[[registry]]\nlocation='a.example/b:1'",
          "[[registry]]\nlocation='*.example'",
          "[[registry]]\nprefix='*.example/foo'",
          "[[registry]]\nprefix='*.example:5000'",
          "[[registry]]\nprefix='a.*.example'\nlocation='a.example'",
          "[registry]\nlocation='a.example'",
          "[[registry]]\nlocation='a.example'\n[registry.mirror]\nlocation='b.example'",
          "[[registry]]\nlocation='a.example'\n[[registry.mirror]]\ninsecure=true",
          "[[registry]]\nlocation='a.example'\n[[registry.mirror]]\nlocation='b.example'\npull-from-mirror='x'",
          "[[registry]]\nlocation='a.example'\nmirror-by-digest-only=true\n[[registry.mirror]]\nlocation='b.example'\npull-from-mirror='all'",
          "short-name-mode='x'",
          "short-name-mode=1",
          "unqualified-search-registries='a.example'",
          "unqualified-search-registries=[1]",
          "[aliases]\n'a.example/b'='c.example/d'",
          "[aliases]\n'a:1'='c.example/d'",
          "[aliases]\n'a'='b'",
          "[aliases]\n'a'='c.example/d:1'",
          "[aliases]\n'a'=1",
          "aliases=1"
        })
    void thatIsNotUnderstoodIsRefused(String toml) {
      assertThat(failure(toml)).hasNoCause();
    }

    /** Numbers that JSON does not have. */
    @ParameterizedTest
    @ValueSource(strings = {"nan", "-nan", "inf", "-inf"})
    void thatHasNoNumberForATextIsRefused(String number) {
      assertThat(failure("short-name-mode = " + number))
          .hasMessageContaining("'short-name-mode' is not text");
      assertThat(failure("credential-helpers = [" + number + "]"))
          .hasMessageContaining("'credential-helpers' is not a list of texts");
    }

    @Test
    void thatIsHugeOrDeepIsRefused() {
      failure("#" + "x".repeat(1 << 20));
      failure("a = " + "[".repeat(100_000));
      failure("a.".repeat(50_000) + "a = 1");
    }

    @Test
    void thatIsNotThereIsAnError() {
      RuncibleException failure =
          catchThrowableOfType(
              RuncibleException.class,
              () -> RegistryConfiguration.file(directory.resolve("absent")));
      assertThat(failure.kind()).isEqualTo(ErrorKind.NOT_FOUND);
    }
  }

  @Nested
  class TheHost {
    private RegistryConfiguration host(Map<String, String> environment) {
      return RegistryConfiguration.host(
          environment, directory.resolve("home"), directory.resolve("root"));
    }

    private String alias() {
      return host(Map.of()).resolve("app").name();
    }

    private static String alias(String target) {
      return "[aliases]\n'app' = '" + target + "'";
    }

    @Test
    void withoutFilesSaysNothing() {
      assertThat(alias()).isEqualTo("docker.io/library/app");
    }

    @Test
    void hasFilesThatChangeWhatEarlierOnesSay() throws IOException {
      write("root/etc/containers/registries.conf", alias("a.example/1"));
      assertThat(alias()).isEqualTo("a.example/1");
      write("root/etc/containers/registries.conf.d/10.conf", alias("a.example/2"));
      write("root/etc/containers/registries.conf.d/20.conf", alias("a.example/3"));
      write("root/etc/containers/registries.conf.d/30.txt", "nonsense");
      assertThat(alias()).isEqualTo("a.example/3");
      write("home/.config/containers/registries.conf.d/00.conf", alias("a.example/4"));
      assertThat(alias()).isEqualTo("a.example/4");
      write("root/var/cache/containers/short-name-aliases.conf", alias("a.example/5"));
      assertThat(alias()).isEqualTo("a.example/5");
      write("home/.cache/containers/short-name-aliases.conf", alias(""));
      assertThat(alias()).isEqualTo("docker.io/library/app");
    }

    @Test
    void ofAUserReplacesThatOfTheSystem() throws IOException {
      write("root/etc/containers/registries.conf", alias("a.example/1"));
      write("root/etc/containers/registries.conf.d/10.conf", alias("a.example/2"));
      write("home/.config/containers/registries.conf", "");
      assertThat(alias()).isEqualTo("docker.io/library/app");
    }

    @Test
    void mayBeOneFileOfTheEnvironment() throws IOException {
      write("root/etc/containers/registries.conf.d/10.conf", alias("a.example/2"));
      Path only = write("only.conf", alias("a.example/6"));
      Map<String, String> environment = Map.of("CONTAINERS_REGISTRIES_CONF", only.toString());
      assertThat(host(environment).resolve("app").name()).isEqualTo("a.example/6");
    }

    @Test
    void replacesTablesOfOnePrefixAndKeepsTheOthers() throws IOException {
      write(
          "root/etc/containers/registries.conf",
          "[[registry]]\nlocation='a.example'\nblocked=true\n[[registry]]\nlocation='b.example'");
      write(
          "root/etc/containers/registries.conf.d/1.conf",
          "[[registry]]\nlocation='a.example'\ninsecure=true");
      RegistriesConf conf = host(Map.of()).conf();
      assertThat(conf.table("a.example").orElseThrow().blocked()).isFalse();
      assertThat(conf.table("b.example")).isPresent();
    }

    @Test
    void thatIsBrokenIsAnErrorOfTheFirstUseAndNamesTheFile() throws IOException {
      Path broken = write("root/etc/containers/registries.conf.d/10.conf", "x = ");
      RegistryConfiguration host = host(Map.of());
      RuncibleException failure =
          catchThrowableOfType(RuncibleException.class, () -> host.resolve("app"));
      assertThat(failure).hasMessageContaining(broken.toString());
      Files.delete(broken);
      assertThat(host.resolve("app").registry()).isEqualTo("docker.io");
    }

    @Test
    void isReadOnce() throws IOException {
      write("root/etc/containers/registries.conf", alias("a.example/1"));
      RegistryConfiguration host = host(Map.of());
      host.resolve("app");
      write("root/etc/containers/registries.conf", "broken");
      assertThat(host.resolve("app").name()).isEqualTo("a.example/1");
    }
  }
}
