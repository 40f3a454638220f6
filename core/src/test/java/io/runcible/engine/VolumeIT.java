package io.runcible.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.ffi.NativeAccess;
import io.runcible.image.ImageConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Volumes, and what fills them. */
class VolumeIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final String IMAGE = "registry.example/filled:1";

  /** Says all there is to say about a tree. */
  private static final String LOOK =
      "cd %s && find . | sort | xargs stat -c '%%n %%A %%u:%%g %%h %%s %%Y'";

  private Volumes volumes;

  @BeforeEach
  void makeImage() throws IOException {
    volumes = ENGINE.get().volumes();
    if (ENGINE.get().images().find(IMAGE).isEmpty()) {
      image(
          IMAGE,
          """
          mkdir -p /data/sub /data/closed /in/image && cd /data
          echo content >file && ln file sub/linked && ln -s /etc/passwd link
          chown 12:34 file && chmod 4751 file && mknod fifo p
          touch -d @86400 file closed && chmod 700 closed && chown 33:33 closed
          chown 5:6 . && chmod 2770 . && touch -d @100000 .
          echo x >/in/image/x
          """,
          config ->
              config.volumes(Set.of("/data", "/in/image", "/none", "/proc/x", "/etc/passwd/y")));
    }
  }

  /** Makes an image of busybox and what a script does in it. */
  private static void image(String name, String script, Consumer<ImageConfig.Builder> config)
      throws IOException {
    try (Container container = ENGINE.get().run(ENGINE.sh("sleep 600").build())) {
      TestEngine.ended(container.exec("sh", "-e", "-c", script)).output();
      Path file = ENGINE.rootFiles(container).resolve("data/file");
      if (NativeAccess.isRoot() && Files.exists(file)) {
        attributes(file).write("runcible", UTF_8.encode("spoon"));
      }
      container.commit(name, config);
    }
  }

  private static UserDefinedFileAttributeView attributes(Path file) {
    return Files.getFileAttributeView(file, UserDefinedFileAttributeView.class);
  }

  @AfterEach
  void noVolumeIsLeft() {
    volumes.prune();
    ENGINE.get().close();
    try (ContainerEngine next = ENGINE.open()) {
      assertThat(next.volumes().list()).isEmpty();
    }
    assertThat(ENGINE.root().data().resolve("volumes").toFile().list())
        .isSubsetOf(".lock")
        .doesNotContainNull();
  }

  private static ContainerSpec.Builder sh(String script) {
    return ContainerSpec.builder(IMAGE).command("sh", "-c", script);
  }

  private static String run(ContainerSpec.Builder spec) {
    return ENGINE.run(spec).output();
  }

  @Test
  void isFilledAtItsFirstUse() throws IOException {
    // Where the image's own volume is in the way, it is looked at under the other name.
    String wanted = run(sh(LOOK.formatted("/data")));
    assertThat(wanted.lines()).hasSize(7);
    assertThat(wanted)
        .contains(". drwxrws--- 5:6", " 100000\n")
        .contains("./closed drwx------ 33:33", "./file -rwsr-x--x 12:34 2 8 86400")
        .contains("./fifo prw", "./link lrw", "./sub/linked -rwsr-x--x 12:34 2 8 86400");
    Mount volume = Mount.volume("filled", "/data");
    assertThat(run(sh(LOOK.formatted("/data")).mount(volume))).isEqualTo(wanted);

    if (NativeAccess.isRoot()) {
      // Nobody else may read the file of another id; its attribute is copied by the same code.
      Path file = volumes.find("filled").orElseThrow().path().resolve("file");
      ByteBuffer value = ByteBuffer.allocate(5);
      attributes(file).read("runcible", value);
      assertThat(new String(value.array(), UTF_8)).isEqualTo("spoon");
    }

    run(sh("rm -r /data/* && echo kept >/data/mine").mount(volume));
    assertThat(run(sh("ls /data; cat /data/mine").mount(volume))).isEqualTo("mine\nkept");
    run(sh("rm /data/mine").mount(volume));
    assertThat(run(sh("ls /data").mount(volume))).isEmpty();
  }

  @Test
  void isNotFilledIfItNeedNotBe() throws IOException {
    Mount plain = Mount.volume("plain", "/data");
    assertThat(run(sh("ls /data").mount(plain.withoutCopy()))).isEmpty();
    assertThat(run(sh("ls /data").mount(plain))).isEmpty();

    Path path = volumes.create(VolumeSpec.of("own")).path();
    Files.writeString(path.resolve("own"), "x");
    assertThat(run(sh("ls /data").mount(Mount.volume("own", "/data")))).isEqualTo("own");

    volumes.create(VolumeSpec.of("never").withoutCopy());
    assertThat(run(sh("ls /data").mount(Mount.volume("never", "/data")))).isEmpty();

    assertThat(run(sh("ls -A /new; touch /new/x").mount(Mount.volume("new", "/new")))).isEmpty();
    TestEngine.Ended ended =
        ENGINE.run(sh("ls /new; touch /new/y").mount(Mount.volume("new", "/new").readOnly()));
    assertThat(ended.stdout()).isEqualTo("x\n");
    assertThat(ended.stderr()).contains("Read-only file system");
  }

  /** A second fill would take away what a container has written by then. */
  @Test
  void manyAtOnceFillItOnce() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (ContainerEngine other = ENGINE.open()) {
      List<Future<String>> started = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        ContainerEngine engine = i % 2 == 0 ? ENGINE.get() : other;
        ContainerSpec spec =
            sh("touch /data/mark-$HOSTNAME; ls /data | grep -vc mark")
                .mount(Mount.volume("shared", "/data"))
                .build();
        started.add(
            threads.submit(
                () -> {
                  try (Container container = engine.run(spec)) {
                    return TestEngine.ended(container).output();
                  }
                }));
      }
      for (Future<String> one : started) {
        assertThat(one.get()).isEqualTo("5");
      }
      assertThat(run(sh("ls /data | grep -c mark").mount(Mount.volume("shared", "/data"))))
          .isEqualTo("4");
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    } finally {
      threads.shutdown();
    }
  }

  @Test
  void halfFilledOneIsFilledAnew() throws IOException {
    Path volume = volumes.create(VolumeSpec.of("half")).path().getParent();
    Files.createDirectories(volume.resolve("fill/sub"));
    Files.writeString(volume.resolve("fill/half"), "x");
    assertThat(run(sh("ls /data").mount(Mount.volume("half", "/data"))))
        .isEqualTo("closed\nfifo\nfile\nlink\nsub");
    assertThat(volume.resolve("fill")).doesNotExist();
  }

  @Test
  void killedFillsAreFilledAnewAndNothingElseIsLeft() {
    long seed = Rounds.seed("volume");
    Random random = new Random(seed);
    String files = run(ENGINE.spec("debian").command("sh", "-c", "find /usr/bin /etc | sort"));
    for (int round = 0; round < Rounds.of(1, 50); round++) {
      try (ChildJvm jvm =
          ChildJvm.start(
              EngineProgram.class,
              "volume-loop",
              ENGINE.root().path(),
              ENGINE.reference("debian"))) {
        assertThat(jvm.line()).isEqualTo("working");
        ChildJvm.pause(random.nextInt(700));
        jvm.kill();
      }
      try (ContainerEngine next = ENGINE.open()) {
        assertThat(next.list()).isEmpty();
        for (VolumeInfo volume : next.volumes().list()) {
          assertThat(volume.anonymous()).as("seed %s", seed).isFalse();
          assertThat(volume.users()).isEmpty();
          ContainerSpec spec =
              ENGINE
                  .spec("debian")
                  .command("sh", "-c", "find /usr/bin /etc | sort")
                  .mount(Mount.volume(volume.name(), "/usr/bin"))
                  .build();
          try (Container container = next.run(spec)) {
            assertThat(TestEngine.ended(container).output()).as("seed %s", seed).isEqualTo(files);
          }
        }
        next.volumes().prune();
      }
    }
  }

  @Test
  void imagesVolumesGoWithTheirContainer() {
    try (Container container = ENGINE.get().run(sh("sleep 600").readOnlyRoot().build())) {
      List<VolumeInfo> found = volumes.list();
      assertThat(found).hasSize(3).allMatch(VolumeInfo::anonymous);
      assertThat(found).allMatch(one -> one.users().equals(List.of(container.id())));
      String name = found.get(0).name();
      RunIT.assertFails(
          () -> volumes.remove(name), ErrorKind.FAILED_PRECONDITION, name, container.id());
      assertThat(volumes.prune()).isEmpty();
      String script =
          "cat /data/file /in/image/x; touch /data/x /none/x; ! touch /x 2>/dev/null;"
              + " grep -cE ' /(data|in/image|none) ' /proc/mounts";
      assertThat(TestEngine.ended(container.exec("sh", "-c", script)).output())
          .isEqualTo("content\nx\n3");
    }
    assertThat(volumes.list()).isEmpty();
  }

  @Test
  void imagesVolumeStaysAsLongAsAnotherContainerHasIt() {
    ContainerEngine engine = ENGINE.get();
    Container first = engine.create(ENGINE.sh("true").mount(Mount.volume("/own")).build());
    VolumeInfo volume = volumes.list().get(0);
    ContainerSpec.Builder spec = ENGINE.sh("echo text >/d/x; echo up; sleep 600");
    Mount mount = Mount.volume(volume.name(), "/d");
    try (Container second = engine.run(spec.mount(mount).name("second").build())) {
      assertThat(volumes.find(volume.name()).orElseThrow().users())
          .containsExactly(first.id(), "second");
      first.close();
      try (ContainerEngine other = ENGINE.open()) {
        assertThat(other.volumes().prune()).isEmpty();
        assertThat(other.volumes().find(volume.name()).orElseThrow().users())
            .containsExactly("second");
      }
      RunIT.assertFails(
          () -> volumes.remove(volume.name()), ErrorKind.FAILED_PRECONDITION, "second");
      second.awaitReady(Ready.onLog("up"));
      assertThat(TestEngine.ended(second.exec("cat", "/d/x")).output()).isEqualTo("text");
    }
    assertThat(volumes.prune()).containsExactly(volume.name());
    // Nor does one that nobody has any more outlive the next engine.
    Container again = engine.create(ENGINE.sh("true").mount(Mount.volume("/own")).build());
    Mount shared = Mount.volume(volumes.list().get(0).name(), "/d");
    Container last = engine.create(ENGINE.sh("true").mount(shared).build());
    again.close();
    last.close();
    assertThat(volumes.list()).hasSize(1);
    ENGINE.open().close();
    assertThat(volumes.list()).isEmpty();
  }

  @Test
  void callersMountTakesThePlaceOfTheImagesVolume() {
    try (Container container =
        ENGINE
            .get()
            .run(
                sh("ls /data; ls /in/image/; ls /in/image/below")
                    .mount(Mount.volume("below", "/in/image/below"))
                    .mount(Mount.tmpfs("/link/../data"))
                    .build())) {
      assertThat(TestEngine.ended(container).output()).isEqualTo("below\nx");
      assertThat(volumes.list()).extracting(VolumeInfo::anonymous).containsOnly(false, true);
      assertThat(volumes.list()).hasSize(3);
    }
  }

  @Test
  void volumeInUseIsNotRemoved() {
    volumes.create(VolumeSpec.of("Used.1_-").label("a", "b"));
    RunIT.assertFails(
        () -> volumes.create(VolumeSpec.of("Used.1_-")), ErrorKind.ALREADY_EXISTS, "Used.1_-");
    Mount mount = Mount.volume("Used.1_-", "/data");
    try (ContainerEngine other = ENGINE.open();
        Container created = other.create(sh("true").mount(mount).name("created").build());
        Container running = ENGINE.get().run(sh("sleep 600").mount(mount).name("second").build())) {
      assertThat(running.inspect().mounts()).contains("/data");
      RunIT.assertFails(
          () -> volumes.remove("Used.1_-"),
          ErrorKind.FAILED_PRECONDITION,
          "'Used.1_-'",
          created.id() + ", second");
      assertThat(other.volumes().prune()).isEmpty();
      VolumeInfo info = other.volumes().find("Used.1_-").orElseThrow();
      assertThat(info.users()).containsExactly("created", "second");
      assertThat(info.labels()).containsEntry("a", "b");
      assertThat(info.anonymous()).isFalse();
      assertThat(info.path()).isDirectory();
    }
    assertThat(volumes.remove("Used.1_-")).isTrue();
    assertThat(volumes.remove("Used.1_-")).isFalse();
    assertThat(volumes.find("Used.1_-")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", ".hidden", "a/b", "../x", "-x", "a\nb", "a\0", "ä", " "})
  void wrongNameIsRefused(String name) {
    RunIT.assertFails(() -> VolumeSpec.of(name), ErrorKind.INVALID_INPUT, "name of a volume");
    RunIT.assertFails(() -> volumes.find(name), ErrorKind.INVALID_INPUT);
    RunIT.assertFails(() -> volumes.remove(name), ErrorKind.INVALID_INPUT);
    RunIT.assertFails(() -> Mount.volume(name, "/data"), ErrorKind.INVALID_INPUT);
  }

  @Test
  void limitNeedsAFileSystemThatHasThem() {
    RunIT.assertFails(
        () -> volumes.create(VolumeSpec.of("small").size("1m")), ErrorKind.UNSUPPORTED, "quota");
    assertThat(volumes.list()).isEmpty();
    RunIT.assertFails(() -> VolumeSpec.of("x").size("0"), ErrorKind.INVALID_INPUT);
    RunIT.assertFails(() -> VolumeSpec.of("a".repeat(129)), ErrorKind.INVALID_INPUT);
  }

  @Test
  void failureToFillIsAnErrorAndLeavesNothing() throws IOException {
    Path volume = volumes.create(VolumeSpec.of("damaged")).path().getParent();
    Files.writeString(volume.resolve("volume.json"), "{");
    RunIT.assertFails(
        () -> run(sh("true").mount(Mount.volume("damaged", "/data"))),
        ErrorKind.CORRUPT_DATA,
        "volume.json");
    assertThat(ENGINE.get().list()).isEmpty();
    assertThat(volumes.list()).isEmpty();
    assertThat(volumes.remove("damaged")).isTrue();
  }
}
