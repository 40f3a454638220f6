package io.runcible.registry;

import static io.runcible.registry.FakeRegistry.json;
import static io.runcible.registry.FakeRegistry.status;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisabledOnOs(OS.WINDOWS)
class LoginTest {
  private static final Credentials JOE = Credentials.basic("joe", "s3cret");
  private static final String AUTH =
      Base64.getEncoder().encodeToString("joe:s3cret".getBytes(UTF_8));

  @TempDir Path directory;

  private Path file;
  private DockerCredentials store;
  private FakeRegistry registry;

  @BeforeEach
  void empty() {
    use("auth.json");
  }

  private void use(String name) {
    file = directory.resolve("made").resolve(name);
    store =
        new DockerCredentials(
            List.of(file), new CredentialHelper(Duration.ofSeconds(20), directory + "/"));
  }

  @AfterEach
  void close() {
    if (registry != null) {
      registry.close();
    }
  }

  private RegistryClient client() {
    return registry.client().credentialStore(store).build();
  }

  private static MockResponse challenge(String challenge) {
    return new MockResponse.Builder().code(401).addHeader("WWW-Authenticate", challenge).build();
  }

  private static MockResponse password(RecordedRequest request) {
    return ("Basic " + AUTH).equals(request.getHeaders().get("Authorization"))
        ? status(200)
        : challenge("Basic realm=x");
  }

