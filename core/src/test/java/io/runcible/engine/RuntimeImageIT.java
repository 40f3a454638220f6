package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.archive.LayerWriter;
import io.runcible.image.Descriptor;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.Platform;
import io.runcible.layout.ImageLayout;
import io.runcible.serve.RegistryServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Engines that take the runtime, the shell and the small programs from an image. */
class RuntimeImageIT {
  private static final String REPOSITORY = "registry.example/runtime";
  private static final String ABSENT = "no-such-runtime";
  private static final List<String> PROGRAMS =
      List.of(
          "runc",
          "crun",
          "busybox",
          "grep",
          "find",
          "tr",
          "cat",
          "rm",
          "rmdir",
          "mv",
          "mountpoint",
          "sleep",
          "date",
          "unshare",
          "nsenter",
          "umount");

  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static TestRoot files;
  private static RegistryServer registry;
  private static String image;

  @BeforeAll
  static void assemble() throws IOException {
    Path runc = HostTools.requireProgram("runc", "runc");
    Path busybox = HostTools.requireProgram("busybox", "busybox-static");
    files = TestRoot.create();
    ImageLayout layout = ImageLayout.create(files.path().resolve("layout"));
    LayerWriter programs =
        new LayerWriter()
            .addFile("/usr/libexec/runc", 0600, runc)
            .addSymlink("/usr/bin/runc", "../../usr/libexec/runc")
            .addFile("/bin/busybox", 04755, busybox);
    LayerWriter hostile =
        new LayerWriter()
            .addSymlink("/bin/outside", "../../../../../../etc/hostname")
            .addSymlink("/bin/absolute", "/etc/hostname")
            .addSymlink("/bin/circle", "circle")
            .addDirectory("/bin/directory", 0755)
            .addFile("/bin/text", 0755, "no program".getBytes(StandardCharsets.UTF_8));
    Descriptor made =
        ImageAssembly.builder(Platform.host())
            .layer(programs.writeTo(files.path().resolve("layer")))
            .layer(hostile.writeTo(files.path().resolve("hostile")))
            .build()
            .writeTo(layout, ImageReference.parse(REPOSITORY + ":1"));
    registry = RegistryServer.serve(layout).registry("registry.example").start();
    image = registry.host() + "/runtime@" + made.digest();
  }

  @AfterAll
  static void remove() {
    if (registry != null) {
      registry.close();
      files.close();
    }
  }

  private static RuntimeImage whole() {
    return RuntimeImage.of(image, "/usr/bin/runc").helper("/bin/busybox");
  }

  private static List<Path> installed(TestRoot root) throws IOException {
    List<Path> found = new ArrayList<>();
    Path runtimes = root.data().resolve("runtimes");
    if (Files.isDirectory(runtimes)) {
      try (DirectoryStream<Path> all = Files.newDirectoryStream(runtimes, Files::isDirectory)) {
        all.forEach(found::add);
      }
    }
    return found;
  }

  @Test
  void programsAreInstalledOnceAndKeptWhileUsed() throws Exception {
    try (TestRoot root = TestRoot.create()) {
      EngineBuilder builder = root.engine().runtime(ABSENT).runtimeImage(whole());
      assertThat(builder.capabilities().toString()).contains("runtime-image: yes", "fetched when");
      ExecutorService two = Executors.newFixedThreadPool(2);
      try {
        Future<ContainerEngine> first = two.submit(builder::build);
        Future<ContainerEngine> second = two.submit(builder::build);
        try (ContainerEngine one = first.get(2, TimeUnit.MINUTES);
            ContainerEngine other = second.get(2, TimeUnit.MINUTES)) {
          assertThat(runs(one)).isEqualTo(5);
          assertThat(runs(other)).isEqualTo(5);
          other.images().prune();
          List<Path> directories = installed(root);
          assertThat(directories).hasSize(1);
          assertProgram(directories.get(0).resolve("runc"));
          assertProgram(directories.get(0).resolve("busybox"));
          assertThat(directories.get(0).getFileName().toString())
              .contains(image.substring(image.indexOf("sha256:") + "sha256:".length()));
          assertThat(builder.capabilities().toString()).contains(directories.get(0).toString());
        }
      } finally {
        two.shutdownNow();
      }
      // From the disk: nothing answers at this name.
      String elsewhere = image.replaceFirst("^[^/]*", "127.0.0.1:1");
      RuntimeImage same = RuntimeImage.of(elsewhere, "/usr/bin/runc").helper("/bin/busybox");
      root.engine().runtime(ABSENT).runtimeImage(same).build().close();
      try (ContainerEngine without = root.engine().build()) {
        without.images().prune();
      }
      assertThat(root.data().resolve("runtimes")).isEmptyDirectory();
      assertThatThrownBy(root.engine().runtime(ABSENT).runtimeImage(same)::build)
          .isInstanceOf(RuncibleException.class);
    }
  }

  private static int runs(ContainerEngine engine) {
    ContainerSpec spec = ENGINE.sh("exit 5").build();
    try (Container container = engine.run(spec)) {
      return container.waitFor(TestEngine.LIMIT).orElseThrow().code();
    }
  }

