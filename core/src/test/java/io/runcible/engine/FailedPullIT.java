package io.runcible.engine;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.LayerWriter;
import io.runcible.archive.WrittenLayer;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Platform;
import io.runcible.serve.Fault;
import io.runcible.serve.FaultyRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pulls that fail: what they say, and that the store then holds what it held before. */
class FailedPullIT {
  private static final int LAYER_SIZE = 300_000;
  private static final int MIB = 1 << 20;

  @TempDir Path files;
  private final TestRoot root = TestRoot.create();
  private final LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
  private final MemoryImageSource images = new MemoryImageSource();
  private final FaultyRegistry registry = FaultyRegistry.serve(images);
  private ContainerEngine engine;
  private Map<String, String> before;
  private int written;

  @BeforeAll
  static void host() {
    HostTools.requireContainers();
    HostTools.requireRuntime();
  }

  @BeforeEach
  void pullOneThatIsFine() throws IOException {
    leaks.begin();
    engine = root.engine().build();
    WrittenLayer layer = layer();
    image("fine", List.of(layer.diffId()), Files.readAllBytes(layer.file()));
    engine.images().pull(reference("fine"));
    before = store();
  }

  @AfterEach
  void close() {
    engine.close();
    registry.close();
    leaks.verify();
    root.close();
  }

  private String reference(String tag) {
    return registry.host() + "/team/app:" + tag;
  }

  private WrittenLayer layer() {
    return layer(LAYER_SIZE);
  }

  private WrittenLayer layer(int size) {
    byte[] content = new byte[size];
    new Random(written++).nextBytes(content);
    return new LayerWriter()
        .addFile("/content", 0644, content)
        .writeTo(files.resolve("layer" + written));
  }

  /** Puts an image of gzip layers into the registry; its configuration can lie. */
  private Manifest image(String tag, List<Digest> diffIds, byte[]... layers) {
    return image(tag, ImageConfig.builder(Platform.host()).diffIds(diffIds).build().raw(), layers);
  }

  private Manifest image(String tag, byte[] config, byte[]... layers) {
    Manifest manifest =
        Manifest.of(
            images.add(MediaType.OCI_CONFIG, config),
            Arrays.stream(layers).map(l -> images.add(MediaType.OCI_LAYER_GZIP, l)).toList(),
            Map.of());
    tag(tag, images.add(MediaType.OCI_MANIFEST, manifest.raw()));
    return manifest;
  }

  private void tag(String tag, Descriptor descriptor) {
    images.tag(ImageReference.parse("team/app:" + tag), descriptor);
  }

  /** A sound image of two layers. */
  /** Of a small layer and one that several threads work on. */
  private Manifest sound(String tag) throws IOException {
    WrittenLayer one = layer();
    WrittenLayer two = layer(2 * MIB);
    return image(
        tag,
        List.of(one.diffId(), two.diffId()),
        Files.readAllBytes(one.file()),
        Files.readAllBytes(two.file()));
  }

