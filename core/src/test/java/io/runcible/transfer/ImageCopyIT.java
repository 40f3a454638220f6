package io.runcible.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runcible.Digest;
import io.runcible.Tool;
import io.runcible.image.ImageReference;
import io.runcible.image.Platform;
import io.runcible.image.Samples;
import io.runcible.layout.ImageLayout;
import io.runcible.registry.DockerRegistry;
import io.runcible.registry.DockerRegistry.Entrance;
import io.runcible.registry.RegistryClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Our copies and skopeo's, between a real registry and layouts: equal in every blob. */
class ImageCopyIT {
  private static final ImageReference IMAGE = ImageReference.parse("registry.example/app:1");

  @TempDir Path directory;
  private final Tool skopeo = Tool.require("skopeo", "skopeo");
  private DockerRegistry registry;
  private RegistryClient client;
  private ImageLayout original;

  @BeforeEach
  void start() throws IOException {
    registry =
        DockerRegistry.start(Files.createDirectory(directory.resolve("registry")), Entrance.OPEN);
    client = registry.client().build();
    original = ImageLayout.create(directory.resolve("original"));
    GzipImages.putIndex(original, IMAGE, "app");
  }

  @AfterEach
  void stop() {
    client.close();
    registry.close();
  }

  private ImageReference remote(String tag) {
    return ImageReference.parse(registry.name() + "/team/app:" + tag);
  }

  private void skopeo(Object... arguments) throws Exception {
    Object[] all = Stream.concat(Stream.of("--insecure-policy"), Stream.of(arguments)).toArray();
    skopeo.run(all);
  }

