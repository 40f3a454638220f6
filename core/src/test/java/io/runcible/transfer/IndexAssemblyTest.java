package io.runcible.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageIndex;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Platform;
import io.runcible.image.Samples;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class IndexAssemblyTest {
  private static final ImageReference ONE = ImageReference.parse("registry.example/app:1");
  private static final ImageReference TWO = ImageReference.parse("registry.example/arm/app:2");
  private static final ImageReference ALL = ImageReference.parse("mirror.example/app:all");
  private static final Platform ARM = Platform.parse("linux/arm/v6");

  private final MemoryImageSource source = new MemoryImageSource();
  private final MemoryImageSource sink = new MemoryImageSource();

  @Test
  void platformsComeFromTheConfigurations() {
    Manifest one = Samples.put(source, ONE, "one");
    Manifest two = Samples.put(source, TWO, "two");
    IndexAssembly assembly =
        IndexAssembly.builder(source)
            .add(ONE)
            .add(TWO, entry -> entry.withPlatform(ARM).withAnnotations(Map.of("k", "v")))
            .annotation("about", "both")
            .build();
    Descriptor root = assembly.writeTo(sink, ALL);

    assertThat(sink.resolve(ALL)).isEqualTo(root);
    ImageIndex index = ImageIndex.parse(sink.content(root.digest()), root.mediaType());
    assertThat(index.annotations()).isEqualTo(Map.of("about", "both"));
    assertThat(index.manifests().stream().map(Descriptor::platform))
        .containsExactly(Optional.of(Samples.PLATFORM), Optional.of(ARM));
    assertThat(index.manifests().get(1).annotations()).isEqualTo(Map.of("k", "v"));
    for (Manifest manifest : List.of(one, two)) {
      assertThat(sink.resolve(Samples.byDigest(ALL, manifest.digest()))).isNotNull();
      assertThat(sink.content(manifest.layers().get(0).digest())).isNotEmpty();
    }
  }

  @Test
  void anIndexGivesItsEntriesWhichCanBeChangedAndLeftOut() {
    ImageIndex old = Samples.putIndex(source, ONE, "one");
    IndexAssembly assembly =
        IndexAssembly.builder(source)
            .add(ONE)
            .add(Samples.byDigest(ONE, old.manifests().get(1).digest()), e -> e.withPlatform(ARM))
            .removeIf(entry -> entry.platform().equals(Optional.of(Samples.PLATFORM)))
            .build();
    assertThat(assembly.index().manifests()).hasSize(1);
    assertThat(assembly.index().manifests().get(0).platform()).contains(ARM);
    assembly.writeTo(sink, ALL);
    assertThat(sink.resolve(ALL).digest()).isEqualTo(assembly.index().digest());
  }

  @Test
  void equalPartsGiveEqualBytes() {
    Samples.putIndex(source, ONE, "one");
    assertThat(IndexAssembly.builder(source).add(ONE).build().index().raw())
        .isEqualTo(IndexAssembly.builder(source).add(ONE).build().index().raw());
  }

  @Test
  void anEntryPointsAtItsImage() {
    Samples.put(source, ONE, "one");
    Descriptor other = Samples.manifest("two").descriptor();
    RuncibleException failure =
        catchThrowableOfType(
            RuncibleException.class, () -> IndexAssembly.builder(source).add(ONE, entry -> other));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
    assertThat(failure).hasMessageContaining(ONE.toString());
  }

  @Test
  void aWrongDigestInTheNameIsRefused() {
    Samples.put(source, ONE, "one");
    IndexAssembly assembly = IndexAssembly.builder(source).add(ONE).build();
    RuncibleException failure =
        catchThrowableOfType(
            RuncibleException.class,
            () -> assembly.writeTo(sink, ALL.withDigest(Samples.manifest("one").digest())));
    assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_INPUT);
  }
}
