package io.runcible.layout;

import static io.runcible.layout.FakeStorage.base64;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.Platform;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@EnabledOnOs(OS.LINUX)
class ContainersStorageTest {
  private static final String APP = "registry.example/team/app:1";
  private static final String SECRET = "the host's secret";
  private static final byte[] LOWER =
      new Tars().directory("etc/").file("etc/a", "kept").file("etc/empty", "").bytes();
  private static final byte[] UPPER = new Tars().file("bin/tool", "x".repeat(100_000)).bytes();

  @TempDir Path temporary;
  private FakeStorage storage;
  private ContainersStorage source;
  private String id;

  @BeforeEach
  void store() {
    storage = new FakeStorage(temporary.resolve("store"));
    id = storage.add(APP, LOWER, UPPER);
    source = ContainersStorage.open(storage.root);
  }

  private static void assertFails(ErrorKind kind, ThrowingCallable action, String... reasons) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .hasMessageContainingAll(reasons);
  }

  private byte[] layer(int number) throws IOException {
    Descriptor image = source.select(APP);
    ImageReference reference = ImageReference.parse(APP).withDigest(image.digest());
    Manifest manifest = source.read(reference).manifest();
    try (InputStream in = source.blob(reference, manifest.layers().get(number))) {
      return in.readAllBytes();
    }
  }

  private String layerId(int number) {
    return storage.layers.get(number).get("id").textValue();
  }

  private Path diff(int number) {
    return storage.root.resolve("overlay/" + layerId(number) + "/diff");
  }

  @Test
  void anImageIsReadWithItsLayersAsTheyWere() throws IOException {
    Descriptor found = source.select(APP);
    ImageReference reference = ImageReference.parse(APP).withDigest(found.digest());
    Manifest manifest = source.read(reference).manifest();
    assertThat(manifest.annotations()).containsEntry("note", "kept");
    assertThat(manifest.layers())
        .containsExactly(
            Descriptor.of(MediaType.OCI_LAYER, LOWER), Descriptor.of(MediaType.OCI_LAYER, UPPER));
    assertThat(layer(0)).isEqualTo(LOWER);
    assertThat(layer(1)).isEqualTo(UPPER);
    Image image = Image.resolve(source, reference, Platform.of("linux", "amd64"));
    assertThat(image.config().labels()).containsEntry("name", APP);
    assertThat(image.config().digest().hex()).isEqualTo(id);
    assertThat(source.blobSize(reference, manifest.config().digest()))
        .isEqualTo(manifest.config().size());
    assertThat(source.blobSize(reference, Digest.sha256(UPPER))).isEqualTo(UPPER.length);
  }

  @Test
  void anotherReaderFindsWhatADigestNames() {
    ImageReference reference = ImageReference.parse(APP).withDigest(source.select(APP).digest());
    ContainersStorage other = ContainersStorage.open(storage.root);
    assertThat(other.resolve(reference).digest()).isEqualTo(reference.digest().orElseThrow());
    assertThat(other.blobSize(reference, Digest.sha256(LOWER))).isEqualTo(LOWER.length);
    assertFails(
        ErrorKind.NOT_FOUND,
        () -> other.blobSize(reference, Digest.sha256(new byte[1])),
        "has no sha256:");
  }

  @Test
  void anImageIsNamedAsForSkopeo() {
    Digest wanted = source.select(APP).digest();
    storage.add("docker.io/library/redis:latest", LOWER);
    String stored = storage.images.get(0).get("digest").textValue();
    for (String name :
        List.of(
            APP,
            "@" + id,
            "@" + id.substring(0, 12),
            id,
            id.substring(0, 12),
            "@" + stored,
            "registry.example/team/app@" + stored,
            "registry.example/team/app@" + id)) {
      assertThat(source.select(name).digest()).as(name).isEqualTo(wanted);
    }
    assertThat(source.select("redis").digest()).isNotEqualTo(wanted);
    assertThat(source.resolve(ImageReference.parse(APP)).digest()).isEqualTo(wanted);
    assertThat(source.tags(ImageReference.parse(APP))).containsExactly("1");
    assertFails(ErrorKind.INVALID_INPUT, () -> source.select(""), "2 images", APP);
    assertFails(ErrorKind.NOT_FOUND, () -> source.select("redis@" + stored), "redis:latest");
    assertFails(ErrorKind.NOT_FOUND, () -> source.select("@ab"), APP);
    assertFails(ErrorKind.NOT_FOUND, () -> source.select("@../" + id), APP);
    assertFails(ErrorKind.NOT_FOUND, () -> source.select("other:1"), APP);
  }

  @Test
  void anImageOfSeveralNamesHasTheOneThatWasAskedFor() {
    ((ArrayNode) storage.images.get(0).get("names")).add("docker.io/library/second:latest");
    storage.list();
    assertThat(source.select("second").annotations())
        .containsValue("docker.io/library/second:latest");
    assertThat(source.select("@" + id).annotations()).containsValue(APP);
    assertThat(source.select("").annotations()).containsValue(APP);
  }

  @Test
  void anImageWithoutANameHasItsId() {
    String other = storage.add("", UPPER);
    assertFails(ErrorKind.NOT_FOUND, () -> source.select("other:1"), "@" + other);
    assertThat(source.select("@" + other).annotations()).isEmpty();
  }

  @Test
  void whereThereIsNoStoreThereIsNone() {
    ContainersStorage none = ContainersStorage.open(temporary.resolve("none"));
    assertFails(ErrorKind.NOT_FOUND, () -> none.select(APP), temporary.resolve("none").toString());
  }

  @Test
  void whatSkopeoHasToCopyIsSaid() throws IOException {
    Path vfs = temporary.resolve("it's");
    Files.createDirectories(vfs.resolve("vfs-images"));
    assertFails(
        ErrorKind.UNSUPPORTED,
        () -> ContainersStorage.open(vfs).select(APP),
        "'vfs'",
        "skopeo copy 'containers-storage:[overlay@"
            + temporary
            + "/it'\\''s]"
            + APP
            + "' oci-arch");
    Files.delete(storage.root.resolve("overlay-layers/" + layerId(1) + ".tar-split.gz"));
    assertFails(
        ErrorKind.UNSUPPORTED, () -> source.select(APP), layerId(1), "not kept", "skopeo copy");
    storage.layers.remove(1);
    storage.list();
    assertFails(
        ErrorKind.UNSUPPORTED, () -> source.select(APP), "not in this storage", "skopeo copy");
  }

  @Test
  void anIndexIsLeftToSkopeo() {
    ImageIndex index = ImageIndex.of(List.of(), Map.of());
    storage.image("localhost/index:1", "", index.raw(), "{}".getBytes(UTF_8));
    assertFails(
        ErrorKind.UNSUPPORTED, () -> source.select("localhost/index:1"), "index", "skopeo copy");
  }

  @Test
  void theStoreIsNotChanged() throws IOException {
    Map<Path, Object> before = files();
    layer(0);
    source.close();
    assertThat(files()).isEqualTo(before);
  }

  private Map<Path, Object> files() throws IOException {
    try (var files = Files.walk(storage.root)) {
      return files.collect(
          java.util.stream.Collectors.toMap(
              file -> file,
              file -> {
                try {
                  return List.of(Files.getLastModifiedTime(file), Files.size(file));
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              }));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"shorter", "longer", "other content!", "missing", "link", "directory"})
  void aFileThatIsNotWhatItWasIsNoticed(String change) throws IOException {
    Path file = diff(0).resolve("etc/a");
    String kept = Files.readString(file);
    Files.delete(file);
    Files.writeString(temporary.resolve("kept"), kept);
    switch (change) {
      case "shorter" -> Files.writeString(file, kept.substring(1));
      case "longer" -> Files.writeString(file, kept + "!");
      case "other content!" -> Files.writeString(file, kept.replace('k', 'K'));
      case "link" -> Files.createSymbolicLink(file, temporary.resolve("kept"));
      case "directory" -> Files.createDirectory(file);
      default -> {}
    }
    assertThatThrownBy(() -> layer(0))
        .isInstanceOfSatisfying(
            RuncibleException.class,
            e -> assertThat(e.kind()).isIn(ErrorKind.CORRUPT_DATA, ErrorKind.INVALID_INPUT))
        .hasMessageContaining("etc/a");
  }

  @Test
  void noPathLeadsOutOfTheStore() throws IOException {
    Path outside = Files.createDirectory(temporary.resolve("outside"));
    Path secret = Files.writeString(outside.resolve("secret"), SECRET);
    byte[] tar = new Tars().file("secret", SECRET).bytes();
    String honest = FakeStorage.lines(tar);
    FakeStorage hostile = new FakeStorage(temporary.resolve("hostile"));
    hostile.add(APP, tar);
    source = ContainersStorage.open(hostile.root);
    assertThat(layer(0)).isEqualTo(tar);
    String layer = hostile.layers.get(0).get("id").textValue();
    Path diff = hostile.root.resolve("overlay/" + layer + "/diff");
    Files.delete(diff.resolve("secret"));
    Files.createSymbolicLink(diff.resolve("link"), outside);
    for (String name :
        List.of(
            "../../../../outside/secret",
            secret.toString(),
            "link/secret",
            "/proc/self/root" + secret,
            "x".repeat(5000))) {
      hostile.split(layer, honest.replace("\"secret\"", "\"" + name + "\""));
      assertFails(ErrorKind.CORRUPT_DATA, () -> layer(0), "is missing");
    }
    hostile.split(layer, honest);
    Files.createSymbolicLink(diff.resolve("secret"), secret);
    assertFails(ErrorKind.INVALID_INPUT, () -> layer(0), "not a regular file");
    Files.delete(diff.resolve("secret"));
    Files.delete(diff.resolve("link"));
    Files.delete(diff);
    Files.createSymbolicLink(diff, outside);
    assertFails(ErrorKind.CORRUPT_DATA, () -> layer(0), "is missing");
  }

  @Test
  void aNameThatIsNoTextIsFoundByItsBytes() throws IOException {
    byte[] raw = "caf\u00e9".getBytes(StandardCharsets.ISO_8859_1);
    byte[] content = "content".getBytes(UTF_8);
    byte[] tar = new Tars().file("etc/name", content).bytes();
    FakeStorage odd = new FakeStorage(temporary.resolve("odd"));
    odd.add(APP, tar);
    source = ContainersStorage.open(odd.root);
    String layer = odd.layers.get(0).get("id").textValue();
    String lines = FakeStorage.lines(tar);
    odd.split(
        layer, lines.replace("\"name\":\"etc/name\"", "\"name_raw\":\"" + base64(raw) + "\""));
    Path diff = odd.root.resolve("overlay/" + layer + "/diff");
    // The runtime may have no way to write that name.
    new ProcessBuilder("sh", "-c", "mv etc/name \"$(printf 'caf\\351')\"")
        .directory(diff.toFile())
        .start()
        .onExit()
        .join();
    assertThat(layer(0)).isEqualTo(tar);
  }

  @Test
  void aChainOfLayersThatNeverEndsIsRefused() {
    ((ObjectNode) storage.layers.get(0)).put("parent", layerId(1));
    storage.list();
    assertFails(ErrorKind.CORRUPT_DATA, () -> source.select(APP), "more than 1000 layers");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../../etc", "", "ABC", "/etc", "0\\u0000"})
  void anIdIsNoPath(String wrong) {
    storage.write("overlay-layers/layers.json", ("[{\"id\":\"" + wrong + "\"}]").getBytes(UTF_8));
    assertFails(ErrorKind.INVALID_INPUT, () -> source.select(APP), "which is no id");
    storage.write("overlay-images/images.json", ("[{\"id\":\"" + wrong + "\"}]").getBytes(UTF_8));
    assertFails(ErrorKind.INVALID_INPUT, () -> source.select(APP), "which is no id");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{}", "[", "[1]", "[{\"id\":", "[{\"names\":[[]]}]", "\"\"", "nul"})
  void aListThatIsNoneIsRefused(String text) {
    storage.write("overlay-images/images.json", text.getBytes(UTF_8));
    assertFails(ErrorKind.INVALID_INPUT, () -> source.select(APP), "images.json");
  }

  @Test
  void deepNestingIsRefused() {
    String deep = "[{\"x\":" + "[".repeat(100_000);
    storage.write("overlay-layers/layers.json", deep.getBytes(UTF_8));
    assertFails(ErrorKind.INVALID_INPUT, () -> source.select(APP), "layers.json", "depth");
  }

  @Test
  void partsThatContradictEachOtherAreRefused() throws IOException {
    ObjectNode image = (ObjectNode) storage.images.get(0);
    Path manifest = storage.root.resolve("overlay-images/" + id + "/manifest");
    String kept = Files.readString(manifest);
    Files.writeString(manifest, kept + " ");
    assertFails(ErrorKind.CORRUPT_DATA, () -> source.select(APP), "its manifest is not");
    Files.writeString(manifest, kept);
    image.put("layer", layerId(0));
    storage.list();
    assertFails(ErrorKind.CORRUPT_DATA, () -> source.select(APP), "1 layers", "2 of its conf");
    image.put("layer", layerId(1));
    ((ObjectNode) storage.layers.get(0)).put("diff-digest", Digest.sha256(UPPER).toString());
    storage.list();
    assertFails(ErrorKind.CORRUPT_DATA, () -> source.select(APP), "is not sha256:");
    ((ObjectNode) storage.layers.get(0)).put("diff-digest", Digest.sha256(LOWER).toString());
    storage.list();
    Path config =
        Objects.requireNonNull(
            storage.root.resolve(
                "overlay-images/" + id + "/=" + base64(("sha256:" + id).getBytes(UTF_8))));
    Files.writeString(config, "{}");
    assertFails(ErrorKind.CORRUPT_DATA, () -> source.select(APP), "content sha256:" + id);
    Files.delete(config);
    assertFails(ErrorKind.CORRUPT_DATA, () -> source.select(APP), "is missing");
  }
}
