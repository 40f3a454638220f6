package io.runcible.archive;

import static io.runcible.archive.TarBytes.header;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.runcible.HostTools;
import io.runcible.MemoryDirectories;
import io.runcible.ffi.FailingCalls;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.Stat;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A small layer can have thousands of levels, and what is asked of each must not walk them all. */
class DeepLayersIT {
  private static final int DEPTH = 200;
  private static final int LEVELS = 500;

  @TempDir(factory = MemoryDirectories.class)
  Path directory;

  private int layers;

  @BeforeEach
  void host() {
    HostTools.requireRoot();
  }

  private Path apply(LayerFormat format, TarBytes layer, List<Path> lower) throws IOException {
    Path target = Files.createDirectory(directory.resolve("layer" + layers++));
    try (LayerApplier applier =
        LayerApplier.open(target, format, Ownership.EXACT, ArchiveLimits.DEFAULT)) {
      applier.apply(layer.stream());
      applier.complete(lower);
    }
    return target;
  }

  private static TarBytes add(TarBytes layer, char type, String path) {
    return layer.pax("path", path).add(header(type, "long"));
  }

  /** The system calls of a layer with an opaque directory, and a file so many levels deep. */
  private int calls(LayerFormat format, int depth) throws IOException {
    TarBytes layer = new TarBytes().file("o/.wh..wh..opq", "").file("o/f", "");
    add(layer, '0', "a/".repeat(depth) + "f");
    add(layer, '0', "a/".repeat(depth) + ".wh.g");
    try (FailingCalls calls = FailingCalls.none()) {
      apply(format, layer, List.of());
      return calls.count();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"COPY", "OVERLAY"})
  void callsGrowWithTheDepth(LayerFormat format) throws IOException {
    int few = calls(format, DEPTH);
    assertThat(calls(format, 2 * DEPTH)).isBetween(few, 3 * few);
  }

  @Test
  void callsGrowWithTheLinksToLowerFiles() throws IOException {
    Path lower = apply(LayerFormat.OVERLAY, new TarBytes().file("f", "low"), List.of());
    String deep = "a/".repeat(DEPTH);
    TarBytes layer = new TarBytes().file("o/.wh..wh..opq", "").file("o/f", "");
    add(layer, '5', deep + "d");
    int links = 20;
    for (int i = 0; i < links; i++) {
      layer.pax("path", deep + "d/" + i).add(header('1', "long").text(157, 100, "f"));
      layer.pax("path", deep + "d/.wh." + i + "x").add(header('0', "long"));
    }
    try (FailingCalls calls = FailingCalls.none()) {
      Path target = apply(LayerFormat.OVERLAY, layer, List.of(lower));
      assertThat(calls.count()).isLessThan(40 * (DEPTH + links));
      assertThat(target.resolve("f")).hasContent("low");
    }
  }