  /** Everything in the store's directory, with the contents. */
  private Map<String, String> store() throws IOException {
    Map<String, String> found = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(root.data())) {
      for (Path path : (Iterable<Path>) paths::iterator) {
        found.put(
            root.data().relativize(path).toString(),
            Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
                ? Digest.sha256(Files.readAllBytes(path)).toString()
                : "");
      }
    }
    return found;
  }

  private void assertPullFails(String tag, ErrorKind kind, String... words) throws IOException {
    RunIT.assertFails(() -> engine.images().pull(reference(tag)), kind, words);
    assertThat(store()).isEqualTo(before);
    assertThat(engine.images().find(reference(tag))).isEmpty();
    assertThat(engine.images().find(reference("fine"))).isPresent();
  }

  /** The same registry, so that what it is asked for can be counted. */
  @Test
  void unchangedImageTakesOneRequest() {
    long asked = registry.requests().size();
    engine.images().pull(reference("fine"));
    assertThat(registry.requests().subList((int) asked, registry.requests().size()))
        .singleElement()
        .satisfies(request -> assertThat(request.path()).endsWith("/manifests/fine"));
  }

  @Test
  void layerOfAnotherDigest() throws IOException {
    Digest second = sound("changed").layers().get(1).digest();
    registry.fail("/blobs/" + second, FaultyRegistry.ALWAYS, Fault.flip(1000));
    assertPullFails(
        "changed", ErrorKind.CORRUPT_DATA, reference("changed"), second.toString(), "push it anew");
  }

  @Test
  void layerThatIsTooShort() throws IOException {
    Digest second = sound("short").layers().get(1).digest();
    registry.fail("/blobs/" + second, FaultyRegistry.ALWAYS, Fault.truncate(1000));
    assertPullFails("short", ErrorKind.CORRUPT_DATA, second.toString(), "1000");
  }

  @Test
  void layerThatIsTooLong() throws IOException {
    Digest first = sound("long").layers().get(0).digest();
    registry.fail("/blobs/" + first, FaultyRegistry.ALWAYS, Fault.append(5));
    assertPullFails("long", ErrorKind.CORRUPT_DATA, first.toString());
  }

  @Test
  void layerThatTheRegistryLacks() throws IOException {
    Digest first = sound("gone").layers().get(0).digest();
    registry.fail("/blobs/" + first, FaultyRegistry.ALWAYS, Fault.status(404));
    assertPullFails("gone", ErrorKind.NOT_FOUND, first.toString(), registry.host());
  }

  @Test
  void manifestAndConfigurationOfAnotherDigest() throws IOException {
    Manifest manifest = sound("other");
    Digest config = manifest.config().digest();
    registry.fail("/blobs/" + config, FaultyRegistry.ALWAYS, Fault.flip(3));
    assertPullFails("other", ErrorKind.CORRUPT_DATA, config.toString());
    registry.fail("/manifests/", FaultyRegistry.ALWAYS, Fault.flip(3));
    RunIT.assertFails(
        () -> engine.images().pull(registry.host() + "/team/app@" + manifest.digest()),
        ErrorKind.CORRUPT_DATA,
        manifest.digest().toString());
    assertThat(store()).isEqualTo(before);
  }

  @Test
  void imageThatIsNotThere() throws IOException {
    assertPullFails("nowhere", ErrorKind.NOT_FOUND, reference("nowhere"));
  }

  @Test
  void imageForOtherPlatforms() throws IOException {
    Descriptor other = sound("other").descriptor().withPlatform(Platform.parse("linux/s390x"));
    ImageIndex index = ImageIndex.of(List.of(other), Map.of());
    tag("index", images.add(MediaType.OCI_INDEX, index.raw()));
    assertPullFails(
        "index",
        ErrorKind.NOT_FOUND,
        reference("index"),
        Platform.host().toString(),
        "linux/s390x",
        "ask for a platform that it has");
  }

  @Test
  void layersThatAreNotWhatTheConfigurationSays() throws IOException {
    WrittenLayer one = layer();
    WrittenLayer two = layer();
    byte[] first = Files.readAllBytes(one.file());
    byte[] second = Files.readAllBytes(two.file());
    Digest wrong = Digest.sha256(new byte[1]);
    image("diff", List.of(one.diffId(), wrong), first, second);
    assertPullFails("diff", ErrorKind.CORRUPT_DATA, two.diffId().toString(), wrong.toString());
    image("few", List.of(one.diffId()), first, second);
    assertPullFails("few", ErrorKind.CORRUPT_DATA, reference("few"));
  }

  @Test
  void layersThatAreNoArchives() throws IOException {
    WrittenLayer one = layer();
    byte[] sound = Files.readAllBytes(one.file());
    byte[] half = Arrays.copyOf(sound, sound.length / 2);
    Manifest cut = image("half", List.of(one.diffId()), half);
    assertPullFails("half", ErrorKind.CORRUPT_DATA, cut.layers().get(0).digest().toString());
    byte[] text = "no archive".repeat(100).getBytes(UTF_8);
    Manifest plain = image("text", List.of(one.diffId()), text);
    assertPullFails("text", ErrorKind.CORRUPT_DATA, plain.layers().get(0).digest().toString());
  }

  @Test
  void configurationsThatAreNone() throws IOException {
    for (String config : List.of("", "[]", "{\"rootfs\":7}", "{\"config\":{\"Env\":[1]}}")) {
      image("config", config.getBytes(UTF_8));
      assertPullFails("config", ErrorKind.INVALID_INPUT, reference("config"));
    }
  }

  /** Two megabytes that would be two gigabytes. */
  @Test
  void layerThatBlowsUp() throws IOException {
    ByteArrayOutputStream bomb = new ByteArrayOutputStream();
    byte[] header = new byte[512];
    try (OutputStream gzip = new GZIPOutputStream(bomb)) {
      gzip.write(tarHeader(header, "zeros", 2048L * MIB));
    }
    ByteArrayOutputStream zeros = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(zeros)) {
      gzip.write(new byte[16 * MIB]);
    }
    for (int i = 0; i < 2048 / 16; i++) {
      zeros.writeTo(bomb);
    }
    Manifest manifest = image("bomb", List.of(Digest.sha256(header)), bomb.toByteArray());
    assertPullFails(
        "bomb", ErrorKind.INVALID_INPUT, manifest.layers().get(0).digest().toString(), "limit");
  }

  @Test
  void layerOverALimitOfTheCaller() throws IOException {
    sound("large");
    engine.close();
    ArchiveLimits small = ArchiveLimits.DEFAULT.withMaxTotalBytes(1000);
    engine = root.engine().archiveLimits(small).build();
    before = store();
    assertPullFails("large", ErrorKind.INVALID_INPUT, reference("large"), "ArchiveLimits");
  }

  /** Each layer by itself is within the limits, and there is one blob of them all. */
  @Test
  void layersThatAreOverALimitTogether() throws IOException {
    WrittenLayer layer = layer(MIB);
    byte[][] blobs = new byte[20][];
    Arrays.fill(blobs, Files.readAllBytes(layer.file()));
    image("many", Collections.nCopies(blobs.length, layer.diffId()), blobs);
    for (ArchiveLimits limits :
        List.of(
            ArchiveLimits.DEFAULT.withMaxTotalBytes(10L * MIB),
            ArchiveLimits.DEFAULT.withMaxEntries(10))) {
      engine.close();
      engine = root.engine().archiveLimits(limits).build();
      before = store();
      assertPullFails("many", ErrorKind.INVALID_INPUT, reference("many"), "ArchiveLimits");
    }
    engine.close();
    engine = root.engine().archiveLimits(ArchiveLimits.DEFAULT.withMaxEntries(100)).build();
    engine.images().pull(reference("many"));
  }

  private static byte[] tarHeader(byte[] header, String name, long size) {
    put(header, 0, name);
    put(header, 100, "0000644");
    put(header, 108, "0000000");
    put(header, 116, "0000000");
    put(header, 124, String.format("%011o", size));
    put(header, 136, "00000000000");
    put(header, 156, "0");
    put(header, 257, "ustar\00000");
    put(header, 148, "        ");
    int sum = 0;
    for (byte b : header) {
      sum += b & 0xff;
    }
    put(header, 148, String.format("%06o\0 ", sum));
    return header;
  }

  private static void put(byte[] header, int at, String text) {
    byte[] bytes = text.getBytes(US_ASCII);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }
}
