package io.runcible.archive;

import static io.runcible.archive.TarBytes.ascii;
import static io.runcible.archive.TarBytes.header;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.Tool;
import io.runcible.ffi.Errno;
import io.runcible.ffi.FailingCalls;
import io.runcible.image.Image;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.Platform;
import io.runcible.layout.ImageLayout;
import io.runcible.snapshot.PlainUnpacker;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every system call of an unpack fails once, and the disk is full at every write. */
@SuppressWarnings("try") // What is open is what is tested.
class UnpackFaultsIT {
  private static final ImageReference APP = ImageReference.parse("registry.example/app:1");

  @TempDir Path directory;
  private @Nullable Path mounted;

  @BeforeEach
  void host() {
    HostTools.requireRoot();
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted != null) {
      Tool.require("umount", "mount").run(mounted);
    }
  }

  private static TarBytes lower() {
    return new TarBytes()
        .add(header('5', "./").mode(0711).owner(1, 2))
        .directory("d", 0750)
        .pax("SCHILY.xattr.trusted.kept", "v", "mtime", "1000000000.5")
        .add(header('5', "d/e").mode(02770).owner(11, 22))
        .pax("SCHILY.xattr.trusted.file", "f")
        .add(header('0', "d/e/f").mode(04711).owner(33, 44), ascii("content"))
        .file("d/x", "x")
        .symlink("link", "d/e")
        .hardLink("hard", "d/x")
        .add(header('6', "fifo").mode(0622).owner(3, 4))
        .add(header('3', "null").device(1, 3))
        .file("gone/a", "x")
        .file("gone/b/c", "x")
        .file("big", "big".repeat(30_000));
  }

  private static TarBytes upper() {
    byte[] sparse = new byte[512 + 3];
    System.arraycopy(ascii("1\n400\n3\n"), 0, sparse, 0, 8);
    return new TarBytes()
        .file(".wh.gone", "")
        .file("d/.wh.x", "")
        .file("link/through", "a link")
        .hardLink("d/e/again", "d/e/f")
        .file("d/.wh..wh..opq", "")
        .file("fifo/now/a/directory", "x")
        .add(header('5', "d/e").mode(0700))
        .pax("GNU.sparse.major", "1", "GNU.sparse.name", "s", "GNU.sparse.realsize", "900")
        .add(header('0', "x"), sparse)
        .file("implied/one/two", "x")
        .symlink("big", "small");
  }

  private WrittenLayer layer(String name, byte[] tar) throws IOException {
    Path file = Files.write(directory.resolve(name), tar);
    Digest digest = Digest.sha256(tar);
    return new WrittenLayer(file, Compression.NONE, digest, tar.length, digest, List.of());
  }

  private Image image() throws IOException {
    ImageLayout layout = ImageLayout.create(directory.resolve("layout"));
    ImageAssembly.builder(Platform.parse("linux/amd64"))
        .layer(layer("lower", lower().bytes()))
        .layer(layer("upper", upper().bytes()))
        .build()
        .writeTo(layout, APP);
    return Image.resolve(layout, APP, Platform.parse("linux/amd64"));
  }

  private List<String> openDescriptors() throws IOException {
    return openDescriptors(directory);
  }

  private static List<String> openDescriptors(Path directory) throws IOException {
    List<String> open = new ArrayList<>();
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      for (Path descriptor : (Iterable<Path>) descriptors::iterator) {
        try {
          open.add(Files.readSymbolicLink(descriptor).toString());
        } catch (IOException e) {
          // The descriptor of this listing itself.
        }
      }
    }
    return open.stream().filter(path -> path.startsWith(directory.toString())).sorted().toList();
  }

  private static void noThreadIsLeft() throws InterruptedException {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("runcible-unpack")) {
        thread.join(20_000);
        assertThat(thread.isAlive()).isFalse();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EIO, Errno.ENOSPC, Errno.EMFILE})
  void unpackThatFailsAtAnyCallLeavesNothing(int errno) throws Exception {
    Image image = image();
    Path target = directory.resolve("rootfs");
    new PlainUnpacker().unpack(image, target);
    Map<String, String> expected = seen(target);
    remove(target);
    List<String> open = openDescriptors();
    int calls;
    try (FailingCalls all = FailingCalls.none()) {
      new PlainUnpacker().unpack(image, target);
      calls = all.count();
    }
    remove(target);
    assertThat(calls).isGreaterThan(200);
    int failures = 0;
    for (int call = 1; call <= calls; call++) {
      boolean harmless = false;
      try (FailingCalls failing = FailingCalls.at(call, errno)) {
        new PlainUnpacker().unpack(image, target);
        harmless = true;
        // A failure that harms nothing, such as that of a close.
        assertThat(seen(target)).as("%d: %s", call, failing.failed()).isEqualTo(expected);
      } catch (RuncibleException e) {
        failures++;
        assertThat(e.getMessage()).as("%s", e).contains(name(errno));
        assertThat(e.kind()).isNotIn(ErrorKind.CORRUPT_DATA, ErrorKind.NOT_FOUND);
        assertThat(e.getSuppressed()).isEmpty();
      }
      if (harmless) {
        remove(target);
      }
      assertThat(target).as("after call %d", call).doesNotExist();
      noThreadIsLeft();
      assertThat(openDescriptors()).as("after call %d", call).isEqualTo(open);
    }
    assertThat(failures).isGreaterThan(calls / 2);
    new PlainUnpacker().unpack(image, target);
    assertThat(seen(target)).isEqualTo(expected);
  }

  private static String name(int errno) {
    return switch (errno) {
      case Errno.EIO -> "EIO";
      case Errno.ENOSPC -> "ENOSPC";
      default -> "EMFILE";
    };
  }

  /** Directories that nothing is known of have the time at which they were made. */
  private static Map<String, String> seen(Path tree) {
    Map<String, String> lines = FileTree.of(tree);
    lines.replaceAll((name, line) -> line.replaceFirst(" 1[7-9]\\d{8}\\.\\d+", " now"));
    return lines;
  }

  private static void remove(Path tree) throws IOException {
    try (Stream<Path> paths = Files.walk(tree)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(LayerFormat.class)
  void layerThatFailsAtAnyCallCanBeDiscarded(LayerFormat format) throws Exception {
    failAtAnyCall(directory, format, Ownership.EXACT);
  }

  /** The same for whoever runs it. */
  static void failAtAnyCall(Path directory, LayerFormat format, Ownership ownership)
      throws IOException {
    Path below = Files.createDirectory(directory.resolve("below"));
    if (format.isSeparate()) {
      unpack(below, format, ownership, lower().bytes(), List.of());
    }
    Path target = Files.createDirectory(directory.resolve("layer"));
    byte[] tar = format.isSeparate() ? upper().bytes() : lower().bytes();
    List<Path> lowers = format.isSeparate() ? List.of(below) : List.of();
    List<String> open = openDescriptors(directory);
    int calls;
    try (FailingCalls all = FailingCalls.none()) {
      unpack(target, format, ownership, tar, lowers);
      calls = all.count();
    }
    discard(target, format, ownership);
    assertThat(calls).isGreaterThan(50);
    for (int call = 1; call <= calls; call++) {
      try (FailingCalls failing = FailingCalls.at(call, Errno.EIO)) {
        unpack(target, format, ownership, tar, lowers);
        // One that harms nothing; what cannot be cloned is copied.
        assertThat(failing.failed()).isIn("close", "unshare", "fcntl", "ioctl", null);
      } catch (RuncibleException e) {
        assertThat(e.getMessage()).contains("EIO");
      }
      assertThat(openDescriptors(directory)).as("after call %d", call).isEqualTo(open);
      discard(target, format, ownership);
      assertThat(target).isEmptyDirectory();
    }
  }

  private static void unpack(
      Path target, LayerFormat format, Ownership ownership, byte[] tar, List<Path> lowers) {
    try (LayerApplier applier =
        LayerApplier.open(target, format, ownership, ArchiveLimits.DEFAULT)) {
      applier.apply(new ByteArrayInputStream(tar));
      applier.complete(lowers);
    }
  }

  private static void discard(Path target, LayerFormat format, Ownership ownership) {
    try (LayerApplier applier =
        LayerApplier.open(target, format, ownership, ArchiveLimits.DEFAULT)) {
      applier.discard();
    }
  }

  @Test
  void diffThatFailsAtAnyCallLeavesNothing() throws Exception {
    Path tree = Files.createDirectory(directory.resolve("tree"));
    unpack(tree, LayerFormat.PLAIN, Ownership.EXACT, lower().bytes(), List.of());
    Path changed = Files.createDirectory(directory.resolve("changed"));
    unpack(changed, LayerFormat.PLAIN, Ownership.EXACT, lower().bytes(), List.of());
    unpack(changed, LayerFormat.PLAIN, Ownership.EXACT, upper().bytes(), List.of());
    ByteArrayOutputStream expected = new ByteArrayOutputStream();
    List<String> open = openDescriptors();
    int calls;
    try (FailingCalls all = FailingCalls.none()) {
      LayerDiff.ofTrees(tree, changed).writeTo(expected);
      calls = all.count();
    }
    Path file = directory.resolve("file");
    for (int call = 1; call <= calls; call++) {
      try (FailingCalls failing = FailingCalls.at(call, Errno.EIO)) {
        LayerDiff diff = LayerDiff.ofTrees(tree, changed).compression(Compression.NONE, 0);
        assertThat(diff.writeTo(file).diffId()).isEqualTo(Digest.sha256(expected.toByteArray()));
        assertThat(failing.failed()).isEqualTo("close");
        Files.delete(file);
      } catch (RuncibleException e) {
        assertThat(e.getMessage()).contains("EIO");
      }
      assertThat(file).doesNotExist();
      assertThat(openDescriptors()).as("after call %d", call).isEqualTo(open);
    }
  }

  private void mountTmpfs(String options) throws Exception {
    Path place = Files.createDirectories(directory.resolve("small"));
    Tool.require("mount", "mount").run("-t", "tmpfs", "-o", options, "tmpfs", place);
    mounted = place;
  }

  @ParameterizedTest
  @ValueSource(strings = {"size=%dk", "size=10m,nr_inodes=%d"})
  void diskThatIsFullAtAnyWriteLeavesNothing(String options) throws Exception {
    Image image = image();
    boolean fits = false;
    int failures = 0;
    for (int step = 1; !fits; step++) {
      int amount = options.contains("inodes") ? step + 1 : 4 * step;
      mountTmpfs(String.format(options, amount));
      Path place = directory.resolve("small");
      Path target = place.resolve("rootfs");
      try {
        new PlainUnpacker().unpack(image, target);
        assertThat(target.resolve("implied/one/two")).exists();
        fits = true;
      } catch (RuncibleException e) {
        failures++;
        // No room for the directory itself is a matter of its parent.
        assertThat(e.kind()).as("%s", e).isIn(ErrorKind.UNAVAILABLE, ErrorKind.FAILED_PRECONDITION);
        assertThat(e.getMessage()).containsAnyOf("ENOSPC", "No space left");
        assertThat(place).isEmptyDirectory();
        assertThat(e.getSuppressed()).isEmpty();
      }
      noThreadIsLeft();
      Tool.require("umount", "mount").run(place);
      mounted = null;
    }
    assertThat(failures).isGreaterThan(10);
  }
}