  /** The name and the content of each blob. */
  private static Map<String, String> blobs(Path layout) throws IOException {
    Map<String, String> blobs = new TreeMap<>();
    try (Stream<Path> files = Files.walk(layout.resolve("blobs"))) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        blobs.put(file.getFileName().toString(), Digest.sha256(Files.readAllBytes(file)).hex());
      }
    }
    return blobs;
  }

  /** What the first image with a name is. */
  private static JsonNode root(Path layout) throws IOException {
    JsonNode index = new ObjectMapper().readTree(layout.resolve("index.json").toFile());
    return index.get("manifests").get(0).get("digest");
  }

  @Test
  void fromRegistryToLayoutAsSkopeo() throws Exception {
    ImageCopy.between(original, client).copy(IMAGE, remote("1"));
    Path theirs = directory.resolve("theirs");
    skopeo(
        "copy",
        "--all",
        "--src-tls-verify=false",
        "docker://" + remote("1"),
        "oci:" + theirs + ":1");
    Path ours = directory.resolve("ours");
    try (ImageLayout layout = ImageLayout.create(ours)) {
      ImageCopy.between(client, layout).copy(remote("1"), IMAGE);
    }
    assertThat(blobs(ours)).isEqualTo(blobs(theirs)).isNotEmpty();
    assertThat(root(ours)).isEqualTo(root(theirs));
  }

  @Test
  void onePlatformAsSkopeo() throws Exception {
    ImageCopy.between(original, client).copy(IMAGE, remote("1"));
    Path theirs = directory.resolve("theirs");
    skopeo(
        "--override-arch=arm64",
        "copy",
        "--src-tls-verify=false",
        "docker://" + remote("1"),
        "oci:" + theirs + ":1");
    Path ours = directory.resolve("ours");
    try (ImageLayout layout = ImageLayout.create(ours)) {
      ImageCopy.between(client, layout)
          .platform(Platform.parse("linux/arm64"))
          .copy(remote("1"), IMAGE);
    }
    assertThat(blobs(ours)).isEqualTo(blobs(theirs)).isNotEmpty();
    assertThat(root(ours)).isEqualTo(root(theirs));
  }

  @Test
  void whatWeWriteSkopeoReads() throws Exception {
    ImageCopy.between(original, client).copy(IMAGE, remote("1"));
    ImageCopy.between(client, client).copy(remote("1"), remote("2"));
    Path theirs = directory.resolve("theirs");
    skopeo(
        "copy",
        "--all",
        "--src-tls-verify=false",
        "docker://" + remote("2"),
        "oci:" + theirs + ":1");
    assertThat(blobs(theirs)).isEqualTo(blobs(original.directory()));
  }

  @Test
  void whatSkopeoWritesWeRead() throws Exception {
    skopeo(
        "copy",
        "--all",
        "--dest-tls-verify=false",
        "oci:" + original.directory() + ":" + IMAGE,
        "docker://" + remote("3"));
    Path ours = directory.resolve("ours");
    try (ImageLayout layout = ImageLayout.create(ours)) {
      ImageCopy.between(client, layout).copy(remote("3"), IMAGE);
    }
    assertThat(blobs(ours)).isEqualTo(blobs(original.directory()));
  }

  private String skopeoInspectRaw(ImageReference image) throws Exception {
    return skopeo.run(
        "--insecure-policy", "inspect", "--raw", "--tls-verify=false", "docker://" + image);
  }

  @Test
  void fromRegistryToRegistryAsSkopeo() throws Exception {
    ImageCopy.between(original, client).copy(IMAGE, remote("1"));
    ImageReference theirs = ImageReference.parse(registry.name() + "/theirs/app:1");
    ImageReference ours = ImageReference.parse(registry.name() + "/ours/app:1");
    skopeo(
        "copy",
        "--all",
        "--preserve-digests",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
        "docker://" + remote("1"),
        "docker://" + theirs);
    ImageCopy copy = ImageCopy.between(client, client);
    assertThat(copy.copy(remote("1"), ours).unchanged()).isFalse();
    assertThat(skopeoInspectRaw(ours)).isEqualTo(skopeoInspectRaw(theirs));
    assertThat(copy.copy(remote("1"), ours).unchanged()).isTrue();
    assertThat(copy.copy(remote("1"), theirs).unchanged()).isTrue();
  }

  @Test
  void signaturesOfCosignComeAlong() throws Exception {
    GzipImages.put(original, IMAGE, Samples.PLATFORM, "signed");
    String tag = "sha256-" + original.resolve(IMAGE).digest().hex() + ".sig";
    GzipImages.put(original, IMAGE.withTag(tag), Samples.PLATFORM, "the signature");
    ImageCopy.between(original, client).withReferrers().copy(IMAGE, remote("1"));
    String tags =
        skopeo.run("list-tags", "--tls-verify=false", "docker://" + registry.name() + "/team/app");
    assertThat(tags).contains("\"1\"", "\"" + tag + "\"");
  }

  @Test
  void anIndexOfOursIsTakenAndRead() throws Exception {
    GzipImages.put(client, remote("amd"), Samples.PLATFORM, "amd");
    GzipImages.put(
        client, ImageReference.parse(registry.name() + "/other:arm"), GzipImages.OTHER, "arm");
    IndexAssembly assembly =
        IndexAssembly.builder(client)
            .add(remote("amd"))
            .add(
                ImageReference.parse(registry.name() + "/other:arm"),
                entry -> entry.withAnnotations(Map.of("about", "arm")))
            .build();
    assembly.writeTo(client, remote("all"));
    assertThat(skopeoInspectRaw(remote("all")))
        .isEqualTo(new String(assembly.index().raw(), UTF_8));
    Path theirs = directory.resolve("theirs");
    skopeo(
        "copy",
        "--all",
        "--src-tls-verify=false",
        "docker://" + remote("all"),
        "oci:" + theirs + ":1");
    assertThat(blobs(theirs)).hasSize(7);
  }

  @Test
  void anArtifactIsTakenAndRead() throws Exception {
    Artifact artifact =
        Artifact.builder("application/vnd.example.note")
            .content("note.txt", "text/plain", "remember".getBytes(UTF_8))
            .build();
    artifact.writeTo(client, remote("note"));
    assertThat(skopeoInspectRaw(remote("note")))
        .isEqualTo(new String(artifact.manifest().raw(), UTF_8));
    Path out = directory.resolve("out");
    assertThat(Artifact.read(client, remote("note"), out, 1000).get(0)).hasContent("remember");
  }
}
