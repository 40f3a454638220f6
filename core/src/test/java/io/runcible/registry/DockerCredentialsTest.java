package io.runcible.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DockerCredentialsTest {
  @TempDir Path directory;

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }

  private static String auth(String pair) {
    return "{\"auth\":\"" + base64(pair) + "\"}";
  }

  private Optional<Credentials> find(String json, String registry, String repository) {
    return store(json).find(registry, repository);
  }

  private DockerCredentials store(String json) {
    try {
      Path file = Files.writeString(directory.resolve("config.json"), json);
      return new DockerCredentials(
          List.of(file), new CredentialHelper(Duration.ofSeconds(20), directory + "/"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static String basic(Optional<Credentials> found) {
    return found.flatMap(Credentials::basicHeader).orElse("none");
  }

  private static String header(String pair) {
    return "Basic " + base64(pair);
  }

  @Nested
  class TheFiles {
    @Test
    void anExplicitFileIsTheOnlyOne() {
      assertThat(
              DockerCredentials.files(
                  Map.of("REGISTRY_AUTH_FILE", "/a.json", "DOCKER_CONFIG", "/d"),
                  Path.of("/h"),
                  Optional.of(Path.of("/run/containers/0"))))
          .containsExactly(Path.of("/a.json"));
    }

    @Test
    void theEnvironmentDecidesTheOrder() {
      assertThat(
              DockerCredentials.files(
                  Map.of("DOCKER_CONFIG", "/d", "XDG_RUNTIME_DIR", "/r", "XDG_CONFIG_HOME", "/c"),
                  Path.of("/h"),
                  Optional.of(Path.of("/run/containers/0"))))
          .containsExactly(
              Path.of("/d/config.json"),
              Path.of("/r/containers/auth.json"),
              Path.of("/c/containers/auth.json"));
    }

    @Test
    void withoutAnEnvironmentTheHomeIsSearched() {
      assertThat(
              DockerCredentials.files(
                  Map.of("DOCKER_CONFIG", ""),
                  Path.of("/h"),
                  Optional.of(Path.of("/run/containers/0"))))
          .containsExactly(
              Path.of("/run/containers/0/auth.json"),
              Path.of("/h/.config/containers/auth.json"),
              Path.of("/h/.docker/config.json"));
    }

    @Test
    void aFileThatIsNotThereHasNothing() {
      DockerCredentials store = DockerCredentials.file(directory.resolve("absent/config.json"));
      assertThat(store.find("registry.example", "app")).isEmpty();
    }

    @Test
    void theFirstFileWithSomethingDecides() throws IOException {
      Path first = Files.writeString(directory.resolve("1"), "{\"auths\":{}}");
      Path second =
          Files.writeString(
              directory.resolve("2"), "{\"auths\":{\"registry.example\":" + auth("b:2") + "}}");
      Path third =
          Files.writeString(
              directory.resolve("3"), "{\"auths\":{\"registry.example\":" + auth("c:3") + "}}");
      DockerCredentials store =
          new DockerCredentials(
              List.of(first, second, third), new CredentialHelper(Duration.ofSeconds(1)));
      assertThat(basic(store.find("registry.example", "app"))).isEqualTo(header("b:2"));
      assertThat(store.description()).contains("1 or ").contains("3");
    }
  }

  @Nested
  class Entries {
    @Test
    void theLongestKeyWins() {
      String json =
          "{\"auths\":{\"registry.example:5000\":"
              + auth("host:1")
              + ",\"registry.example:5000/team\":"
              + auth("team:2")
              + ",\"registry.example:5000/team/app\":"
              + auth("app:3")
              + "}}";
      assertThat(basic(find(json, "registry.example:5000", "team/app"))).isEqualTo(header("app:3"));
      assertThat(basic(find(json, "registry.example:5000", "team/b"))).isEqualTo(header("team:2"));
      assertThat(basic(find(json, "registry.example:5000", "teams"))).isEqualTo(header("host:1"));
      assertThat(basic(find(json, "registry.example", "team/app"))).isEqualTo("none");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "https://index.docker.io/v1/",
          "index.docker.io",
          "index.docker.io/v1/",
          "docker.io",
          "docker.io/library"
        })
    void dockersOwnRegistryHasSeveralNames(String key) {
      String json = "{\"auths\":{\"" + key + "\":" + auth("u:p") + "}}";
      assertThat(basic(find(json, "docker.io", "library/redis"))).isEqualTo(header("u:p"));
      assertThat(basic(find(json, "registry.example", "library/redis"))).isEqualTo("none");
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://registry.example/v1/", "http://registry.example"})
    void aUrlCountsByItsHost(String key) {
      String json = "{\"auths\":{\"" + key + "\":" + auth("u:p") + "}}";
      assertThat(basic(find(json, "registry.example", "app"))).isEqualTo(header("u:p"));
      assertThat(basic(find(json, "registry.example:5000", "app"))).isEqualTo("none");
    }

    @Test
    void anEntryOfAnotherRepositoryIsNotUsed() {
      String json = "{\"auths\":{\"registry.example/secret\":" + auth("u:p") + "}}";
      assertThat(basic(find(json, "registry.example", "app"))).isEqualTo("none");
    }

    @Test
    void passwordsMayHoldColonsAndPaddingZerosAreDropped() {
      String json =
          "{\"auths\":{\"a.example\":" + auth("u:p:q") + ",\"b.example\":" + auth("u:p\0\0") + "}}";
      assertThat(basic(find(json, "a.example", "app"))).isEqualTo(header("u:p:q"));
      assertThat(basic(find(json, "b.example", "app"))).isEqualTo(header("u:p"));
    }

    @Test
    void userAndPasswordMayStandApart() {
      String json = "{\"auths\":{\"a.example\":{\"username\":\"u\",\"password\":\"p\"}}}";
      assertThat(basic(find(json, "a.example", "app"))).isEqualTo(header("u:p"));
    }

    @Test
    void anIdentityTokenGoesFirst() {
      String json =
          "{\"auths\":{\"a.example\":{\"auth\":\""
              + base64("u:p")
              + "\",\"identitytoken\":\"idt\"},\"b.example\":"
              + auth("<token>:idt")
              + "}}";
      assertThat(find(json, "a.example", "app").flatMap(Credentials::identityToken))
          .contains("idt");
      assertThat(find(json, "b.example", "app").flatMap(Credentials::identityToken))
          .contains("idt");
    }

    @Test
    void anEmptyEntryIsNone() {
      assertThat(find("{\"auths\":{\"a.example\":{}}}", "a.example", "app")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "[]",
          "{",
          "{\"auths\":{\"a.example\":{\"auth\":\"s3cret!\"}}}",
          "{\"auths\":{\"a.example\":{\"auth\":\"czNjcmV0IQ==\"}}}"
        })
    void aMalformedFileIsNamedAndNotQuoted(String json) {
      assertThatThrownBy(() -> find(json, "a.example", "app"))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
          .hasMessageContaining("config.json")
          .hasMessageNotContaining("s3cret")
          .hasNoCause();
    }

    @Test
    void aDirectoryInsteadOfAFileIsAnError() {
      assertThatThrownBy(() -> DockerCredentials.file(directory).find("a.example", "app"))
          .isInstanceOfSatisfying(
              RuncibleException.class,
              e -> assertThat(e.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION));
    }
  }

  @Nested
  @DisabledOnOs(OS.WINDOWS)
  class Helpers {
    private void install(String name, String script) throws IOException {
      Path program = directory.resolve("docker-credential-" + name);
      Files.writeString(program, "#!/bin/sh\n" + script);
      Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    }

    @Test
    void theHelperOfARegistryIsAskedByItsAddress() throws IOException {
      install(
          "one",
          "read server; [ \"$1\" = get ] || exit 2\n"
              + "echo \"{\\\"Username\\\":\\\"u\\\",\\\"Secret\\\":\\\"$server\\\"}\"");
      String json =
          "{\"credHelpers\":{\"registry.example:5000\":\"one\","
              + "\"https://index.docker.io/v1/\":\"one\"}}";
      assertThat(basic(find(json, "registry.example:5000", "app")))
          .isEqualTo(header("u:registry.example:5000"));
      assertThat(basic(find(json, "docker.io", "library/redis")))
          .isEqualTo(header("u:https://index.docker.io/v1/"));
      assertThat(basic(find(json, "other.example", "app"))).isEqualTo("none");
    }

    @Test
    void theHelperOfARegistryGoesBeforeTheStoreAndThatBeforeTheFile() throws IOException {
      install("one", "echo '{\"Username\":\"one\",\"Secret\":\"1\"}'");
      install("all", "echo '{\"Username\":\"all\",\"Secret\":\"2\"}'");
      String json =
          "{\"credHelpers\":{\"a.example\":\"one\"},\"credsStore\":\"all\",\"auths\":{\"b.example\":"
              + auth("file:3")
              + "}}";
      assertThat(basic(find(json, "a.example", "app"))).isEqualTo(header("one:1"));
      assertThat(basic(find(json, "b.example", "app"))).isEqualTo(header("all:2"));
    }

    @Test
    void anIdentityTokenIsMarkedByItsUser() throws IOException {
      install("all", "echo '{\"Username\":\"<token>\",\"Secret\":\"idt\"}'");
      assertThat(
              find("{\"credsStore\":\"all\"}", "a.example", "app")
                  .flatMap(Credentials::identityToken))
          .contains("idt");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "echo 'credentials not found in native keychain'; exit 1",
          "echo '{}'",
          "echo garbage",
          "head -c 200000 /dev/zero"
        })
    void aHelperThatHasNothingOrDoesNotWorkIsPassedOver(String script) throws IOException {
      install("all", script);
      String json = "{\"credsStore\":\"all\",\"auths\":{\"a.example\":" + auth("u:p") + "}}";
      assertThat(basic(find(json, "a.example", "app"))).isEqualTo(header("u:p"));
    }

    @Test
    void aHelperThatIsNotInstalledIsPassedOver() {
      String json = "{\"credsStore\":\"absent\",\"auths\":{\"a.example\":" + auth("u:p") + "}}";
      assertThat(basic(find(json, "a.example", "app"))).isEqualTo(header("u:p"));
    }

    @Test
    void aHelperThatHangsIsEnded() throws IOException {
      install("slow", "exec sleep 600");
      CredentialHelper helper = new CredentialHelper(Duration.ofMillis(50), directory + "/");
      assertThat(helper.get("slow", "a.example")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"../evil", "a/b", "a b", "x;y", "ä"})
    void aNameThatIsNotOneIsRefused(String name) {
      assertThatThrownBy(() -> find("{\"credsStore\":\"" + name + "\"}", "registry.example", "app"))
          .isInstanceOfSatisfying(
              RuncibleException.class,
              e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
    }

    @Test
    void anInterruptEndsTheWait() throws IOException {
      install("slow", "exec sleep 600");
      DockerCredentials store = store("{\"credsStore\":\"slow\"}");
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> store.find("a.example", "app"))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CANCELLED));
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Nested
  class Secrets {
    @Test
    void areInNoText() {
      assertThat(Credentials.basic("joe", "s3cret").toString()).doesNotContain("s3cret", "joe");
      assertThat(Credentials.identityToken("s3cret").toString()).doesNotContain("s3cret");
    }

    @Test
    void withControlCharactersAreRefused() {
      assertThatThrownBy(() -> Credentials.basic("u", "s3cret\n"))
          .isInstanceOf(RuncibleException.class)
          .hasMessageNotContaining("s3cret");
      assertThatThrownBy(() -> Credentials.basic("u:x", "p")).isInstanceOf(RuncibleException.class);
      assertThatThrownBy(() -> Credentials.identityToken("")).isInstanceOf(RuncibleException.class);
    }
  }
}
