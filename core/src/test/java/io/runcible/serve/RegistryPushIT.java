package io.runcible.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.runcible.Tool;
import io.runcible.archive.LayerWriter;
import io.runcible.archive.WrittenLayer;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.layout.ImageLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What skopeo and umoci make of a registry that they may write to. */
class RegistryPushIT extends SkopeoTests {
  private static final ImageReference LOCAL = ImageReference.parse("registry.example/local:1");

  private ImageLayout local;
  private ImageLayout remote;
  private ImageIndex index;

  @BeforeEach
  void start() {
    local = ImageLayout.create(temporary.resolve("local"));
    index = writeImage(local, LOCAL);
    remote = ImageLayout.create(temporary.resolve("remote"));
    server = RegistryServer.serve(remote).writable().start();
  }

  @AfterEach
  void nothingOfAnUploadStays() throws IOException {
    server.close();
    assertThat(spooled()).isEmpty();
  }

  private List<Path> spooled() throws IOException {
    try (Stream<Path> files = Files.walk(temporary.resolve("remote/.runcible-uploads"))) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !file.getFileName().toString().equals(".runcible-uploads.lock"))
          .toList();
    }
  }

  private String local(String tag) {
    return "oci:" + local.directory() + ":" + LOCAL.withTag(tag);
  }

  private void push(String tag, String... options) throws Exception {
    List<Object> arguments = new ArrayList<>(List.of("copy", "--dest-tls-verify=false"));
    arguments.addAll(List.of(options));
    arguments.addAll(List.of(local(tag), url(":" + tag)));
    skopeo(arguments.toArray());
  }

  private static Set<String> blobs(ImageLayout layout) throws IOException {
    try (Stream<Path> files = Files.list(layout.directory().resolve("blobs/sha256"))) {
      return files
          .map(file -> file.getFileName().toString())
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  private static ImageReference app(String tag) {
    return ImageReference.parse("team/app:" + tag);
  }

  @Test
  void skopeoPushesAnImageAndPullsItBack() throws Exception {
    push("one", "--preserve-digests");
    Descriptor pushed = remote.resolve(app("one"));
    assertThat(pushed.digest()).isEqualTo(index.manifests().get(0).digest());
    Path back = temporary.resolve("back");
    skopeo("copy", "--src-tls-verify=false", url(":one"), "oci:" + back + ":one");
    ImageLayout copied = ImageLayout.open(back);
    assertThat(copied.resolve(app("one")).digest()).isEqualTo(pushed.digest());
    assertThat(blobs(copied)).isEqualTo(blobs(remote));
    readLayers(Image.resolve(copied, app("one"), ARM64));
  }

  @Test
  void skopeoPushesAllPlatforms() throws Exception {
    push("all", "--all", "--preserve-digests");
    assertThat(remote.resolve(app("all")).digest()).isEqualTo(index.digest());
    assertThat(blobs(remote)).isEqualTo(blobs(local));
    Path back = temporary.resolve("back");
    skopeo("copy", "--all", "--src-tls-verify=false", url(":all"), "oci:" + back + ":all");
    assertThat(ImageLayout.open(back).resolve(app("all")).digest()).isEqualTo(index.digest());
    assertThat(blobs(ImageLayout.open(back))).isEqualTo(blobs(local));
  }

  @Test
  void skopeoPushesZstd() throws Exception {
    WrittenLayer plain =
        new LayerWriter()
            .uncompressed()
            .addFile("data", 0644, new byte[100_000])
            .writeTo(temporary.resolve("plain"));
    ImageAssembly.builder(ARM64).layer(plain).build().writeTo(local, LOCAL.withTag("one"));
    push("one", "--dest-compress-format=zstd");
    Manifest zstd = Image.resolve(remote, app("one"), ARM64).manifest();
    assertThat(zstd.layers())
        .hasSize(1)
        .allMatch(l -> l.mediaType().equals(MediaType.OCI_LAYER_ZSTD));
  }

  @Test
  void skopeoPushesDockerManifests() throws Exception {
    skopeo("copy", "--dest-tls-verify=false", "--format=v2s2", local("one"), url(":docker"));
    assertThat(remote.resolve(app("docker")).mediaType()).isEqualTo(MediaType.DOCKER_MANIFEST);
    skopeo(
        "copy",
        "--src-tls-verify=false",
        url(":docker"),
        "docker-archive:" + temporary.resolve("archive") + ":team/app:1");
    assertThat(temporary.resolve("archive")).isNotEmptyFile();
  }

  @Test
  void skopeoListsAndDeletes() throws Exception {
    push("one");
    push("all", "--all");
    JsonNode tags = skopeoJson("list-tags", "--tls-verify=false", url(""));
    assertThat(tags.get("Tags").toString()).isEqualTo("[\"all\",\"one\"]");
    skopeo("delete", "--tls-verify=false", url(":all"));
    assertThat(remote.tags(app("one"))).containsExactly("one");
    skopeo("delete", "--tls-verify=false", url(":one"));
    assertThat(remote.repositories("docker.io")).isEmpty();
  }

  @Test
  void skopeoSynchronizesThereAndBack() throws Exception {
    push("one", "--preserve-digests");
    push("all", "--all", "--preserve-digests");
    Path directory = Files.createDirectory(temporary.resolve("sync"));
    skopeo(
        "sync",
        "--all",
        "--src=docker",
        "--dest=dir",
        "--src-tls-verify=false",
        server.host() + "/team/app",
        directory);
    skopeo(
        "sync",
        "--all",
        "--src=dir",
        "--dest=docker",
        "--dest-tls-verify=false",
        directory,
        server.host() + "/mirror");
    ImageReference mirror = ImageReference.parse("mirror/app:all");
    assertThat(remote.tags(mirror)).containsExactly("all", "one");
    assertThat(remote.resolve(mirror).digest()).isEqualTo(index.digest());
  }

  @Test
  void skopeoMovesAnImageBetweenRepositories() throws Exception {
    push("one", "--preserve-digests");
    Set<String> before = blobs(remote);
    skopeo(
        "copy",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
        url(":one"),
        "docker://" + server.host() + "/other:1");
    ImageReference other = ImageReference.parse("other:1");
    assertThat(remote.resolve(other).digest()).isEqualTo(remote.resolve(app("one")).digest());
    assertThat(blobs(remote)).isEqualTo(before);
  }

  @Test
  void umociReadsAndWritesTheLayoutBetweenPushes() throws Exception {
    Tool umoci = Tool.require("umoci", "umoci");
    push("one", "--preserve-digests");
    Path copy = temporary.resolve("umoci");
    skopeo("copy", "--src-tls-verify=false", url(":one"), "oci:" + copy + ":one");
    umoci.run("config", "--image", copy + ":one", "--tag", "two", "--config.user", "joe");
    skopeo("copy", "--dest-tls-verify=false", "oci:" + copy + ":two", url(":two"));
    assertThat(Image.resolve(remote, app("two"), ARM64).config().user()).contains("joe");
    assertThat(Image.resolve(remote, app("two"), ARM64).manifest().layers())
        .isEqualTo(Image.resolve(remote, app("one"), ARM64).manifest().layers());
  }

  @Test
  void skopeoLogsInWithAPassword() throws Exception {
    server.close();
    server = RegistryServer.serve(remote).writable().user("joe", "correct horse").start();
    push("one", "--dest-creds=joe:correct horse");
    assertThat(remote.tags(app("one"))).containsExactly("one");
    skopeo("delete", "--tls-verify=false", "--creds=joe:correct horse", url(":one"));
    assertThat(remote.repositories("docker.io")).isEmpty();
  }
}
