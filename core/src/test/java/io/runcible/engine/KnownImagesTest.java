package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.RuncibleException;
import io.runcible.image.Descriptor;
import io.runcible.image.Image;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Samples;
import io.runcible.store.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class KnownImagesTest {
  private static final ImageReference NAME = ImageReference.parse("registry.example/test:one");

  @TempDir Path root;
  private LocalStore store;
  private KnownImages known;
  private Descriptor manifest;
  private final AtomicInteger reads = new AtomicInteger();

  @BeforeEach
  void fill() {
    store = LocalStore.open(root);
    try (ImageSink sink = store.sink()) {
      Samples.put(sink, NAME, "one");
    }
    known = new KnownImages(store.content());
    manifest = store.images().find(NAME).orElseThrow().manifest();
  }

  private Image get() {
    return known.get(
        NAME,
        manifest,
        () -> {
          reads.incrementAndGet();
          return store.image(NAME, manifest, Samples.PLATFORM);
        });
  }

  @Test
  void imageIsReadOnce() {
    assertThat(get()).isSameAs(get());
    assertThat(reads).hasValue(1);
  }

  @Test
  void whatWasWrittenAgainIsReadAgain() throws IOException {
    Path config = store.content().path(get().manifest().config().digest());
    byte[] content = Files.readAllBytes(config);
    Files.delete(config);
    assertThatThrownBy(this::get).isInstanceOf(RuncibleException.class);
    Files.write(config, content);
    assertThat(get().config().platform()).isEqualTo(Samples.PLATFORM);
    assertThat(reads).hasValue(3);
  }

  @Test
  void damageIsNotHidden() throws IOException {
    Path config = store.content().path(get().manifest().config().digest());
    byte[] content = Files.readAllBytes(config);
    // Otherwise some kernels give the new file, of the same number, the same time.
    Files.setLastModifiedTime(config, FileTime.from(Instant.EPOCH));
    assertThat(get()).isNotNull();
    content[content.length / 2] ^= 1;
    Files.delete(config);
    Files.write(config, content);
    assertThatThrownBy(this::get).isInstanceOf(RuncibleException.class);
  }
}
