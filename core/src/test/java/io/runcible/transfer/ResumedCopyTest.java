package io.runcible.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.ProgressEvent;
import io.runcible.RuncibleException;
import io.runcible.engine.ChildJvm;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.image.ImageSink;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Samples;
import io.runcible.registry.RegistryClient;
import io.runcible.serve.Fault;
import io.runcible.serve.FaultyRegistry;
import io.runcible.store.LocalStore;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Copies into the store that were cut, and the next one, which goes on from there. */
@EnabledOnOs(OS.LINUX)
class ResumedCopyTest {
  private static final int MIB = 1 << 20;
  private static final int LEFT = 4 * MIB + 123;
  private static final ImageReference NAME = ImageReference.parse("registry.example/team/app:1");

  @TempDir Path temporary;
  private final MemoryImageSource images = new MemoryImageSource();
  private final FaultyRegistry registry = FaultyRegistry.serve(images);
  private final RegistryClient client = RegistryClient.builder().attempts(1).build();
  private final List<Long> advanced = new ArrayList<>();
  private LocalStore store;
  private Manifest manifest;
  private Descriptor layer;
  private byte[] content;

  @BeforeEach
  void begin() {
    store = LocalStore.open(temporary.resolve("store"));
    content = new byte[6 * MIB];
    new Random(1).nextBytes(content);
    layer = images.add(MediaType.OCI_LAYER, content);
    byte[] config =
        ImageConfig.builder(Samples.PLATFORM).diffIds(List.of(layer.digest())).build().raw();
    manifest = Manifest.of(images.add(MediaType.OCI_CONFIG, config), List.of(layer), Map.of());
    images.tag(
        ImageReference.parse("team/app:1"), images.add(MediaType.OCI_MANIFEST, manifest.raw()));
  }

  @AfterEach
  void close() {
    client.close();
    registry.close();
  }

  private void copy() {
    advanced.clear();
    try (ImageSink sink = store.sink()) {
      ImageCopy.between(client, sink)
          .listener(
              event -> {
                if (event instanceof ProgressEvent.Advanced step
                    && step.digest().equals(layer.digest())) {
                  advanced.add(step.bytes());
                }
              })
          .copy(ImageReference.parse(registry.host() + "/team/app:1"), NAME);
    }
  }

  private Path partial() {
    return store.root().resolve("ingest/sha256-" + layer.digest().hex());
  }

  private void cut() throws IOException {
    registry.fail("/blobs/" + layer.digest(), 1, Fault.dropAfter(LEFT));
    assertThat(catchThrowableOfType(RuncibleException.class, this::copy).kind())
        .isEqualTo(ErrorKind.UNAVAILABLE);
    assertThat(Files.size(partial())).isBetween(2L * MIB, (long) LEFT);
    assertThat(store.images().find(NAME)).isEmpty();
  }

  private void assertWhole() throws IOException {
    assertThat(store.resolve(NAME).digest()).isEqualTo(manifest.digest());
    byte[] stored = store.content().read(layer, content.length);
    assertThat(Digest.sha256(stored)).isEqualTo(layer.digest());
    assertThat(store.root().resolve("ingest")).isEmptyDirectory();
  }

  private List<String> ranges() {
    return registry.requests().stream()
        .filter(request -> request.path().endsWith("/blobs/" + layer.digest()))
        .map(request -> request.header("Range").orElse("all"))
        .toList();
  }

  @Test
  void whatArrivedIsNotFetchedAgain() throws IOException {
    cut();
    long left = Files.size(partial());
    copy();
    assertWhole();
    assertThat(ranges()).containsExactly("all", "bytes=" + left + "-");
    assertThat(advanced).isNotEmpty().allMatch(bytes -> bytes > left);
    assertThat(advanced.get(advanced.size() - 1)).isLessThanOrEqualTo(content.length);
  }

  @Test
  void whatIsDamagedMeanwhileIsFetchedAnew() throws IOException {
    cut();
    try (RandomAccessFile file = new RandomAccessFile(partial().toFile(), "rw")) {
      file.seek(MIB);
      file.write(content[MIB] ^ 1);
    }
    copy();
    assertWhole();
    assertThat(ranges()).hasSize(3).last().isEqualTo("all");
  }

  @Test
  void whatIsWrongIsNotKept() {
    registry.fail(
        "/blobs/" + layer.digest(), FaultyRegistry.ALWAYS, Fault.flip(content.length - 1));
    assertThat(catchThrowableOfType(RuncibleException.class, this::copy).kind())
        .isEqualTo(ErrorKind.CORRUPT_DATA);
    assertThat(store.root().resolve("ingest")).isEmptyDirectory();
  }

  @Test
  void aCopyThatIsInterruptedGoesOnLater() throws Exception {
    CountDownLatch stalled = new CountDownLatch(1);
    registry.fail("/blobs/" + layer.digest(), 1, Fault.stallAfter(LEFT, stalled));
    AtomicReference<RuncibleException> failure = new AtomicReference<>();
    Thread copying =
        new Thread(() -> failure.set(catchThrowableOfType(RuncibleException.class, this::copy)));
    copying.start();
    while (!Files.exists(partial()) || Files.size(partial()) < 2 * MIB) {
      Thread.sleep(5);
    }
    copying.interrupt();
    copying.join();
    stalled.countDown();
    assertThat(failure.get().kind()).isEqualTo(ErrorKind.CANCELLED);
    assertThat(Files.size(partial())).isGreaterThanOrEqualTo(2 * MIB);
    copy();
    assertWhole();
    assertThat(ranges()).hasSize(2).last().asString().startsWith("bytes=");
  }

  /** Copies an image into a store. */
  static final class Program {
    private Program() {}

    public static void main(String[] arguments) {
      LocalStore store = LocalStore.open(Path.of(arguments[0]));
      try (RegistryClient client = RegistryClient.create();
          ImageSink sink = store.sink()) {
        ImageCopy.between(client, sink).copy(ImageReference.parse(arguments[1]), NAME);
      }
    }
  }

  @Test
  void aCopyWhoseJvmIsKilledGoesOnInTheNext() throws Exception {
    CountDownLatch stalled = new CountDownLatch(1);
    registry.fail("/blobs/" + layer.digest(), 1, Fault.stallAfter(LEFT, stalled));
    try (ChildJvm jvm =
        ChildJvm.start(Program.class, store.root(), registry.host() + "/team/app:1")) {
      while (!Files.exists(partial()) || Files.size(partial()) < 2 * MIB) {
        assertThat(jvm.isAlive()).isTrue();
        Thread.sleep(5);
      }
      jvm.kill();
    }
    stalled.countDown();
    assertThat(store.images().find(NAME)).isEmpty();
    long left = Files.size(partial());
    copy();
    assertWhole();
    assertThat(ranges()).containsExactly("all", "bytes=" + left + "-");
  }
}
