package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OverlayIT {
  /** Newer kernels say {@code fsync=volatile}. */
  private static final String VOLATILE = "volatile";

  @TempDir private Path directory;
  private Path target;
  private OverlayMount mount;

  @BeforeEach
  void layers() throws IOException {
    HostTools.requireRoot();
    target = Files.createDirectory(directory.resolve("target"));
    for (String name : List.of("low:er,1", "lower2", "upper", "work")) {
      Files.createDirectory(directory.resolve(name));
    }
    Files.writeString(directory.resolve("low:er,1/a"), "top");
    Files.writeString(directory.resolve("lower2/a"), "bottom");
    Files.writeString(directory.resolve("lower2/b"), "b");
    mount =
        new OverlayMount(
            List.of(directory.resolve("low:er,1"), directory.resolve("lower2")),
            directory.resolve("upper"),
            directory.resolve("work"),
            true);
  }

  @AfterEach
  void unmount() {
    Overlay.unmount(target);
  }

  @Test
  void topmostLayerWinsAndChangesGoToTheUpper() throws IOException {
    Overlay.mount(mount, target);
    check();
    assertThat(options()).contains(VOLATILE);
  }

  @Test
  void changesThatAreToLastAreSynced() throws IOException {
    Overlay.mount(mount.durable(), target);
    check();
    assertThat(options()).doesNotContain(VOLATILE);
  }

  @Test
  void olderKernelsGetTheSameByOptions() throws IOException {
    Overlay.mountByOptions(mount, target, new NativeException("test", Errno.EINVAL, "none"));
    check();
    assertThat(options()).contains(VOLATILE);
  }

  @Test
  void unmountOfNothingIsNoError() {
    Overlay.unmount(target);
    Overlay.unmount(directory.resolve("missing"));
  }

  /** Those of the file system, from the kernel. */
  private String options() throws IOException {
    String line =
        Files.readAllLines(Path.of("/proc/self/mountinfo")).stream()
            .filter(mounted -> mounted.split(" ")[4].equals(target.toString()))
            .findFirst()
            .orElseThrow();
    return line.substring(line.lastIndexOf(' '));
  }

  private void check() throws IOException {
    assertThat(target.resolve("a")).hasContent("top");
    assertThat(target.resolve("b")).hasContent("b");
    Files.writeString(target.resolve("b"), "changed");
    assertThat(directory.resolve("upper/b")).hasContent("changed");
    assertThat(directory.resolve("lower2/b")).hasContent("b");
  }
}
