package io.runcible.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.ffi.FileCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each lower layer of these is one more on top of those before it. */
class LowerLayersIT {
  @TempDir Path directory;
  private final List<Path> topmostFirst = new ArrayList<>();

  @BeforeEach
  void host() {
    HostTools.requireRoot();
  }

  private void add(TarBytes layer) throws IOException {
    Path target = Files.createDirectory(directory.resolve("layer" + topmostFirst.size()));
    try (LayerApplier applier =
        LayerApplier.open(target, LayerFormat.OVERLAY, Ownership.EXACT, ArchiveLimits.DEFAULT)) {
      applier.apply(layer.stream());
      applier.complete(topmostFirst);
    }
    topmostFirst.add(0, target);
  }

  /** What the file with this path has, or null if there is nothing of that name. */
  private @Nullable String content(String path) throws IOException {
    try (LayerTarget target =
            new LayerTarget(
                FileCalls.openDirectory(directory), LayerFormat.OVERLAY, Ownership.EXACT);
        LowerLayers lower = new LowerLayers(target, topmostFirst)) {
      // Directories that stay open from another search must not change the answer.
      lower.has("d/e/none");
      LowerLayers.Found found = lower.follow(path, 0);
      lower.has(path);
      assertThat(lower.follow(path, 0) == null).isEqualTo(found == null);
      found = lower.follow(path, 0);
      return found == null
          ? null
          : Files.readString(Path.of(found.parent().procPath(), found.leaf()));
    }
  }

  @Test
  void theTopmostCounts() throws IOException {
    add(new TarBytes().file("d/e/a", "low").file("d/e/b", "low").file("top", "low"));
    add(new TarBytes().file("d/e/a", "high").file("d/c", "high"));
    add(new TarBytes().file("other", "x"));
    assertThat(content("d/e/a")).isEqualTo("high");
    assertThat(content("d/e/b")).isEqualTo("low");
    assertThat(content("d/c")).isEqualTo("high");
    assertThat(content("top")).isEqualTo("low");
    assertThat(content("d/e/none")).isNull();
    assertThat(content("none/e/a")).isNull();
    assertThat(content("")).isNull();
  }

  @Test
  void whiteoutsHide() throws IOException {
    add(new TarBytes().file("d/e/a", "low").file("d/f/a", "low").file("d/e/b", "low"));
    add(new TarBytes().file("d/e/.wh.a", "").file("d/.wh.f", ""));
    add(new TarBytes().file("d/e/c", "high"));
    assertThat(content("d/e/a")).isNull();
    assertThat(content("d/f/a")).isNull();
    assertThat(content("d/e/b")).isEqualTo("low");
    add(new TarBytes().file("d/f/b", "new").file("d/e/a", "new"));
    assertThat(content("d/f/b")).isEqualTo("new");
    assertThat(content("d/f/a")).isNull();
    assertThat(content("d/e/a")).isEqualTo("new");
  }

  @Test
  void whatIsOpaqueCovers() throws IOException {
    add(new TarBytes().file("d/e/a", "low").file("d/b", "low").file("c", "low"));
    add(new TarBytes().file("d/.wh..wh..opq", "").file("d/n", "high"));
    assertThat(content("d/e/a")).isNull();
    assertThat(content("d/b")).isNull();
    assertThat(content("d/n")).isEqualTo("high");
    assertThat(content("c")).isEqualTo("low");
    add(new TarBytes().file(".wh..wh..opq", ""));
    add(new TarBytes().file("x", "top"));
    assertThat(content("c")).isNull();
    assertThat(content("d/n")).isNull();
    assertThat(content("x")).isEqualTo("top");
  }

  @Test
  void aFileBetweenDirectoriesCovers() throws IOException {
    add(new TarBytes().file("d/a", "low"));
    add(new TarBytes().file("d", "a file"));
    assertThat(content("d")).isEqualTo("a file");
    assertThat(content("d/a")).isNull();
    add(new TarBytes().directory("d").file("d/b", "high"));
    assertThat(content("d/b")).isEqualTo("high");
    assertThat(content("d/a")).isNull();
  }

  @Test
  void linksAreFollowedWhereTheyShow() throws IOException {
    add(new TarBytes().file("real/a", "low").file("other/a", "other"));
    add(new TarBytes().symlink("d", "real"));
    add(new TarBytes().file("real/b", "high"));
    assertThat(content("d/a")).isEqualTo("low");
    assertThat(content("d/b")).isEqualTo("high");
    add(new TarBytes().file("x", "").file(".wh.d", ""));
    assertThat(content("d/a")).isNull();
    add(new TarBytes().symlink("d", "../../other"));
    assertThat(content("d/a")).isEqualTo("other");
    assertThat(content("d/b")).isNull();
  }

  @Test
  void directoriesOfTheLayerAboveHideLinks() throws IOException {
    add(new TarBytes().file("d/e/a", "").symlink("l", "d").file("r/x", "").symlink("r/l", "../d"));
    add(new TarBytes().file("other", ""));
    try (LayerTarget target =
            new LayerTarget(
                FileCalls.openDirectory(directory), LayerFormat.OVERLAY, Ownership.EXACT);
        LowerLayers lower = new LowerLayers(target, topmostFirst)) {
      assertThat(lower.has("l")).isTrue();
      assertThat(lower.has("l/e")).isFalse();
      assertThat(lower.has("d/e/a")).isTrue();
      assertThat(lower.follow("l/e/a", 0)).isNotNull();
      assertThat(lower.follow("l/e/a", "l".length())).isNull();
      assertThat(lower.follow("r/l/e/a", "r".length())).isNotNull();
      assertThat(lower.follow("r/l/e/a", "r/l".length())).isNull();
      assertThat(lower.follow("r/l/e/a", "r/l/e".length())).isNull();
    }
  }
}