  private static void assertProgram(Path program) throws IOException {
    assertThat(Files.getPosixFilePermissions(program))
        .isEqualTo(PosixFilePermissions.fromString("rwxr-xr-x"));
    // Not the set-user-ID bit of the image either.
    assertThat(Files.getAttribute(program, "unix:mode")).isEqualTo(0100755);
  }

  @Test
  void imageIsOffWhereTheHostHasTheRuntime() throws Exception {
    RuntimeImage unreachable = RuntimeImage.of(image.replaceFirst("^[^/]*", "127.0.0.1:1"), "/x");
    try (TestRoot root = TestRoot.create();
        ContainerEngine engine = root.engine().runtimeImage(unreachable).build()) {
      assertThat(runs(engine)).isEqualTo(5);
      assertThat(installed(root)).isEmpty();
    }
  }

  @Test
  void imageThatLeadsAstrayIsRefusedAndLeavesNothing() throws Exception {
    try (TestRoot root = TestRoot.create()) {
      assertRefused(root, RuntimeImage.of(image, "/bin/none"), ErrorKind.NOT_FOUND);
      assertRefused(root, RuntimeImage.of(image, "/bin/outside"), ErrorKind.NOT_FOUND);
      assertRefused(root, RuntimeImage.of(image, "/bin/absolute"), ErrorKind.NOT_FOUND);
      assertRefused(root, RuntimeImage.of(image, "/bin/circle"), ErrorKind.FAILED_PRECONDITION);
      assertRefused(root, RuntimeImage.of(image, "/bin/directory"), ErrorKind.INVALID_INPUT);
      RuntimeImage twice = RuntimeImage.of(image, "/bin/text").program("/usr/text");
      assertRefused(root, twice, ErrorKind.INVALID_INPUT);
      RuntimeImage textAsHelper = RuntimeImage.of(image, "/usr/bin/runc").helper("/bin/text");
      assertRefused(root, textAsHelper, ErrorKind.UNSUPPORTED);
      String other = image.substring(0, image.length() - 4) + "0000";
      assertRefused(root, RuntimeImage.of(other, "/usr/bin/runc"), ErrorKind.NOT_FOUND);
      assertThat(installed(root)).isEmpty();
    }
  }

  private static void assertRefused(TestRoot root, RuntimeImage image, ErrorKind kind) {
    assertThatThrownBy(root.engine().runtime(ABSENT).runtimeImage(image)::build)
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).as("%s", e).isEqualTo(kind));
  }

  @Test
  void hostWithoutProgramsRunsContainersAsRoot() throws Exception {
    try (TestRoot root = TestRoot.create()) {
      LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
      leaks.begin();
      try (ChildJvm jvm =
          ChildJvm.start(
              hidden(),
              RuntimeImageProgram.class,
              root.path(),
              whole(),
              ENGINE.reference("busybox"),
              true)) {
        assertThat(said(jvm, 7))
            .containsExactly(
                "shell false",
                "without UNSUPPORTED",
                "before true",
                "after true",
                "exec 3 inside",
                "detached 7",
                "running true");
        jvm.kill();
      }
      // The image's shell ends the container, before there is another engine.
      Path left = root.data().resolve("containers/left");
      long deadline = System.nanoTime() + TestEngine.LIMIT.toNanos();
      while (Files.exists(left) && System.nanoTime() < deadline) {
        ChildJvm.pause(20);
      }
      assertThat(left).doesNotExist();
      root.engine().build().close();
      leaks.verify();
    }
  }

  @Test
  void hostWithoutProgramsRunsContainersOfAUser() throws Exception {
    HostTools.requireProgram("setpriv", "util-linux");
    HostTools.requireProgram("newuidmap", "uidmap");
    try (TestRoot root = TestRoot.create();
        TestUser user = TestUser.create(root.path(), true)) {
      LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
      leaks.begin();
      try (ChildJvm jvm =
          user.jvm(
              hidden(),
              RuntimeImageProgram.class,
              root.path().resolve("home"),
              whole(),
              ENGINE.reference("busybox"),
              false)) {
        assertThat(said(jvm, 6))
            .containsExactly(
                "shell false",
                "without UNSUPPORTED",
                "before true",
                "after true",
                "exec 3 inside",
                "running true");
        jvm.kill();
      }
      leaks.verify();
    }
  }

  private static List<String> said(ChildJvm jvm, int lines) {
    List<String> said = new ArrayList<>();
    for (int i = 0; i < lines; i++) {
      said.add(jvm.line());
    }
    return said;
  }

  /** A mount namespace in which the programs of the host cannot be executed, the shell last. */
  private static List<String> hidden() {
    String script =
        "for name in "
            + String.join(" ", PROGRAMS)
            + "; do for file in /usr/bin/$name /usr/sbin/$name; do"
            + " [ ! -e $file ] || mount --bind /dev/null $file; done; done;"
            + " mount --bind /dev/null /bin/sh; mount --bind /dev/null /usr/bin/mount; exec \"$@\"";
    return List.of("unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh");
  }
}