  /**
   * The system calls that complete a layer of so many entries below two deep chains of directories
   * of a lower one, of which none has the parent of the one before.
   */
  private int callsOverDeepLower(LayerFormat format, int entries) throws IOException {
    String one = "a/".repeat(DEPTH);
    String other = "b/".repeat(DEPTH);
    TarBytes low = new TarBytes();
    for (String deep : List.of(one, other)) {
      add(low, '0', deep + "f");
      add(low, '0', deep + "g");
    }
    TarBytes layer = new TarBytes();
    for (int i = 0; i < entries; i++) {
      low.pax("linkpath", one).symlink("s" + i, "long");
      add(low, '5', one + "m" + i);
      for (String deep : List.of(one, other)) {
        add(layer, '0', deep + "d" + i + "/f");
        add(layer, '0', deep + "m" + i + "/.wh.n");
        layer.hardLink("h" + deep.charAt(0) + i, "s" + i + "/f");
      }
      layer.pax("linkpath", other + "g").hardLink("g" + i, "long");
    }
    Path lower = apply(format, low, List.of());
    Path target = Files.createDirectory(directory.resolve("layer" + layers++));
    try (LayerApplier applier =
        LayerApplier.open(target, format, Ownership.EXACT, ArchiveLimits.DEFAULT)) {
      applier.apply(layer.stream());
      try (FailingCalls calls = FailingCalls.none()) {
        applier.complete(List.of(lower));
        return calls.count();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"COPY", "OVERLAY"})
  void callsDoNotGrowWithTheDepthOfTheLowerLayerForEachEntry(LayerFormat format)
      throws IOException {
    int few = callsOverDeepLower(format, 5);
    int many = callsOverDeepLower(format, 25);
    assertThat((many - few) / 20).isBetween(1, 2 * DEPTH);
  }

  /** By what it allocates, since a path that is cut at each level is copied at each. */
  private long allocated(int entries) throws IOException {
    String deep = "a/".repeat(LEVELS);
    TarBytes layer = new TarBytes();
    add(layer, '0', deep + "marked/.wh.x");
    for (int i = 0; i < entries; i++) {
      add(layer, '0', deep + "d/" + i);
      add(layer, '0', deep + "e/" + i);
      add(layer, '5', deep + "e/d" + i);
    }
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
    apply(LayerFormat.OVERLAY, layer, List.of());
    return threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
  }

  @Test
  void entriesBesideAMarkDoNotCutTheirPathsAtEachLevel() throws IOException {
    allocated(1);
    long few = allocated(10);
    long each = (allocated(110) - few) / 300;
    long cut = LEVELS * (long) LEVELS;
    assertThat(each).isLessThan(cut / 2);
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void whatIsOpaqueByALinkHidesWhatLiesThere() throws IOException {
    TarBytes low = new TarBytes().directory("d", 0700).directory("d/e", 0700).file("d/e/f", "");
    Path lower = apply(LayerFormat.OVERLAY, low, List.of());
    TarBytes high =
        new TarBytes()
            .symlink("l", "d")
            .file("d/e/g", "")
            .file("l/.wh..wh..opq", "")
            .hardLink("x", "l/e/g");
    Path target = apply(LayerFormat.OVERLAY, high, List.of(lower));
    assertThat(mode(target.resolve("d"))).isEqualTo("rwx------");
    assertThat(mode(target.resolve("d/e"))).isEqualTo("rwxr-xr-x");
  }

  @Test
  void whatReplacesAnOpaqueDirectoryIsNot() {
    try (LayerTarget target =
        new LayerTarget(FileCalls.openDirectory(directory), LayerFormat.OVERLAY, Ownership.EXACT)) {
      ArchiveBudget budget = new ArchiveBudget(ArchiveLimits.DEFAULT);
      try (ParentDirectories parents =
          new ParentDirectories(
              target,
              budget,
              new DirectoryMetadata(budget, true),
              new TreeRemover(target, new MadeNames()))) {
        ParentDirectories.Directory in = parents.open("d/e");
        parents.makeOpaque(in.fd(), ".", in.path());
        assertThat(parents.isBelowOpaque("d/e/f")).isTrue();
        assertThat(parents.isBelowOpaque("d/e")).isFalse();
        ParentDirectories.Directory root = parents.open("");
        Stat stat = FileCalls.stat(root.fd(), "d").orElseThrow();
        parents.removeForReplacement(root, "d", stat);
        parents.open("d/e");
        assertThat(parents.isBelowOpaque("d/e/f")).isFalse();
      }
    }
  }

  @Test
  void aWhiteoutStaysWhereALinkLeadsToItToo() throws IOException {
    Path lower = apply(LayerFormat.OVERLAY, new TarBytes().file("e/x", "low"), List.of());
    TarBytes high = new TarBytes().file("d/.wh.x", "").symlink("d", "e").file("e/.wh.x", "");
    Path target = apply(LayerFormat.OVERLAY, high, List.of(lower));
    try (LayerTarget top =
            new LayerTarget(FileCalls.openDirectory(target), LayerFormat.OVERLAY, Ownership.EXACT);
        LowerLayers shown = new LowerLayers(top, List.of(target, lower))) {
      assertThat(shown.has("e")).isTrue();
      assertThat(shown.has("e/x")).isFalse();
    }
  }
}
