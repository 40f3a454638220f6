package io.runcible.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.LayerWriter;
import io.runcible.archive.WrittenLayer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageAssemblyTest {
  private static final Platform PLATFORM = Platform.parse("linux/arm64");
  private static final ImageReference REFERENCE = ImageReference.parse("registry.example/a:1");

  @TempDir Path directory;
  private final MemoryImageSource memory = new MemoryImageSource();
  private WrittenLayer lower;
  private WrittenLayer upper;

  @BeforeEach
  void writeLayers() {
    lower =
        new LayerWriter()
            .addFile("a", 0644, "lower".getBytes(UTF_8))
            .writeTo(directory.resolve("lower"));
    upper =
        new LayerWriter()
            .addFile("b", 0644, "upper".getBytes(UTF_8))
            .uncompressed()
            .writeTo(directory.resolve("upper"));
  }

  private ImageAssembly assembly() {
    return ImageAssembly.builder(PLATFORM)
        .layer(lower)
        .layer(upper)
        .config(config -> config.command("run"))
        .annotation("k", "v")
        .build();
  }

  @Test
  void whatIsWrittenCanBeResolved() throws IOException {
    Descriptor written = assembly().writeTo(memory, REFERENCE);
    Image image = Image.resolve(memory, REFERENCE, PLATFORM);
    assertThat(image.descriptor()).isEqualTo(written);
    assertThat(image.config().command()).containsExactly("run");
    assertThat(image.config().platform()).isEqualTo(PLATFORM);
    assertThat(image.config().diffIds()).containsExactly(lower.diffId(), upper.diffId());
    assertThat(image.manifest().annotations()).isEqualTo(Map.of("k", "v"));
    assertThat(image.layers())
        .extracting(layer -> layer.descriptor().mediaType())
        .containsExactly(MediaType.OCI_LAYER_GZIP, MediaType.OCI_LAYER);
    try (InputStream in = image.layers().get(0).compressed()) {
      assertThat(in.readAllBytes()).isEqualTo(Files.readAllBytes(lower.file()));
    }
  }

  @Test
  void equalPartsGiveEqualBytes() {
    assertThat(assembly().manifest().raw()).isEqualTo(assembly().manifest().raw());
    assertThat(assembly().config().raw()).isEqualTo(assembly().config().raw());
  }

  @Test
  void writingAgainNeedsNoLayerFiles() throws IOException {
    assembly().writeTo(memory, REFERENCE);
    Files.delete(lower.file());
    Files.delete(upper.file());
    assembly().writeTo(memory, REFERENCE.withTag("2"));
    assertThat(Image.resolve(memory, REFERENCE.withTag("2"), PLATFORM).layers()).hasSize(2);
  }

  @Test
  void aDigestMustBeTheRightOne() {
    ImageAssembly assembly = assembly();
    ImageReference right = REFERENCE.withDigest(assembly.manifest().digest());
    assertThat(assembly.writeTo(memory, right).digest()).isEqualTo(assembly.manifest().digest());
    ImageReference wrong = REFERENCE.withDigest(Digest.sha256(new byte[0]));
    assertThatThrownBy(() -> assembly.writeTo(memory, wrong))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
        .hasMessageContaining(wrong.toString());
  }

  @Test
  void aLayerThatIsGoneIsNamed() throws IOException {
    Files.delete(lower.file());
    assertThatThrownBy(() -> assembly().writeTo(memory, REFERENCE))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND))
        .hasMessageContaining(lower.file().toString());
    assertThatThrownBy(() -> memory.resolve(REFERENCE)).isInstanceOf(RuncibleException.class);
  }

  @Test
  void aLayerThatChangedIsRefused() throws IOException {
    Files.writeString(lower.file(), "changed");
    assertThatThrownBy(() -> assembly().writeTo(memory, REFERENCE))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CORRUPT_DATA));
  }

  @Test
  void anImageMayHaveNoLayers() {
    ImageAssembly.builder(PLATFORM).build().writeTo(memory, REFERENCE);
    assertThat(Image.resolve(memory, REFERENCE, PLATFORM).layers()).isEmpty();
  }
}
