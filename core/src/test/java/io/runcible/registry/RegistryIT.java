package io.runcible.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.archive.VerifiedInputStream;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.ImageSinkContract;
import io.runcible.image.ImageSource;
import io.runcible.image.ImageSourceContract;
import io.runcible.image.Layer;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.Samples;
import io.runcible.registry.DockerRegistry.Entrance;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The client and skopeo on the same real registry, through each of its entrances. */
class RegistryIT {
  @TempDir Path directory;

  private DockerRegistry registry;
  private RegistryClient client;

  private void start(Entrance entrance) throws IOException {
    registry = DockerRegistry.start(Files.createDirectory(directory.resolve("registry")), entrance);
    client = registry.client().build();
  }

  @AfterEach
  void stop() {
    if (client != null) {
      client.close();
    }
    if (registry != null) {
      registry.close();
    }
  }

  private ImageReference reference(String rest) {
    return ImageReference.parse(registry.name() + "/" + rest);
  }

  private static RuncibleException failure(Runnable call) {
    return catchThrowableOfType(RuncibleException.class, call::run);
  }

  /** A layer, and the digest of what is packed in it. */
  private record Packed(byte[] layer, Digest diffId) {
    /** Made once: most tests push them. */
    static final List<Packed> ALL = List.of(of(3_000_000), of(1000));

    private static Packed of(int size) {
      byte[] content = FakeRegistry.random(size);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
        gzip.write(content);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return new Packed(out.toByteArray(), Digest.sha256(content));
    }
  }

  /** Pushes an image of two layers with the client. */
  private Manifest push(ImageReference reference) throws IOException {
    List<Descriptor> layers = new ArrayList<>();
    List<Digest> diffIds = new ArrayList<>();
    for (Packed packed : Packed.ALL) {
      Descriptor descriptor = Descriptor.of(MediaType.OCI_LAYER_GZIP, packed.layer());
      layers.add(descriptor);
      diffIds.add(packed.diffId());
      assertThat(client.hasBlob(reference, descriptor)).isFalse();
      client.putBlob(reference, descriptor, new ByteArrayInputStream(packed.layer()));
      assertThat(client.hasBlob(reference, descriptor)).isTrue();
    }
    ImageConfig config =
        ImageConfig.builder(Samples.PLATFORM).command("/bin/app").diffIds(diffIds).build();
    client.putBlob(reference, config.descriptor(), new ByteArrayInputStream(config.raw()));
    Manifest manifest = Manifest.of(config.descriptor(), layers, Map.of());
    client.putManifest(reference, manifest.descriptor(), manifest.raw());
    return manifest;
  }

