package io.runcible.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ImageTest {
  private static final ImageReference REFERENCE =
      ImageReference.parse("registry.example/team/app:1");
  private static final Platform PLATFORM = Platform.of("linux", "amd64");

  /** Has the same answers to everything. */
  private record Lying(Descriptor descriptor) implements ImageSource {
    @Override
    public Descriptor resolve(ImageReference reference) {
      return descriptor;
    }

    @Override
    public byte[] manifest(ImageReference reference, Descriptor descriptor) {
      return "{}".getBytes(UTF_8);
    }

    @Override
    public InputStream blob(ImageReference reference, Descriptor descriptor) {
      return InputStream.nullInputStream();
    }

    @Override
    public void close() {}
  }

  private final MemoryImageSource source = new MemoryImageSource();
  private final byte[] layerBytes = "layer".getBytes(UTF_8);
  private final Digest diffId = Digest.sha256("uncompressed layer".getBytes(UTF_8));
  private final Descriptor layer = source.add(MediaType.OCI_LAYER_GZIP, layerBytes);

  private Manifest manifest(ImageConfig config) {
    Descriptor where = source.add(MediaType.OCI_CONFIG, config.raw());
    Manifest manifest = Manifest.of(where, List.of(layer), Map.of());
    source.add(MediaType.OCI_MANIFEST, manifest.raw());
    return manifest;
  }

  private Manifest manifest() {
    return manifest(ImageConfig.builder(PLATFORM).command("x").diffIds(List.of(diffId)).build());
  }

  private ImageIndex index(Descriptor... entries) {
    ImageIndex index = ImageIndex.of(List.of(entries), Map.of());
    source.add(MediaType.OCI_INDEX, index.raw());
    return index;
  }

  private Image resolve() {
    return Image.resolve(source, REFERENCE, PLATFORM);
  }

  private static void assertFails(ErrorKind kind, ThrowingCallable action, String... reasons) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .message()
        .contains(List.of(reasons));
  }

  @Nested
  class Resolving {
    @Test
    void aManifest() {
      Manifest manifest = manifest();
      source.tag(REFERENCE, manifest.descriptor());
      Image image = resolve();
      assertThat(image.reference()).isEqualTo(REFERENCE);
      assertThat(image.descriptor()).isEqualTo(manifest.descriptor());
      assertThat(image.manifest().raw()).isEqualTo(manifest.raw());
      assertThat(image).hasToString(REFERENCE + " (" + manifest.digest() + ")");
    }

    @Test
    void throughAnIndex() {
      Descriptor wanted = manifest().descriptor().withPlatform(PLATFORM);
      Descriptor other =
          Descriptor.of(MediaType.OCI_MANIFEST, new byte[1])
              .withPlatform(Platform.parse("linux/arm64"));
      source.tag(REFERENCE, index(other, wanted).descriptor());
      assertThat(resolve().descriptor()).isEqualTo(wanted);
    }

    @Test
    void throughIndexesInIndexes() {
      Descriptor inner = manifest().descriptor().withPlatform(PLATFORM);
      for (int depth = 0; depth < 4; depth++) {
        inner = index(inner).descriptor().withPlatform(PLATFORM);
      }
      source.tag(REFERENCE, inner);
      assertThat(resolve().manifest().layers()).containsExactly(layer);
      source.tag(REFERENCE, index(inner).descriptor());
      assertFails(ErrorKind.INVALID_INPUT, ImageTest.this::resolve, REFERENCE.toString(), "4 deep");
    }

    @Test
    void noSuchImage() {
      assertFails(ErrorKind.NOT_FOUND, ImageTest.this::resolve, REFERENCE.toString());
    }

    @Test
    void noSuchPlatform() {
      source.tag(
          REFERENCE,
          index(manifest().descriptor().withPlatform(Platform.parse("linux/arm64"))).descriptor());
      assertFails(
          ErrorKind.NOT_FOUND,
          ImageTest.this::resolve,
          REFERENCE.toString(),
          "linux/amd64",
          "linux/arm64");
    }

    @Test
    void anotherDigestThanAskedFor() {
      ImageReference pinned = REFERENCE.withDigest(Digest.sha256(new byte[9]));
      ImageSource lying = new Lying(manifest().descriptor());
      assertFails(
          ErrorKind.CORRUPT_DATA, () -> Image.resolve(lying, pinned, PLATFORM), pinned.toString());
    }

    @Test
    void anInvalidManifestIsNamed() {
      source.tag(REFERENCE, source.add(MediaType.OCI_MANIFEST, "{}".getBytes(UTF_8)));
      assertFails(
          ErrorKind.INVALID_INPUT, ImageTest.this::resolve, REFERENCE + ": ", "schemaVersion");
    }

    @Test
    void aSourceThatDoesNotVerifyIsNotTrusted() {
      Manifest manifest = manifest();
      ImageSource lying = new Lying(manifest.descriptor());
      assertFails(
          ErrorKind.CORRUPT_DATA,
          () -> Image.resolve(lying, REFERENCE, PLATFORM),
          manifest.digest().toString());
    }
  }

  @Nested
  class Configuration {
    @Test
    void isFetchedOnce() {
      Manifest manifest = manifest();
      source.tag(REFERENCE, manifest.descriptor());
      Image image = resolve();
      ImageConfig config = image.config();
      source.replace(manifest.config().digest(), new byte[0]);
      assertThat(image.config()).isSameAs(config);
      assertThat(config.command()).containsExactly("x");
    }

    @Test
    void isNotFetchedBeforeItIsWanted() {
      Manifest manifest = manifest();
      source.tag(REFERENCE, manifest.descriptor());
      source.replace(manifest.config().digest(), new byte[0]);
      Image image = resolve();
      assertFails(
          ErrorKind.CORRUPT_DATA, image::config, manifest.config().digest().toString(), "ends");
    }

    @Test
    void mustHaveAsManyLayersAsTheManifest() {
      source.tag(REFERENCE, manifest(ImageConfig.builder(PLATFORM).build()).descriptor());
      assertFails(
          ErrorKind.CORRUPT_DATA,
          () -> resolve().layers(),
          REFERENCE.toString(),
          "the manifest has 1 layers",
          "has 0");
    }

    @Test
    void mustBeForTheSystem() {
      Platform windows = Platform.parse("windows/amd64");
      ImageConfig config = ImageConfig.builder(windows).diffIds(List.of(diffId)).build();
      source.tag(REFERENCE, manifest(config).descriptor());
      assertFails(
          ErrorKind.FAILED_PRECONDITION, () -> resolve().config(), "windows/amd64", "linux/amd64");
    }

    @Test
    void mustBeOfAnImage() {
      Manifest manifest =
          Manifest.of(
              source.add(MediaType.OCI_EMPTY, "{}".getBytes(UTF_8)), List.of(layer), Map.of());
      source.add(MediaType.OCI_MANIFEST, manifest.raw());
      source.tag(REFERENCE, manifest.descriptor());
      assertFails(ErrorKind.UNSUPPORTED, () -> resolve().config(), "artifact", "empty");
    }

    @Test
    void mustNotBeHuge() {
      Descriptor huge =
          Descriptor.of(MediaType.OCI_CONFIG, Digest.sha256(new byte[1]), Long.MAX_VALUE);
      Manifest manifest = Manifest.of(huge, List.of(layer), Map.of());
      source.add(MediaType.OCI_MANIFEST, manifest.raw());
      source.tag(REFERENCE, manifest.descriptor());
      assertFails(ErrorKind.INVALID_INPUT, () -> resolve().config(), "at most 8388608");
    }

    @Test
    void mustBeValid() {
      Manifest manifest =
          Manifest.of(
              source.add(MediaType.OCI_CONFIG, "[]".getBytes(UTF_8)), List.of(layer), Map.of());
      source.add(MediaType.OCI_MANIFEST, manifest.raw());
      source.tag(REFERENCE, manifest.descriptor());
      assertFails(ErrorKind.INVALID_INPUT, () -> resolve().config(), REFERENCE + ": ");
    }
  }

  @Nested
  class Layers {
    @Test
    void areVerifiedWhileRead() throws IOException {
      source.tag(REFERENCE, manifest().descriptor());
      Layer only = resolve().layers().get(0);
      assertThat(only.descriptor()).isEqualTo(layer);
      assertThat(only.diffId()).isEqualTo(diffId);
      assertThat(only).hasToString("layer " + layer.digest() + " of " + REFERENCE);
      try (InputStream in = only.compressed()) {
        assertThat(in.readAllBytes()).isEqualTo(layerBytes);
      }
      source.replace(layer.digest(), "LAYER".getBytes(UTF_8));
      try (InputStream in = only.compressed()) {
        assertFails(ErrorKind.CORRUPT_DATA, in::readAllBytes, layer.digest().toString());
      }
    }
  }
}