  private void put(String json) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, json);
  }

  private String content() throws IOException {
    return Files.readString(file).replaceAll("\\s", "");
  }

  private static RuncibleException failure(Runnable call) {
    return catchThrowableOfType(RuncibleException.class, call::run);
  }

  @Nested
  class ALogin {
    @Test
    void isTriedOutAndKept() throws IOException {
      registry = FakeRegistry.answering(LoginTest::password);
      try (RegistryClient client = client()) {
        client.login(registry.name(), JOE);
      }
      assertThat(registry.lines()).containsExactly("GET /v2/", "GET /v2/");
      assertThat(content())
          .isEqualTo("{\"auths\":{\"" + registry.name() + "\":{\"auth\":\"" + AUTH + "\"}}}");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
      assertThat(store.find(registry.name(), "app").flatMap(Credentials::basicHeader))
          .contains("Basic " + AUTH);
    }

    @Test
    void thatIsRefusedIsNotKept() {
      registry = FakeRegistry.answering(LoginTest::password);
      try (RegistryClient client = client()) {
        RuncibleException failure =
            failure(() -> client.login(registry.name(), Credentials.basic("joe", "wr0ng")));
        assertThat(failure.kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
        assertThat(failure)
            .hasMessageContaining("cannot log in to " + registry.name())
            .hasMessageNotContaining("wr0ng");
      }
      assertThat(file).doesNotExist();
    }

    @Test
    void toWhatIsNoRegistryIsNotKept() {
      registry = FakeRegistry.answering(request -> status(404));
      try (RegistryClient client = client()) {
        assertThat(failure(() -> client.login(registry.name(), JOE)).kind())
            .isEqualTo(ErrorKind.NOT_FOUND);
      }
      assertThat(file).doesNotExist();
    }

    @Test
    void toARegistryForAnybodyIsKept() throws IOException {
      registry = FakeRegistry.answering(request -> status(200));
      try (RegistryClient client = client()) {
        client.login(registry.name(), JOE);
      }
      assertThat(content()).contains(AUTH);
    }

    @Test
    void goesThroughTheTokenServerWithoutAScope() {
      registry =
          FakeRegistry.answering(
              request -> {
                String authorization = request.getHeaders().get("Authorization");
                if (request.getTarget().startsWith("/token")) {
                  return ("Basic " + AUTH).equals(authorization)
                      ? json("{\"token\":\"t\"}")
                      : status(401);
                }
                return "Bearer t".equals(authorization)
                    ? status(200)
                    : challenge("Bearer realm=\"" + registry.url("/token") + "\",service=s");
              });
      try (RegistryClient client = client()) {
        client.login(registry.name(), JOE);
        assertThat(registry.lines())
            .containsExactly("GET /v2/", "GET /token?service=s", "GET /v2/");
        assertThat(
                failure(() -> client.login(registry.name(), Credentials.basic("joe", "wr0ng")))
                    .kind())
            .isEqualTo(ErrorKind.UNAUTHENTICATED);
      }
      assertThat(store.find(registry.name(), "app")).isPresent();
    }

    @Test
    void byAnIdentityTokenIsKeptAsOne() throws IOException {
      registry =
          FakeRegistry.answering(
              request ->
                  request.getTarget().startsWith("/token")
                      ? json("{\"access_token\":\"t\"}")
                      : request.getHeaders().get("Authorization") != null
                          ? status(200)
                          : challenge("Bearer realm=\"" + registry.url("/token") + "\""));
      try (RegistryClient client = client()) {
        client.login(registry.name(), Credentials.identityToken("idt"));
      }
      assertThat(content()).contains("\"identitytoken\":\"idt\"");
      assertThat(store.find(registry.name(), "app").flatMap(Credentials::identityToken))
          .contains("idt");
    }

    @Test
    void mayBeForAPartOfARegistry() throws IOException {
      registry = FakeRegistry.answering(LoginTest::password);
      try (RegistryClient client = client()) {
        client.login(registry.name() + "/team", JOE);
        assertThat(store.find(registry.name(), "team/app")).isPresent();
        assertThat(store.find(registry.name(), "other/app")).isEmpty();
        assertThat(client.logout(registry.name())).isFalse();
        assertThat(client.logout(registry.name() + "/team")).isTrue();
      }
      assertThat(content()).isEqualTo("{\"auths\":{}}");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {"", "registry", "team/app", "https://a.example", "a.example/b:1", "a.example/B"})
    void toWhatIsNoNameIsRefused(String name) {
      registry = FakeRegistry.answering(LoginTest::password);
      try (RegistryClient client = client()) {
        assertThat(failure(() -> client.login(name, JOE)).kind())
            .isEqualTo(ErrorKind.INVALID_INPUT);
      }
    }

    @Test
    void intoAStoreThatOnlyLooksUpIsUnsupported() {
      registry = FakeRegistry.answering(LoginTest::password);
      try (RegistryClient client = registry.client().build()) {
        assertThat(failure(() -> client.login(registry.name(), JOE)).kind())
            .isEqualTo(ErrorKind.UNSUPPORTED);
        assertThat(failure(() -> client.logout(registry.name())).kind())
            .isEqualTo(ErrorKind.UNSUPPORTED);
      }
    }
  }

  @Nested
  class TheFile {
    @Test
    void keepsWhatElseIsInIt() throws IOException {
      put(
          "{\"x\":[1.50,1e400,true,null],\"auths\":{\"a.example\":{\"auth\":\"eDp5\",\"y\":1}},"
              + "\"credHelpers\":{\"b.example\":\"h\"}}");
      store.store("c.example", JOE);
      assertThat(content())
          .contains("\"x\":[1.50,1E+400,true,null]")
          .contains("\"a.example\":{\"auth\":\"eDp5\",\"y\":1}")
          .contains("\"credHelpers\":{\"b.example\":\"h\"}")
          .contains("\"c.example\":{\"auth\":\"" + AUTH + "\"}");
      assertThat(store.erase("c.example")).isTrue();
      assertThat(content()).contains("a.example").doesNotContain("c.example");
      assertThat(store.erase("c.example")).isFalse();
    }

    @Test
    void getsItsModeEvenIfItHadAnother() throws IOException {
      put("{}");
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
      store.store("a.example", JOE);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
      try (Stream<Path> left = Files.list(file.getParent())) {
        assertThat(left).containsExactly(file);
      }
    }

    @Test
    void mayBeALink() throws IOException {
      Path real = Files.writeString(directory.resolve("real.json"), "{}");
      Files.createDirectories(file.getParent());
      Files.createSymbolicLink(file, real);
      store.store("a.example", JOE);
      assertThat(file).isSymbolicLink();
      assertThat(real).content().contains(AUTH);
    }

    @Test
    void thatIsMalformedIsLeftAlone() throws IOException {
      put("{\"auths\":");
      assertThat(failure(() -> store.store("a.example", JOE)).kind())
          .isEqualTo(ErrorKind.INVALID_INPUT);
      assertThat(file).hasContent("{\"auths\":");
    }

    @Test
    void thatCannotBeMadeIsAnError() throws IOException {
      Files.writeString(directory.resolve("made"), "in the way");
      assertThat(failure(() -> store.store("a.example", JOE)).kind())
          .isEqualTo(ErrorKind.FAILED_PRECONDITION);
    }

    @ParameterizedTest
    @CsvSource({
      "auth.json, , docker.io",
      "config.json, , https://index.docker.io/v1/",
      "config.json, docker.io, docker.io",
      "auth.json, https://index.docker.io/v1/, https://index.docker.io/v1/"
    })
    void callsDockersRegistryAsItsOwnerDoes(String name, String before, String after)
        throws IOException {
      use(name);
      if (before != null) {
        put("{\"auths\":{\"" + before + "\":{\"auth\":\"eDp5\"}}}");
      }
      store.store("docker.io", JOE);
      assertThat(content())
          .isEqualTo("{\"auths\":{\"" + after + "\":{\"auth\":\"" + AUTH + "\"}}}");
      assertThat(store.erase("docker.io")).isTrue();
      assertThat(content()).isEqualTo("{\"auths\":{}}");
    }

    @Test
    void changedByManyAtOnceStaysWhole() throws Exception {
      ExecutorService threads = Executors.newFixedThreadPool(4);
      try {
        List<Callable<Boolean>> logins = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
          String key = i % 4 + ".example";
          logins.add(
              () -> {
                try {
                  store.store(key, JOE);
                } catch (RuncibleException e) {
                  assertThat(e.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
                }
                return AuthFile.read(file).isPresent();
              });
        }
        for (Future<Boolean> login : threads.invokeAll(logins)) {
          assertThat(login.get()).isTrue();
        }
      } finally {
        threads.shutdownNow();
      }
      assertThat(content()).matches("\\{\"auths\":\\{\"\\d.example.*\\}\\}\\}");
      try (Stream<Path> left = Files.list(file.getParent())) {
        assertThat(left).containsExactly(file);
      }
    }
  }

  @Nested
  class AHelper {
    private void install(String name, String script) throws IOException {
      Path program = directory.resolve("docker-credential-" + name);
      Files.writeString(program, "#!/bin/sh\n" + script + "\n");
      Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    }

    /** A helper that keeps one entry in a file beside it. */
    private Path working(String name) throws IOException {
      Path kept = directory.resolve("kept-" + name);
      install(
          name,
          "case \"$1\" in\n"
              + ("store) cat >" + kept + ";;\n")
              + ("get) cat " + kept + " 2>/dev/null || { echo not found; exit 1; };;\n")
              + ("erase) read server; echo \"$server\" >" + kept + ".erased; rm " + kept + ";;\n")
              + "esac");
      return kept;
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"credsStore\":\"h\"}", "{\"credHelpers\":{\"a.example\":\"h\"}}"})
    void keepsWhatTheFileThenDoesNot(String json) throws IOException {
      Path kept = working("h");
      put(json);
      store.store("a.example", JOE);
      assertThat(kept)
          .hasContent("{\"ServerURL\":\"a.example\",\"Username\":\"joe\",\"Secret\":\"s3cret\"}");
      assertThat(content()).contains("\"auths\":{\"a.example\":{}}").doesNotContain(AUTH);
      assertThat(store.find("a.example", "app").flatMap(Credentials::basicHeader))
          .contains("Basic " + AUTH);
      assertThat(store.erase("a.example")).isTrue();
      assertThat(kept).doesNotExist();
      assertThat(directory.resolve("kept-h.erased")).hasContent("a.example");
      assertThat(content()).doesNotContain("a.example\":{}");
      assertThat(store.erase("a.example")).isFalse();
    }

    @Test
    void knowsDockersRegistryByItsAddress() throws IOException {
      Path kept = working("h");
      put("{\"credsStore\":\"h\"}");
      store.store("docker.io", Credentials.identityToken("idt"));
      assertThat(kept).content().contains("https://index.docker.io/v1/", "<token>", "idt");
    }

    @ParameterizedTest
    @ValueSource(strings = {"echo s3cret; exit 1", "exec sleep 600"})
    void thatDoesNotKeepIsAnErrorAndNothingIsWritten(String script) throws IOException {
      install("h", script);
      put("{\"credsStore\":\"h\"}");
      DockerCredentials impatient =
          new DockerCredentials(
              List.of(file), new CredentialHelper(Duration.ofMillis(500), directory + "/"));
      RuncibleException failure = failure(() -> impatient.store("a.example", JOE));
      assertThat(failure.kind()).isEqualTo(ErrorKind.FAILED_PRECONDITION);
      assertThat(failure).hasMessageNotContaining("s3cret");
      assertThat(content()).isEqualTo("{\"credsStore\":\"h\"}");
    }

    @Test
    void thatIsNotInstalledIsAnErrorWhenItShouldKeep() throws IOException {
      put("{\"credsStore\":\"absent\"}");
      assertThat(failure(() -> store.store("a.example", JOE)).kind())
          .isEqualTo(ErrorKind.FAILED_PRECONDITION);
    }

    @Test
    void keepsNoPartsOfRegistries() throws IOException {
      working("h");
      put("{\"credsStore\":\"h\"}");
      assertThat(failure(() -> store.store("a.example/team", JOE)).kind())
          .isEqualTo(ErrorKind.UNSUPPORTED);
    }

    @Test
    void mayComeFromRegistriesConf() throws IOException {
      Path kept = working("h");
      Path conf =
          Files.writeString(
              directory.resolve("registries.conf"),
              "credential-helpers = ['h', 'containers-auth.json']");
      CredentialStore both =
          new ConfiguredCredentials(
              RegistryConfiguration.file(conf),
              store,
              new CredentialHelper(Duration.ofSeconds(20), directory + "/"));
      put("{\"auths\":{\"b.example\":{\"auth\":\"eDp5\"}}}");
      assertThat(both.find("b.example", "app")).isPresent();
      both.store("a.example", JOE);
      assertThat(kept).content().contains("a.example");
      assertThat(both.find("a.example", "app").flatMap(Credentials::username)).contains("joe");
      assertThat(both.erase("a.example")).isTrue();
      assertThat(both.erase("b.example")).isTrue();
      assertThat(both.find("b.example", "app")).isEmpty();
      assertThat(both.description()).contains("the helper h", "auth.json");
    }
  }

  @Nested
  class AKubernetesSecret {
    private Optional<String> find(String json, String registry, String repository) {
      return DockerCredentials.kubernetes(json.getBytes(UTF_8))
          .find(registry, repository)
          .flatMap(Credentials::username);
    }

    private static String entry(String key, String user) {
      return "\"" + key + "\":{\"username\":\"" + user + "\",\"password\":\"s3cret\"}";
    }

    @ParameterizedTest
    @CsvSource({
      "a.example, a.example, app, true",
      "https://a.example/v1/, a.example, app, true",
      "a.example:5000, a.example:5000, app, true",
      "a.example, a.example:5000, app, false",
      "*.example, a.example, app, true",
      "*.example, a.b.example, app, false",
      "*.*.example, a.b.example, app, true",
      "re*y.example, registry.example, app, true",
      "*.example, example, app, false",
      "*.example, a.example:5000, app, false",
      "a.example/team, a.example, team/app, true",
      "a.example/team/, a.example, team/app, true",
      "a.example/team, a.example, teams/app, false",
      "https://index.docker.io/v1/, docker.io, library/redis, true",
      "docker.io, docker.io, library/redis, true",
      "(a+)+.example, aaaa.example, app, false"
    })
    void matchesAsTheKubeletDoes(String key, String registry, String repository, boolean found) {
      String both = "{\"auths\":{" + entry(key, "u") + "}}";
      assertThat(find(both, registry, repository).isPresent()).isEqualTo(found);
      assertThat(find("{" + entry(key, "u") + "}", registry, repository).isPresent())
          .isEqualTo(found);
    }

    @Test
    void prefersTheCloserKey() {
      String json =
          "{\"auths\":{"
              + String.join(
                  ",",
                  entry("*.example", "wild"),
                  entry("a.example", "host"),
                  entry("a.example/team", "team"),
                  entry("a.example/team/app", "app"))
              + "}}";
      assertThat(find(json, "a.example", "team/app")).contains("app");
      assertThat(find(json, "a.example", "team/b")).contains("team");
      assertThat(find(json, "a.example", "b")).contains("host");
      assertThat(find(json, "b.example", "b")).contains("wild");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "{\"auths\":{\"a\":{\"auth\":\"czNjcmV0IQ==\"}}}"})
    void thatIsMalformedIsRefusedAndNotQuoted(String json) {
      RuncibleException failure = failure(() -> find(json, "a.example", "app"));
      assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
      assertThat(failure).hasMessageNotContaining("s3cret").hasNoCause();
    }
  }
}
