package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.network.Network;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What a container sees as its files and its network. */
class MountIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  @TempDir Path directory;

  @Test
  void changesStayInTheContainer() {
    try (Container first = ENGINE.get().run(ENGINE.sh("rm /etc/group; echo x >/new").build());
        Container second = ENGINE.get().run(ENGINE.sh("ls /etc/group; ls /new").build())) {
      assertThat(TestEngine.ended(first).status().isSuccess()).isTrue();
      TestEngine.Ended ended = TestEngine.ended(second);
      assertThat(ended.stdout()).isEqualTo("/etc/group\n");
      assertThat(ended.stderr()).contains("/new");
    }
  }

  @Test
  void readOnlyRootIsNotWritable() {
    TestEngine.Ended ended =
        ENGINE.run(
            ENGINE.sh("touch /file; echo $?; touch /dev/shm/fine && echo fine").readOnlyRoot());
    assertThat(ended.stdout()).isEqualTo("1\nfine\n");
    assertThat(ended.stderr()).contains("Read-only file system");
  }

  @Test
  void bindMountIsWritable() throws IOException {
    Files.writeString(directory.resolve("in"), "from the host");
    assertThat(
            ENGINE
                .run(
                    ENGINE
                        .sh("cat /mnt/deep/in; echo from the container >/mnt/deep/out")
                        .mount(Mount.bind(directory, "/mnt/deep")))
                .output())
        .isEqualTo("from the host");
    assertThat(directory.resolve("out")).hasContent("from the container");
  }

  @Test
  void readOnlyBindMountIsNotWritable() {
    TestEngine.Ended ended =
        ENGINE.run(ENGINE.sh("touch /mnt/out").mount(Mount.bind(directory, "/mnt").readOnly()));
    assertThat(ended.status().code()).isEqualTo(1);
    assertThat(ended.stderr()).contains("Read-only file system");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void readOnlyIsWhatIsMountedBelow() throws Exception {
    Path below = Files.createDirectory(directory.resolve("below"));
    command("mount", "-t", "tmpfs", "tmpfs", below.toString());
    try {
      Files.writeString(below.resolve("file"), "seen");
      TestEngine.Ended ended =
          ENGINE.run(
              ENGINE
                  .sh("cat /mnt/below/file; touch /mnt/below/out")
                  .mount(Mount.bind(directory, "/mnt").readOnly()));
      // Before, it is left out.
      assertThat(ended.stdout()).isEqualTo(TestHost.kernelIsSince(5, 12) ? "seen" : "");
      assertThat(ended.stderr()).contains("Read-only file system");
      assertThat(below).isDirectoryNotContaining("glob:**/out");
    } finally {
      command("umount", below.toString());
    }
  }

  private static void command(String... words) throws IOException, InterruptedException {
    assertThat(new ProcessBuilder(words).inheritIO().start().waitFor()).isZero();
  }

  @Test
  void singleFileCanBeMounted() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "content");
    assertThat(
            ENGINE
                .run(
                    ENGINE
                        .sh("cat /etc/of-host")
                        .mount(Mount.bind(file, "/etc/of-host").readOnly()))
                .output())
        .isEqualTo("content");
  }

  @Test
  void missingSourceIsNotFound() {
    Path missing = directory.resolve("missing");
    RunIT.assertFails(
        () -> ENGINE.run(ENGINE.sh("true").mount(Mount.bind(missing, "/mnt"))),
        ErrorKind.NOT_FOUND,
        missing.toString(),
        "/mnt");
  }

  @Test
  void memoryFileSystemIsWritableAndGone() {
    assertThat(
            ENGINE
                .run(
                    ENGINE
                        .sh(
                            "stat -c %a /scratch; echo x >/scratch/x; grep ' /scratch ' /proc/mounts")
                        .mount(Mount.tmpfs("/scratch"))
                        .readOnlyRoot())
                .output())
        .startsWith("1777\n")
        .contains("tmpfs", "nosuid", "nodev", "rw");
  }

  @Test
  void readOnlyMemoryFileSystemIsNotWritable() {
    assertThat(
            ENGINE
                .run(ENGINE.sh("touch /scratch/x").mount(Mount.tmpfs("/scratch").readOnly()))
                .stderr())
        .contains("Read-only file system");
  }

  @Test
  void volumesOfTheImageAreWritableInAReadOnlyRoot() {
    assertThat(
            ENGINE
                .run(
                    ENGINE
                        .spec("postgres")
                        .entrypoint("sh", "-c", "touch /var/lib/postgresql/data/x && ! touch /x")
                        .user("postgres")
                        .readOnlyRoot())
                .stderr())
        .contains("Read-only file system");
  }

  @Test
  void networkNoneHasLoopbackAlone() {
    assertThat(ENGINE.run(ENGINE.sh("ls /sys/class/net; ip -o addr show lo up")).output())
        .startsWith("lo\n")
        .contains("127.0.0.1/8");
  }

  @Test
  void networkHostIsTheHosts() throws IOException {
    String own = Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString();
    assertThat(
            ENGINE
                .run(ENGINE.sh("readlink /proc/self/ns/net; cat /etc/hosts").network(Network.HOST))
                .output())
        .isEqualTo(own + "\n" + Files.readString(Path.of("/etc/hosts")).stripTrailing());
  }
}
