package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.Tool;
import io.runcible.archive.LayerWriter;
import io.runcible.archive.WrittenLayer;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageConfig;
import io.runcible.image.ImageReference;
import io.runcible.image.Manifest;
import io.runcible.image.MediaType;
import io.runcible.image.MemoryImageSource;
import io.runcible.image.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A store on a small memory file system that is full after one page more each time, or one file, so
 * that every write of a pull is once the one that fails.
 */
class StoreFullIT {
  private static final String NAME = "registry.example/team/app:1";
  private static final int PAGE = 4096;
  private static final String ROOMY = "size=64m,nr_inodes=100k";

  @TempDir Path files;
  private final TestRoot root = TestRoot.create();
  private final LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
  private final MemoryImageSource registry = new MemoryImageSource();
  private ContainerEngine engine;
  private List<String> before;

  @BeforeAll
  static void host() {
    HostTools.requireRoot();
    HostTools.requireRuntime();
  }

  @BeforeEach
  void open() throws Exception {
    image();
    Files.createDirectory(root.data());
    mount(ROOMY, "tmpfs", root.data());
    leaks.begin();
    engine = root.engine().registry(registry).build();
    // The two files of the lock for it stay.
    engine.images().prune();
    before = store();
  }

  @AfterEach
  void close() throws Exception {
    engine.close();
    Tool.require("umount", "mount").run(root.data());
    leaks.verify();
    root.close();
  }

  private static void mount(String options, Object... arguments) throws Exception {
    List<Object> all = new ArrayList<>(List.of("-o", options, "-t", "tmpfs"));
    all.addAll(List.of(arguments));
    Tool.require("mount", "mount").run(all.toArray());
  }

  /** Two layers, which do not compress, with some small files. */
  private void image() throws IOException {
    List<Digest> diffIds = new ArrayList<>();
    List<Descriptor> layers = new ArrayList<>();
    Random random = new Random(1);
    for (int i = 0; i < 2; i++) {
      LayerWriter writer = new LayerWriter();
      for (int file = 0; file < 4; file++) {
        byte[] content = new byte[6000];
        random.nextBytes(content);
        writer.addFile("/d" + i + "/" + file, 0644, content);
      }
      WrittenLayer layer = writer.writeTo(files.resolve("layer" + i));
      diffIds.add(layer.diffId());
      layers.add(registry.add(MediaType.OCI_LAYER_GZIP, Files.readAllBytes(layer.file())));
    }
    byte[] config = ImageConfig.builder(Platform.host()).diffIds(diffIds).build().raw();
    Manifest manifest = Manifest.of(registry.add(MediaType.OCI_CONFIG, config), layers, Map.of());
    registry.tag(ImageReference.parse(NAME), registry.add(MediaType.OCI_MANIFEST, manifest.raw()));
  }

  private List<String> store() throws IOException {
    try (Stream<Path> paths = Files.walk(root.data())) {
      return paths.map(path -> root.data().relativize(path).toString()).sorted().toList();
    }
  }

  private long used(String what) throws Exception {
    String[] words =
        Tool.require("stat", "coreutils")
            .run("-f", "-c", "%b %f %c %d", root.data())
            .strip()
            .split(" ");
    int at = what.equals("blocks") ? 0 : 2;
    return Long.parseLong(words[at]) - Long.parseLong(words[at + 1]);
  }

  @Test
  void anyPageThatIsMissingLeavesTheStoreAsItWas() throws Exception {
    long used = used("blocks");
    int failed = pullWithLessAndLess(free -> "size=" + (used + free) * PAGE);
    assertThat(failed).isGreaterThan(20);
  }

  @Test
  void anyFileThatIsMissingLeavesTheStoreAsItWas() throws Exception {
    long used = used("inodes");
    int failed = pullWithLessAndLess(free -> "nr_inodes=" + (used + free));
    assertThat(failed).isGreaterThan(15);
  }

  private interface Room {
    String options(int free);
  }

  /** Returns with how many amounts of room the pull failed. */
  private int pullWithLessAndLess(Room room) throws Exception {
    int free = 1;
    while (true) {
      mount("remount," + room.options(free), root.data());
      try {
        engine.images().pull(NAME);
        break;
      } catch (RuncibleException e) {
        assertThat(e.kind()).as("with %s free: %s", free, e).isEqualTo(ErrorKind.UNAVAILABLE);
      }
      mount("remount," + ROOMY, root.data());
      assertThat(engine.images().list()).isEmpty();
      // Content that got its place before the name found none is of use to the next pull.
      assertThat(engine.images().check(true).problems()).isEmpty();
      engine.images().prune();
      assertThat(store()).as("with %s free", free).isEqualTo(before);
      assertThat(engine.images().check(true).problems()).isEmpty();
      free++;
    }
    mount("remount," + ROOMY, root.data());
    assertThat(engine.images().check(true).problems()).isEmpty();
    return free - 1;
  }

  @Test
  void namesAreAsBeforeWhereNoneCanBeWritten() throws Exception {
    engine.images().pull(NAME);
    List<String> pulled = store();
    mount("remount,nr_inodes=" + used("inodes"), root.data());
    List<Runnable> writes =
        List.of(
            () -> engine.images().tag(NAME, "registry.example/other:2"),
            () -> engine.images().pin(NAME, true));
    for (Runnable write : writes) {
      assertThatThrownBy(write::run).isInstanceOf(RuncibleException.class);
    }
    assertThat(store()).isEqualTo(pulled);
    assertThat(engine.images().list()).hasSize(1);
    // Room is made without room, if the locks are there.
    assertThat(engine.images().remove(NAME)).isTrue();
    assertThat(engine.images().prune().blobs()).isEqualTo(4);
    mount("remount," + ROOMY, root.data());
    assertThat(engine.images().check(true).isWhole()).isTrue();
    IntStream.range(0, 2).forEach(i -> engine.images().pull(NAME));
  }
}
