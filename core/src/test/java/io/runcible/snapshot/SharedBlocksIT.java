package io.runcible.snapshot;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.Tool;
import io.runcible.ffi.PrivilegedHost;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Copies on a file system whose files can share blocks. */
class SharedBlocksIT {
  /** As small as it can be; the file has holes. */
  private static final long DISK = 320L << 20;

  @TempDir Path directory;
  private Path disk;

  @BeforeEach
  void mount() throws Exception {
    HostTools.requireRoot();
    HostTools.requireProgram("mkfs.xfs", "xfsprogs");
    HostTools.require(
        Files.exists(Path.of("/dev/loop-control")),
        "this kernel, or container, has no loop devices");
    Path image = directory.resolve("image");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(DISK);
    }
    Tool.require("mkfs.xfs", "xfsprogs").run("-q", "-m", "reflink=1", image);
    Path target = Files.createDirectory(directory.resolve("disk"));
    // Has the kernel load the file system, where it is a module.
    Process mount =
        new ProcessBuilder("mount", "-t", "xfs", "-o", "loop", image.toString(), target.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(mount.getInputStream().readAllBytes(), UTF_8);
    HostTools.require(mount.waitFor() == 0, "this kernel mounts no XFS: " + said);
    disk = target;
  }

  @AfterEach
  void unmount() throws Exception {
    if (disk != null) {
      Tool.require("umount", "mount").run(disk);
    }
  }

  @Test
  void copyOfADirectoryTakesNoRoom() throws Exception {
    byte[] content = new byte[4 << 20];
    new Random(1).nextBytes(content);
    Path from = Files.createDirectory(disk.resolve("from"));
    Files.write(Files.createDirectory(from.resolve("d")).resolve("file"), content);
    Path to = Files.createDirectory(disk.resolve("to"));
    try (PrivilegedHost host = PrivilegedHost.open()) {
      DirectoryCopy.copy(host, from, to);
    }
    Path copy = to.resolve("d/file");
    assertThat(copy).hasBinaryContent(content);
    // Each extent has its flags in the last column.
    String extents = Tool.require("filefrag", "e2fsprogs").run("-v", copy);
    assertThat(extents.lines().filter(line -> line.matches(" *\\d+: .*")))
        .isNotEmpty()
        .allMatch(line -> line.contains("shared"));
  }
}