  /** Reads all of an image with the client, several layers at a time, and checks every byte. */
  private void pull(ImageReference reference) throws Exception {
    Image image = Image.resolve(client, reference, Samples.PLATFORM);
    assertThat(image.config().command()).containsExactly("/bin/app");
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Callable<Long>> reads = new ArrayList<>();
      for (Layer layer : image.layers()) {
        reads.add(
            () -> {
              Descriptor descriptor = layer.descriptor();
              try (InputStream in =
                  new VerifiedInputStream(
                      layer.compressed(), descriptor.digest(), descriptor.size())) {
                return in.transferTo(ByteArrayOutputStream.nullOutputStream());
              }
            });
      }
      for (Future<Long> result : threads.invokeAll(reads)) {
        assertThat(result.get()).isPositive();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private String skopeo(List<String> options, String... command) throws Exception {
    List<String> line = new ArrayList<>();
    line.add(HostTools.requireProgram("skopeo", "skopeo").toString());
    line.addAll(List.of(command));
    line.addAll(2, options);
    Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(String.join(" ", line) + "\n" + said).isZero();
    return said;
  }

  @ParameterizedTest
  @EnumSource(Entrance.class)
  void whatTheClientPushesSkopeoPulls(Entrance entrance) throws Exception {
    start(entrance);
    ImageReference reference = reference("team/app:1");
    Manifest manifest = push(reference);
    String raw = skopeo(registry.skopeoOptions(""), "inspect", "--raw", "docker://" + reference);
    assertThat(raw.getBytes(UTF_8)).isEqualTo(manifest.raw());
    Path layout = directory.resolve("layout");
    skopeo(
        registry.skopeoOptions("src-"),
        "copy",
        "--insecure-policy",
        "docker://" + reference,
        "oci:" + layout + ":app");
    for (Descriptor layer : manifest.layers()) {
      byte[] stored = Files.readAllBytes(layout.resolve("blobs/sha256/" + layer.digest().hex()));
      layer.verify(stored);
    }
  }

  @ParameterizedTest
  @EnumSource(Entrance.class)
  void whatSkopeoPushesTheClientPulls(Entrance entrance) throws Exception {
    start(entrance);
    push(reference("team/app:1"));
    Path layout = directory.resolve("layout");
    skopeo(
        registry.skopeoOptions("src-"),
        "copy",
        "--insecure-policy",
        "docker://" + reference("team/app:1"),
        "oci:" + layout + ":app");
    for (String format : List.of("oci", "v2s2")) {
      ImageReference copy = reference("other/copy:" + format);
      skopeo(
          registry.skopeoOptions("dest-"),
          "copy",
          "--insecure-policy",
          "--format=" + format,
          "oci:" + layout + ":app",
          "docker://" + copy);
      pull(copy);
    }
    assertThat(client.tags(reference("other/copy"))).containsExactly("oci", "v2s2");
    assertThat(client.resolve(reference("other/copy:v2s2")).mediaType())
        .isEqualTo(MediaType.DOCKER_MANIFEST);
  }

  @ParameterizedTest
  @EnumSource(Entrance.class)
  void whatIsNotThereIsNotFound(Entrance entrance) throws Exception {
    start(entrance);
    push(reference("team/app:1"));
    assertThat(failure(() -> client.resolve(reference("team/app:2"))))
        .hasMessageContaining("MANIFEST_UNKNOWN")
        .extracting(RuncibleException::kind)
        .isEqualTo(ErrorKind.NOT_FOUND);
    assertThat(failure(() -> client.tags(reference("team/none"))).kind())
        .isEqualTo(ErrorKind.NOT_FOUND);
    Descriptor missing = Descriptor.of(MediaType.OCI_LAYER, new byte[1]);
    assertThat(failure(() -> client.blob(reference("team/app"), missing)))
        .hasMessageContaining("BLOB_UNKNOWN")
        .extracting(RuncibleException::kind)
        .isEqualTo(ErrorKind.NOT_FOUND);
  }

  @ParameterizedTest
  @EnumSource(
      value = Entrance.class,
      names = {"PASSWORD", "TOKEN"})
  void theWrongPasswordOrNoneIsRefused(Entrance entrance) throws Exception {
    start(entrance);
    push(reference("team/app:1"));
    for (RegistryClient.Builder other :
        List.of(
            RegistryClient.builder()
                .credentialStore(CredentialStore.NONE)
                .registries(RegistryConfiguration.none()),
            registry.client().credentials(registry.name(), Credentials.basic("joe", "wrong")))) {
      try (RegistryClient stranger = other.build()) {
        RuncibleException failure = failure(() -> stranger.resolve(reference("team/app:1")));
        assertThat(failure.kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
        assertThat(failure).hasMessageContaining(registry.name());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Entrance.class,
      names = {"PASSWORD", "TOKEN"})
  void aLoginOfSkopeoIsFound(Entrance entrance) throws Exception {
    start(entrance);
    push(reference("team/app:1"));
    Path file = directory.resolve("auth.json");
    skopeo(
        List.of("--tls-verify=false", "--authfile=" + file),
        "login",
        "--username=" + DockerRegistry.USER,
        "--password=" + DockerRegistry.PASSWORD,
        registry.name());
    try (RegistryClient known =
        RegistryClient.builder()
            .credentialStore(DockerCredentials.file(file))
            .registries(RegistryConfiguration.none())
            .build()) {
      assertThat(known.resolve(reference("team/app:1")).mediaType())
          .isEqualTo(MediaType.OCI_MANIFEST);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Entrance.class,
      names = {"PASSWORD", "TOKEN", "CERTIFICATE"})
  void loginsOfTheClientAndOfSkopeoAreTheSame(Entrance entrance) throws Exception {
    start(entrance);
    push(reference("team/app:1"));
    Path ours = directory.resolve("ours.json");
    Path theirs = directory.resolve("theirs.json");
    List<String> way =
        entrance == Entrance.CERTIFICATE
            ? List.of("--cert-dir=" + registry.certificates().resolve(registry.name()))
            : List.of("--tls-verify=false");
    try (RegistryClient known = loggingIn(ours)) {
      known.login(registry.name(), Credentials.basic(DockerRegistry.USER, DockerRegistry.PASSWORD));
      skopeo(
          with(way, "--authfile=" + theirs),
          "login",
          "--username=" + DockerRegistry.USER,
          "--password=" + DockerRegistry.PASSWORD,
          registry.name());
      assertThat(ours).hasSameBinaryContentAs(theirs);
      assertThat(Files.getPosixFilePermissions(ours))
          .isEqualTo(Files.getPosixFilePermissions(theirs));
      assertThat(known.resolve(reference("team/app:1"))).isNotNull();
      skopeo(with(way, "--authfile=" + ours), "inspect", "docker://" + reference("team/app:1"));
      skopeo(List.of("--authfile=" + ours), "logout", registry.name());
      assertThat(known.logout(registry.name())).isFalse();
      RuncibleException wrong =
          failure(() -> known.login(registry.name(), Credentials.basic("joe", "wrong")));
      assertThat(wrong.kind()).isEqualTo(ErrorKind.UNAUTHENTICATED);
    }
    try (RegistryClient other = loggingIn(theirs)) {
      assertThat(other.resolve(reference("team/app:1"))).isNotNull();
      assertThat(other.logout(registry.name())).isTrue();
    }
    assertThat(theirs).hasSameBinaryContentAs(ours);
    try (RegistryClient stranger = loggingIn(theirs)) {
      assertThat(failure(() -> stranger.resolve(reference("team/app:1"))).kind())
          .isEqualTo(ErrorKind.UNAUTHENTICATED);
    }
  }

  private RegistryClient loggingIn(Path file) {
    return RegistryClient.builder()
        .registries(RegistryConfiguration.none().withCertificates(registry.certificates()))
        .credentialStore(DockerCredentials.file(file))
        .build();
  }

  private static List<String> with(List<String> options, String more) {
    List<String> all = new ArrayList<>(options);
    all.add(more);
    return all;
  }

  @Test
  void whoHasNoCertificateIsRefused() throws Exception {
    start(Entrance.CERTIFICATE);
    Files.delete(registry.certificates().resolve(registry.name()).resolve("client.cert"));
    Files.delete(registry.certificates().resolve(registry.name()).resolve("client.key"));
    try (RegistryClient stranger = registry.client().attempts(1).build()) {
      assertThat(failure(() -> stranger.resolve(reference("app:1"))).kind())
          .isEqualTo(ErrorKind.UNAVAILABLE);
    }
  }

  @Test
  void mirrorsAreFollowedAsSkopeoDoes() throws Exception {
    start(Entrance.OPEN);
    Manifest manifest = push(reference("copy/team/app:1"));
    Path conf =
        Files.writeString(
            directory.resolve("registries.conf"),
            """
            [[registry]]
            prefix = "logical.example"
            location = "127.0.0.1:1/nowhere"
            [[registry.mirror]]
            location = "%1$s/absent"
            insecure = true
            [[registry.mirror]]
            location = "%1$s/copy"
            insecure = true
            [aliases]
            "app" = "logical.example/team/app"
            """
                .formatted(registry.name()));
    RegistryConfiguration configuration = RegistryConfiguration.file(conf);
    ImageReference named = configuration.resolve("app:1");
    String raw =
        skopeo(List.of("--registries-conf=" + conf), "inspect", "--raw", "docker://" + named);
    try (RegistryClient mirrored = registry.client().registries(configuration).build()) {
      Descriptor found = mirrored.resolve(named);
      assertThat(mirrored.manifest(named, found)).isEqualTo(manifest.raw());
      assertThat(raw.getBytes(UTF_8)).isEqualTo(manifest.raw());
    }
  }

  @Test
  void aCertificateOfItsOwnIsNotTrusted() throws Exception {
    start(Entrance.HTTPS);
    try (RegistryClient stranger =
        RegistryClient.builder()
            .credentialStore(CredentialStore.NONE)
            .registries(RegistryConfiguration.none())
            .https(registry.name())
            .build()) {
      assertThat(failure(() -> stranger.resolve(reference("app:1"))))
          .hasMessageContaining("trust store")
          .extracting(RuncibleException::kind)
          .isEqualTo(ErrorKind.UNAVAILABLE);
    }
  }

  @Nested
  class AsASource implements ImageSourceContract {
    @BeforeEach
    void open() throws IOException {
      start(Entrance.TOKEN);
    }

    @Override
    public ImageSource source(Consumer<ImageSink> content) {
      content.accept(new RenamedRegistry(client, registry.name()));
      return client;
    }

    @Override
    public ImageReference reference(ImageReference written) {
      return RenamedRegistry.at(registry.name(), written);
    }
  }

  @Nested
  class AsASink implements ImageSinkContract {
    @BeforeEach
    void open() throws IOException {
      start(Entrance.PASSWORD);
    }

    @Override
    public ImageSink sink() {
      return new RenamedRegistry(client, registry.name());
    }

    @Override
    public ImageSource written() {
      return new RenamedRegistry(client, registry.name());
    }
  }
}
