package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.Tool;
import io.runcible.engine.Mount.Propagation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Layers, images and memory that are mounted in a container, and where mounts go. */
class StorageMountIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final String HOSTILE = "registry.example/links:1";

  /** On a file system that an overlay can lie on. */
  private Path host;

  @BeforeEach
  void makeFiles() throws IOException {
    host = Files.createDirectory(ENGINE.root().path().resolve("host"));
    Files.writeString(host.resolve("file"), "of the host\n");
    Files.setPosixFilePermissions(host, PosixFilePermissions.fromString("rwxrwx---"));
  }

  @AfterEach
  void removeFiles() throws Exception {
    Tool.require("rm", "coreutils").run("-r", host);
  }

  private static String output(ContainerSpec.Builder spec) {
    return ENGINE.run(spec).output();
  }

  @Test
  void changesOnTopOfADirectoryAreThrownAway() throws Exception {
    Tool.require("chown", "coreutils").run("7:8", host);
    try (Container container =
        ENGINE
            .get()
            .run(
                ENGINE
                    .sh("sleep 600")
                    .mount(Mount.overlay(host, "/over"))
                    .mount(Mount.overlay(host, "/over/fixed").readOnly())
                    .build())) {
      String script =
          "stat -c '%a %u:%g' /over; cat /over/file; rm /over/file; echo x >/over/x; ls /over;"
              + " touch /over/fixed/y 2>&1 | grep -o 'Read-only'; cat /over/fixed/file";
      assertThat(TestEngine.ended(container.exec("sh", "-c", script)).output())
          .isEqualTo("770 7:8\nof the host\nfixed\nx\nRead-only\nof the host");
      container.restart(java.time.Duration.ZERO);
      assertThat(TestEngine.ended(container.exec("ls", "/over")).output()).isEqualTo("fixed\nx");
    }
    assertThat(host.toFile().list()).containsExactly("file");
    RunIT.assertFails(
        () -> ENGINE.run(ENGINE.sh("true").mount(Mount.overlay(host.resolve("file"), "/over"))),
        ErrorKind.INVALID_INPUT,
        "no directory");
    RunIT.assertFails(
        () -> ENGINE.run(ENGINE.sh("true").mount(Mount.overlay(host.resolve("no"), "/over"))),
        ErrorKind.NOT_FOUND,
        "/over");
  }

  @Test
  void imageIsMountedAndKeptAsLongAsItsContainer() {
    String image = ENGINE.reference("debian");
    Images images = ENGINE.get().images();
    try (Container container =
        ENGINE.get().run(ENGINE.sh("sleep 600").mount(Mount.image(image, "/image")).build())) {
      images.remove(image);
      images.prune();
      assertThat(images.check(false).problems()).isEmpty();
      String script =
          "grep -c ^root: /image/etc/passwd; touch /image/x 2>&1 | grep -o Read-only;"
              + " ls /image/usr/bin | wc -l; chroot /image /bin/true; echo $?";
      assertThat(TestEngine.ended(container.exec("sh", "-c", script)).output())
          .matches("1\nRead-only\n[1-9][0-9]{2,}\n0");
    }
    assertThat(images.prune().layers()).isPositive();
    RunIT.assertFails(
        () ->
            ENGINE.run(ENGINE.sh("true").mount(Mount.image(ENGINE.reference("no-such"), "/image"))),
        ErrorKind.NOT_FOUND,
        "no-such");
    RunIT.assertFails(() -> Mount.image("A B", "/image"), ErrorKind.INVALID_INPUT);
  }

  @Test
  void memoryHasASizeAndAMode() {
    String script =
        "for d in /etc /new /dev/shm; do stat -c %a $d; dd if=/dev/zero of=$d/x bs=1k count=2k"
            + " 2>/dev/null; stat -c %s $d/x; done; touch /x 2>&1 | grep -o Read-only";
    assertThat(
            output(
                ENGINE
                    .sh(script)
                    .mount(Mount.tmpfs("/etc").size("64k").mode(0700))
                    .mount(Mount.tmpfs("/new").size("1m"))
                    .shmSize("128k")
                    .readOnlyRoot()))
        .isEqualTo("700\n65536\n1777\n1048576\n1777\n131072\nRead-only");
    RunIT.assertFails(() -> Mount.bind(host, "/x").size("1m"), ErrorKind.INVALID_INPUT, "/x");
    RunIT.assertFails(() -> Mount.tmpfs("/x").size("0"), ErrorKind.INVALID_INPUT);
    RunIT.assertFails(() -> Mount.tmpfs("/x").mode(010000), ErrorKind.INVALID_INPUT, "010000");
    RunIT.assertFails(() -> Mount.volume("/x").mode(0), ErrorKind.INVALID_INPUT);
    RunIT.assertFails(() -> Mount.image("a", "/x").withoutCopy(), ErrorKind.INVALID_INPUT);
    RunIT.assertFails(() -> ENGINE.sh("").shmSize("-1"), ErrorKind.INVALID_INPUT);
  }

  @Test
  void mountsPropagateIfTheyAreTo() throws Exception {
    Tool mount = Tool.require("mount", "mount");
    Tool umount = Tool.require("umount", "mount");
    mount.run("--bind", host, host);
    try {
      mount.run("--make-private", host);
      RunIT.assertFails(
          () ->
              ENGINE.run(
                  ENGINE.sh("true").mount(Mount.bind(host, "/m").propagation(Propagation.SLAVE))),
          ErrorKind.FAILED_PRECONDITION,
          "make-rshared");
      mount.run("--make-shared", host);
      Files.createDirectory(host.resolve("below"));
      try (Container container =
          ENGINE
              .get()
              .run(
                  ENGINE
                      .sh("sleep 600")
                      .mount(Mount.bind(host, "/private"))
                      .mount(Mount.bind(host, "/slave").propagation(Propagation.SLAVE))
                      .mount(Mount.bind(host, "/shared").propagation(Propagation.SHARED))
                      .addCapability("SYS_ADMIN")
                      .build())) {
        mount.run("-t", "tmpfs", "later", host.resolve("below"));
        try {
          assertThat(
                  TestEngine.ended(container.exec("grep", "^later ", "/proc/mounts"))
                      .output()
                      .lines()
                      .map(line -> line.split(" ", -1)[1]))
              .containsExactlyInAnyOrder("/slave/below", "/shared/below");
        } finally {
          umount.run(host.resolve("below"));
        }
        assertThat(TestEngine.ended(container.exec("grep", "^later ", "/proc/mounts")).stdout())
            .isEmpty();
        assertThat(
                TestEngine.ended(container.exec("mount", "-t", "tmpfs", "inside", "/shared/below"))
                    .status()
                    .code())
            .isZero();
        assertThat(Files.readString(Path.of("/proc/mounts"))).contains("inside " + host);
        umount.run(host.resolve("below"));
      }
    } finally {
      umount.run("--lazy", host);
    }
    RunIT.assertFails(
        () -> Mount.tmpfs("/x").propagation(Propagation.SHARED), ErrorKind.INVALID_INPUT, "/x");
  }

  private static ContainerSpec.Builder hostile(String script) {
    if (ENGINE.get().images().find(HOSTILE).isEmpty()) {
      try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").build())) {
        String links =
            """
            ln -s / root-link; ln -s ../../.. up; ln -s /proc into-proc; ln -s /dev into-dev
            ln -s /sys into-sys; ln -s proc/self/root magic; ln -s loop loop
            ln -s /var/real alias; mkdir -p /var/real/deep; echo x >file; ln -s /nowhere/at gone
            ln -s ../../../../../../../../tmp/escape.%1$s far; mkdir -m 700 closed
            """
                .formatted(ENGINE.root().path().getFileName());
        TestEngine.ended(container.exec("sh", "-e", "-c", links)).output();
        container.commit(HOSTILE, config -> {});
      }
    }
    return ContainerSpec.builder(HOSTILE).command("sh", "-c", script);
  }

  private void assertRefused(ErrorKind kind, String destination, String... words) {
    for (Mount mount : List.of(Mount.bind(host, destination), Mount.tmpfs(destination))) {
      RunIT.assertFails(() -> ENGINE.run(hostile("true").mount(mount)), kind, words);
    }
  }

  @Test
  void targetsThatLinksMakeDangerousAreRefused() {
    assertRefused(ErrorKind.INVALID_INPUT, "/root-link", "/root-link", "symbolic link");
    assertRefused(ErrorKind.INVALID_INPUT, "/up", "symbolic link");
    assertRefused(ErrorKind.INVALID_INPUT, "/into-proc", "'/proc'");
    assertRefused(ErrorKind.INVALID_INPUT, "/into-dev", "'/dev'");
    assertRefused(ErrorKind.INVALID_INPUT, "/into-sys/fs", "'/sys'");
    assertRefused(ErrorKind.FAILED_PRECONDITION, "/loop", "/loop");
    assertRefused(ErrorKind.FAILED_PRECONDITION, "/file", "/file", "no directory");
    assertRefused(ErrorKind.FAILED_PRECONDITION, "/file/x", "/file/x", "no directory");
    Path file = host.resolve("file");
    RunIT.assertFails(
        () -> ENGINE.run(hostile("true").mount(Mount.bind(file, "/var/real"))),
        ErrorKind.FAILED_PRECONDITION,
        "a directory, and no file");
    RunIT.assertFails(
        () ->
            ENGINE.run(
                hostile("true").mount(Mount.tmpfs("/alias")).mount(Mount.tmpfs("/var/real/"))),
        ErrorKind.INVALID_INPUT,
        "same place");
    for (String root : List.of("/", "//", "/.", "/a/..", "/../..")) {
      RunIT.assertFails(() -> Mount.tmpfs(root), ErrorKind.INVALID_INPUT, "root");
    }
    for (String wrong : List.of("", "relative", "/a\0b")) {
      RunIT.assertFails(() -> Mount.tmpfs(wrong), ErrorKind.INVALID_INPUT, "absolute");
    }
    assertThat(host.toFile().list()).containsExactly("file");
  }

  @Test
  void linksLeadNowhereButInside() throws IOException {
    Path file = host.resolve("file");
    Files.createSymbolicLink(host.resolve("etc"), Path.of("/etc"));
    String script =
        "cat /var/real/file /up/far-up/file /var/real/deep/new/file /closed/f /tmp/../var/x;"
            + " ls -d /etc/made; cat /m/etc/made/file";
    assertThat(
            output(
                hostile(script)
                    .mount(Mount.bind(host, "/alias"))
                    .mount(Mount.bind(host, "/up/far-up"))
                    .mount(Mount.bind(file, "/alias/deep/new/file"))
                    .mount(Mount.bind(file, "/closed/f"))
                    .mount(Mount.bind(file, "/into-nothing/../var/x"))
                    .mount(Mount.bind(host, "/m/etc/made"))
                    .mount(Mount.bind(host, "/m"))))
        .isEqualTo("of the host\n".repeat(5) + "/etc/made\nof the host");
    assertThat(Path.of("/etc/made")).doesNotExist();
    assertThat(Path.of("/var/x")).doesNotExist();
  }

  /** Whether it does, or its mount is refused. */
  private static boolean runs(ContainerSpec.Builder spec, String place) {
    try {
      ENGINE.run(spec);
      return true;
    } catch (RuncibleException e) {
      assertThat(e).hasMessageContaining(place.split("/")[1]);
      return false;
    }
  }

  /** What the kernel cannot resolve yet is left to the runtime, which stays inside, too. */
  @Test
  void linksToNowhereAreMadeInside() throws IOException {
    String name = "escape." + ENGINE.root().path().getFileName();
    for (String gone : List.of("/far", "/gone")) {
      boolean made = runs(hostile("true").mount(Mount.bind(host, gone)), gone);
      assertThat(made).as(gone).isNotEqualTo(Differences.isOnCrun());
    }
    for (String magic : List.of("/magic", "/magic/etc")) {
      runs(hostile("touch /etc/escaped").mount(Mount.bind(host, magic).readOnly()), magic);
    }
    try (Stream<Path> files = Files.list(host)) {
      assertThat(files).hasSize(1);
    }
    assertThat(Path.of("/tmp", name)).doesNotExist();
    assertThat(Path.of("/nowhere")).doesNotExist();
    assertThat(Path.of("/etc/escaped")).doesNotExist();
  }
}
