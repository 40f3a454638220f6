package io.runcible.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Samples;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DockerDaemonTest {
  private static final ImageReference APP = ImageReference.parse("registry.example/team/app:1");

  @TempDir Path temporary;

  private FakeDaemon fake(byte[] answer) throws IOException {
    return new FakeDaemon(temporary.resolve("docker.sock"), answer);
  }

  private byte[] archive() throws IOException {
    Path file = temporary.resolve("images.tar");
    try (ImageSink sink = DockerArchive.create(file)) {
      Samples.put(sink, APP, "one");
      sink.commit();
    }
    return Files.readAllBytes(file);
  }

  private static void assertFails(ErrorKind kind, ThrowingCallable action, String... reasons) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .message()
        .satisfies(message -> assertThat(reasons).allMatch(message::contains));
  }

  @Nested
  class Export {
    @Test
    void anImageIsExported() throws IOException {
      try (FakeDaemon fake = fake(FakeDaemon.answer("200 OK", archive()));
          DockerDaemon daemon = DockerDaemon.open(fake.host());
          DockerArchive image = daemon.export("registry.example/team/app:1")) {
        assertThat(image.resolve(APP).digest()).isEqualTo(Samples.manifest("one").digest());
        assertThat(fake.requests)
            .containsExactly("GET /images/registry.example/team/app:1/get HTTP/1.1");
      }
    }

    @ParameterizedTest
    @CsvSource({
      "redis, docker.io/library/redis:latest",
      "localhost:5000/a, localhost:5000/a:latest",
      "sha256:0123456789012345678901234567890123456789012345678901234567890123,"
          + "sha256:0123456789012345678901234567890123456789012345678901234567890123",
    })
    void theFullNameIsAskedFor(String image, String asked) throws IOException {
      try (FakeDaemon fake = fake(FakeDaemon.answer("404 Not Found", "{\"message\":\"none\"}"));
          DockerDaemon daemon = DockerDaemon.open(fake.host())) {
        assertFails(ErrorKind.NOT_FOUND, () -> daemon.export(image), image, "none");
        assertThat(fake.requests).containsExactly("GET /images/" + asked + "/get HTTP/1.1");
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "../containers/json", "a?b=c", "a b", "a%2f..", "/a", "a\r\nb"})
    void aTextThatIsNoImageIsNoRequest(String image) throws IOException {
      try (FakeDaemon fake = fake(FakeDaemon.answer("200 OK", ""));
          DockerDaemon daemon = DockerDaemon.open(fake.host())) {
        assertFails(ErrorKind.INVALID_INPUT, () -> daemon.export(image));
        assertThat(fake.requests).isEmpty();
      }
    }

    @Test
    void aFailureIsTold() throws IOException {
      String body = "{\"message\":\"no\\nspace\"}";
      try (FakeDaemon fake = fake(FakeDaemon.answer("500 Internal Server Error", body));
          DockerDaemon daemon = DockerDaemon.open(fake.host())) {
        assertFails(
            ErrorKind.UNAVAILABLE, () -> daemon.export("app"), "500", "no space", "docker.sock");
      }
    }

    @Test
    void anExportThatIsCutIsRefused() throws IOException {
      byte[] whole = FakeDaemon.answer("200 OK", archive());
      try (FakeDaemon fake = fake(Arrays.copyOf(whole, whole.length - 3000));
          DockerDaemon daemon = DockerDaemon.open(fake.host())) {
        assertFails(ErrorKind.UNAVAILABLE, () -> daemon.export("app"), "app");
      }
    }

    @Test
    void anExportThatIsNoArchiveIsRefused() throws IOException {
      try (FakeDaemon fake = fake(FakeDaemon.answer("200 OK", "x".repeat(1000)));
          DockerDaemon daemon = DockerDaemon.open(fake.host())) {
        assertFails(ErrorKind.CORRUPT_DATA, () -> daemon.export("app"), "app");
      }
    }

    @Test
    void anInterruptCancels() throws Exception {
      try (FakeDaemon fake = fake(new byte[0]);
          DockerDaemon daemon = DockerDaemon.open(fake.host())) {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread thread =
            new Thread(
                () -> {
                  try {
                    daemon.export("app").close();
                  } catch (RuncibleException e) {
                    thrown.set(e);
                  }
                });
        thread.start();
        fake.asked.await();
        thread.interrupt();
        thread.join();
        assertFails(
            ErrorKind.CANCELLED,
            () -> {
              throw thrown.get();
            },
            "app",
            "interrupted");
      }
    }

    @Test
    void anInterruptThatCameBeforeCancels() throws IOException {
      try (FakeDaemon fake = fake(FakeDaemon.answer("200 OK", archive()));
          DockerDaemon daemon = DockerDaemon.open(fake.host())) {
        Thread.currentThread().interrupt();
        assertFails(ErrorKind.CANCELLED, () -> daemon.export("app"), "app", "interrupted");
        assertThat(Thread.interrupted()).isTrue();
      }
    }

    @Test
    void aDaemonThatIsNotThereIsNamed() {
      URI host = URI.create("unix://" + temporary.resolve("none.sock"));
      try (DockerDaemon daemon = DockerDaemon.open(host)) {
        assertFails(ErrorKind.UNAVAILABLE, () -> daemon.export("app"), host.toString());
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ssh://host", "npipe:////./pipe/docker", "unix:x", "https://host", "x"})
    void otherAddressesAreRefused(String host) {
      assertFails(
          ErrorKind.UNSUPPORTED, () -> DockerDaemon.open(URI.create(host)), host, "DOCKER_HOST");
    }
  }

  @Nested
  class Load {
    private static final String LOADED = "{\"stream\":\"Loaded image: x\\n\"}\r\n";

    @Test
    void theCommitSendsAnArchive() throws IOException {
      byte[] expected = archive();
      try (FakeDaemon fake = fake(FakeDaemon.answer("200 OK", LOADED));
          DockerDaemon daemon = DockerDaemon.open(fake.host());
          ImageSink sink = daemon.load()) {
        Samples.put(sink, APP, "one");
        assertThat(fake.requests).isEmpty();
        sink.commit();
        assertThat(fake.requests).containsExactly("POST /images/load?quiet=1 HTTP/1.1");
        assertThat(fake.bodies.get(0)).isEqualTo(expected);
      }
    }

    @Test
    void aFailureWithinTheAnswerIsAFailure() throws IOException {
      String answer =
          LOADED + "{\"errorDetail\":{\"message\":\"x\"},\"error\":\"no space left on device\"}";
      try (FakeDaemon fake = fake(FakeDaemon.answer("200 OK", answer));
          DockerDaemon daemon = DockerDaemon.open(fake.host());
          ImageSink sink = daemon.load()) {
        Samples.put(sink, APP, "one");
        assertFails(ErrorKind.UNAVAILABLE, sink::commit, "no space left on device");
      }
    }

    @Test
    void plainTextIsAnAnswer() throws IOException {
      try (FakeDaemon fake = fake(FakeDaemon.answer("200 OK", "Loaded image: x"));
          DockerDaemon daemon = DockerDaemon.open(fake.host());
          ImageSink sink = daemon.load()) {
        Samples.put(sink, APP, "one");
        sink.commit();
        assertThat(fake.bodies).hasSize(1);
      }
    }

    @Test
    void aRefusalIsTold() throws IOException {
      try (FakeDaemon fake = fake(FakeDaemon.answer("403 Forbidden", "{\"message\":\"policy\"}"));
          DockerDaemon daemon = DockerDaemon.open(fake.host());
          ImageSink sink = daemon.load()) {
        Samples.put(sink, APP, "one");
        assertFails(ErrorKind.UNAVAILABLE, sink::commit, "403", "policy");
      }
    }
  }
}
