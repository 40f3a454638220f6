package io.runcible.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.OwnTemporaryDirectory;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSource;
import io.runcible.image.Manifest;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Samples;
import io.runcible.layout.ImageLayout;
import io.runcible.layout.OciArchive;
import io.runcible.registry.CredentialStore;
import io.runcible.registry.RegistryClient;
import io.runcible.serve.RegistryServer;
import io.runcible.store.LocalStore;
import io.runcible.store.Sweep;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TransportsTest {
  private static final ImageReference APP = ImageReference.parse("registry.example/team/app:1");
  private static final Transports TRANSPORTS = Transports.standard();

  @RegisterExtension final OwnTemporaryDirectory spooled = new OwnTemporaryDirectory();
  @TempDir Path temporary;

  private ImageLocation location(String text) {
    return ImageLocation.parse(text.replace("DIR", temporary.toString()));
  }

  private void write(String location, String name) {
    try (OpenLocation<ImageSink> to = TRANSPORTS.sink(location(location))) {
      Samples.put(to.images(), to.reference(), name);
      to.images().commit();
    }
  }

  /** The reference of the image that is there, once it proved to be this one. */
  private ImageReference read(String location, String name) throws IOException {
    try (OpenLocation<ImageSource> from = TRANSPORTS.source(location(location))) {
      Image image = Image.resolve(from.images(), from.reference(), Samples.PLATFORM);
      assertThat(image.descriptor().digest()).isEqualTo(Samples.manifest(name).digest());
      try (InputStream layer = image.layers().get(0).compressed()) {
        assertThat(layer.readAllBytes()).isEqualTo(Samples.layer(name));
      }
      return from.reference();
    }
  }

  private static void assertFails(ErrorKind kind, ThrowingCallable action, String... reasons) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .message()
        .satisfies(message -> assertThat(reasons).allMatch(message::contains));
  }

  @ParameterizedTest
  @CsvSource({
    "oci:DIR/a, localhost/image:latest",
    "oci:DIR/a:latest, localhost/image:latest",
    "oci:DIR/a:v1, localhost/image:v1",
    "oci:DIR/a:registry.example/b:1, registry.example/b:1",
    "oci:DIR/a:not a tag, localhost/image:latest",
    "oci-archive:DIR/a.tar, localhost/image:latest",
    "oci-archive:DIR/a.tar:v1, localhost/image:v1",
    "docker-archive:DIR/a.tar, localhost/image:latest",
    "docker-archive:DIR/a.tar:redis:7, docker.io/library/redis:7",
    "dir:DIR/a:b, localhost/image:latest",
  })
  void whatIsWrittenToALocationIsReadFromIt(String location, String reference) throws IOException {
    write(location, "one");
    assertThat(read(location, "one"))
        .hasToString(reference + "@" + Samples.manifest("one").digest());
    write(location, "two");
    if (location.matches("oci:DIR/a")) {
      // Of images without a name there can be several.
      assertFails(ErrorKind.INVALID_INPUT, () -> read(location, "two"), "2 images", "@0, @1");
      read(location + ":@1", "two");
      read(location + "@" + Samples.manifest("one").digest(), "one");
    } else {
      read(location, "two");
    }
  }

  @Test
  void theNameInALayoutIsTheTextItself() {
    write("oci:DIR/a:latest", "one");
    ImageLayout layout = ImageLayout.open(temporary.resolve("a"));
    assertThat(layout.index().manifests().get(0).annotations())
        .isEqualTo(Map.of("org.opencontainers.image.ref.name", "latest"));
  }

  @Test
  void theOnlyImageNeedsNoName() throws IOException {
    write("oci:DIR/a:registry.example/b:1", "one");
    assertThat(read("oci:DIR/a", "one").tag()).contains("1");
    write("docker-archive:DIR/a.tar:registry.example/b:1", "one");
    assertThat(read("docker-archive:DIR/a.tar", "one").name()).isEqualTo("registry.example/b");
    write("oci:DIR/a:other", "two");
    assertFails(
        ErrorKind.INVALID_INPUT,
        () -> TRANSPORTS.source(location("oci:DIR/a")),
        "registry.example/b:1, other");
    assertFails(
        ErrorKind.NOT_FOUND,
        () -> TRANSPORTS.source(location("oci:DIR/a:none")),
        "'none'",
        "registry.example/b:1, other");
  }

  @Test
  void anArchiveIsMadeByTheCommitAlone() {
    try (OpenLocation<ImageSink> to = TRANSPORTS.sink(location("oci-archive:DIR/a.tar"))) {
      Samples.put(to.images(), to.reference(), "one");
    }
    assertThat(temporary).isEmptyDirectory();
  }

  @Test
  void whatWasOpenedIsClosedWhenTheImageIsMissing() throws IOException {
    Path file = temporary.resolve("a.tar");
    try (ImageSink sink = OciArchive.create(file)) {
      sink.commit();
    }
    Path pipe = temporary.resolve("a.tar.gz");
    try (InputStream in = Files.newInputStream(file);
        var out = new java.util.zip.GZIPOutputStream(Files.newOutputStream(pipe))) {
      in.transferTo(out);
    }
    assertFails(ErrorKind.NOT_FOUND, () -> TRANSPORTS.source(location("oci-archive:DIR/a.tar.gz")));
    assertThat(spooled.names()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"oci:DIR/a:@0", "oci-archive:DIR/a:@0", "docker-archive:DIR/a:@0"})
  void aNewImageHasNoNumber(String location) {
    assertFails(ErrorKind.INVALID_INPUT, () -> TRANSPORTS.sink(location(location)), "not a number");
    assertThat(temporary).isEmptyDirectory();
  }

  @Test
  void aDockerArchiveTakesReferencesAlone() {
    assertFails(
        ErrorKind.INVALID_INPUT,
        () -> TRANSPORTS.sink(location("docker-archive:DIR/a.tar:not a reference")));
    assertThat(temporary).isEmptyDirectory();
  }

  @Test
  void whatOfPodmanCannotBeReadIsLeftToSkopeo() {
    ImageLocation location = location("containers-storage:[vfs@/it's]app:1");
    String line = "skopeo copy 'containers-storage:[vfs@/it'\\''s]app:1' oci-archive:image.tar";
    assertFails(ErrorKind.UNSUPPORTED, () -> TRANSPORTS.source(location), "'vfs'", line);
    String back = "skopeo copy oci-archive:image.tar 'containers-storage:[vfs@/it'\\''s]app:1'";
    assertFails(ErrorKind.UNSUPPORTED, () -> TRANSPORTS.sink(location), back);
  }

  @ParameterizedTest
  @ValueSource(strings = {"[overlay@DIR/a", "[overlay@relative]app", "[[]app"})
  void aStoreOfPodmanIsNamedAsForSkopeo(String text) {
    assertFails(
        ErrorKind.INVALID_INPUT, () -> TRANSPORTS.source(location("containers-storage:" + text)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[DIR/a]",
        "[overlay@DIR/a]",
        "[overlay@DIR/a+/run/b]",
        "[overlay@DIR/a+/run/b:x=y,z]"
      })
  @EnabledOnOs(OS.LINUX)
  void aStoreOfPodmanIsLookedFor(String store) {
    assertFails(
        ErrorKind.NOT_FOUND,
        () -> TRANSPORTS.source(location("containers-storage:" + store + "app:1")),
        temporary.resolve("a") + " is not there");
  }

  @Test
  void aStoreHasToBeGiven() {
    ImageLocation location = location("store:app:1");
    assertFails(ErrorKind.FAILED_PRECONDITION, () -> TRANSPORTS.source(location), "withStore");
    assertFails(ErrorKind.FAILED_PRECONDITION, () -> TRANSPORTS.sink(location), "withStore");
  }

  @Test
  void aStoreIsWrittenAndRead() {
    Manifest manifest = Samples.manifest("one");
    MemoryImageSource memory = new MemoryImageSource();
    Samples.put(memory, APP, "one");
    LocalStore store = LocalStore.open(temporary.resolve("store"));
    Transports transports = TRANSPORTS.withStore(store);
    ImageLocation location = location("store:app:1");
    try (OpenLocation<ImageSink> to = transports.sink(location)) {
      ImageCopy.between(memory, to.images()).copy(APP, to.reference());
      to.images().commit();
    }
    try (OpenLocation<ImageSource> from = transports.source(location)) {
      Descriptor found = from.images().resolve(from.reference());
      assertThat(found).isEqualTo(manifest.descriptor());
      assertThat(from.images().blobSize(from.reference(), manifest.layers().get(0).digest()))
          .isEqualTo(manifest.layers().get(0).size());
      store.images().remove(from.reference());
      try (Sweep sweep = store.sweep(Duration.ZERO)) {
        assertThat(sweep.used()).contains(manifest.digest(), manifest.layers().get(0).digest());
      }
    }
    try (Sweep sweep = store.sweep(Duration.ZERO)) {
      assertThat(sweep.used()).isEmpty();
    }
  }

  @Test
  void aDaemonIsReachedWhereItIsSaidToBe() {
    Transports transports =
        TRANSPORTS.withDockerHost(temporary.resolve("none.sock").toUri().resolve("none.sock"));
    assertFails(
        ErrorKind.UNSUPPORTED, () -> transports.source(location("docker-daemon:app:1")), "file:");
    ImageLocation id = location("docker-daemon:" + "0".repeat(64));
    assertFails(ErrorKind.INVALID_INPUT, () -> transports.sink(id), "id");
  }

  @Test
  void aRegistryIsTheCallers() {
    MemoryImageSource memory = new MemoryImageSource();
    Samples.put(memory, APP, "one");
    try (RegistryServer server = RegistryServer.serve(memory).registry("registry.example").start();
        RegistryClient client =
            RegistryClient.builder().credentialStore(CredentialStore.NONE).build()) {
      ImageLocation location = location("docker://" + server.host() + "/team/app:1");
      for (int i = 0; i < 2; i++) {
        // Closing the first does not close the client.
        try (OpenLocation<ImageSource> from = TRANSPORTS.withRegistry(client).source(location)) {
          assertThat(from.reference()).isEqualTo(location.reference().orElseThrow());
          assertThat(from.images().resolve(from.reference()).digest())
              .isEqualTo(Samples.manifest("one").digest());
        }
      }
    }
  }
}
