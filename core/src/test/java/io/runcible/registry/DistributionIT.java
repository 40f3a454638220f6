package io.runcible.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageReference;
import io.runcible.registry.DockerRegistry.Entrance;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The workflows against docker-registry, through each of its entrances. */
class DistributionIT {
  @TempDir Path directory;

  /** Version 2.8 has no lists of referrers, and deletes no tags. */
  @TestInstance(Lifecycle.PER_CLASS)
  abstract static class Subject implements DistributionContract {
    private final Entrance entrance;
    private DockerRegistry registry;

    Subject(Entrance entrance) {
      this.entrance = entrance;
    }

    @BeforeAll
    void start(@TempDir Path files) throws IOException {
      registry = DockerRegistry.start(files, entrance);
    }

    @BeforeEach
    void empty() throws IOException {
      registry.empty();
    }

    @AfterAll
    void stop() {
      if (registry != null) {
        registry.close();
      }
    }

    @Test
    void anUploadThatAMountBeganIsCancelled() throws IOException {
      Descriptor none = FakeRegistry.blob(new byte[] {1});
      try (RegistryClient client = client().build()) {
        ImageReference base = ImageReference.parse(registry() + "/base");
        ImageReference app = ImageReference.parse(registry() + "/app");
        client.putBlob(base, FakeRegistry.blob(new byte[0]), InputStream.nullInputStream());
        assertThat(client.mountBlob(app, none, base)).isFalse();
      }
      try (Stream<Path> files = Files.walk(registry.data())) {
        assertThat(files.map(file -> file.getFileName().toString()))
            .contains("_uploads")
            .doesNotContain("startedat");
      }
    }

    @Override
    public String registry() {
      return registry.name();
    }

    @Override
    public RegistryClient.Builder client() {
      return registry.client();
    }

    @Override
    public boolean deletesTags() {
      return false;
    }

    @Override
    public boolean keepsReferrers() {
      return false;
    }
  }

  /**
   * A connection that breaks in the middle of a push, on its way through a proxy. Version 2.8 does
   * not go on with a chunk of which a part has arrived.
   */
  @ParameterizedTest
  @CsvSource({"50000,true", "250000,false"})
  void aPushThatBreaksGoesOnOrSaysWhyNot(int bytes, boolean goesOn) throws Exception {
    byte[] blob = FakeRegistry.random(1_000_000);
    try (DockerRegistry registry = DockerRegistry.start(directory, Entrance.OPEN);
        BreakingProxy proxy = BreakingProxy.to(registry.name(), bytes);
        RegistryClient client =
            registry.client().chunkedAbove(1).windows(100_000, 100_000).build()) {
      ImageReference reference = ImageReference.parse(proxy.name() + "/team/app");
      try {
        client.putBlob(reference, FakeRegistry.blob(blob), new ByteArrayInputStream(blob));
        assertThat(goesOn).isTrue();
      } catch (RuncibleException e) {
        assertThat(goesOn).isFalse();
        assertThat(e.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
      }
      assertThat(proxy.breaks()).isEqualTo(1);
      assertThat(client.hasBlob(reference, FakeRegistry.blob(blob))).isEqualTo(goesOn);
    }
  }

  @Test
  void aPushThatCanBeReadAgainSurvivesWhatTheRegistryForgets() throws Exception {
    byte[] blob = FakeRegistry.random(1_000_000);
    try (DockerRegistry registry = DockerRegistry.start(directory, Entrance.OPEN);
        BreakingProxy proxy = BreakingProxy.to(registry.name(), 250_000);
        RegistryClient client =
            registry.client().chunkedAbove(1).windows(100_000, 100_000).build()) {
      ImageReference reference = ImageReference.parse(proxy.name() + "/team/app");
      client.putBlob(
          reference,
          FakeRegistry.blob(blob),
          (long from) -> new ByteArrayInputStream(blob, (int) from, blob.length));
      assertThat(proxy.breaks()).isEqualTo(1);
      assertThat(client.hasBlob(reference, FakeRegistry.blob(blob))).isTrue();
    }
  }

  @Nested
  class InPlainHttp extends Subject {
    InPlainHttp() {
      super(Entrance.OPEN);
    }
  }

  @Nested
  class OverTls extends Subject {
    OverTls() {
      super(Entrance.HTTPS);
    }
  }

  @Nested
  class WithAPassword extends Subject {
    WithAPassword() {
      super(Entrance.PASSWORD);
    }

    @Override
    public boolean needsLogin() {
      return true;
    }
  }

  @Nested
  class WithTokens extends Subject {
    WithTokens() {
      super(Entrance.TOKEN);
    }

    @Override
    public boolean needsLogin() {
      return true;
    }
  }
}
