package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.Tool;
import io.runcible.network.Network;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A store on a file system of its own, whose power is cut: the kernel is told to shut the file
 * system down without writing out its journal (FS_IOC_SHUTDOWN), so that what was not synced is
 * lost as if the machine had stopped. Then it is mounted anew, which replays the journal.
 */
class PowerCutIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  private static final String SHUTDOWN =
      "import fcntl, os, struct, sys\n"
          + "fd = os.open(sys.argv[1], os.O_RDONLY)\n"
          + "fcntl.ioctl(fd, 0x8004587d, struct.pack('I', 2))\n";
  private static final int LONGEST_MILLIS = 2500;

  /** All processes, mounts and devices of it end with the first process. */
  private static final List<String> OWN_MACHINE =
      List.of("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc");

  private static final String GROUP = "control group ";

  private final long seed = Rounds.seed("power");
  private final Random random = new Random(seed);
  private final TestRoot root = TestRoot.create();
  private final Path disk = root.path().resolve("disk");

  /** Where it is mounted. */
  private Path data = root.data();

  @BeforeAll
  static void needPrograms() {
    HostTools.requireProgram("mkfs.ext4", "e2fsprogs");
    HostTools.requireProgram("python3", "python3");
    HostTools.require(
        Files.exists(Path.of("/dev/loop-control")),
        "this kernel, or container, has no loop devices");
  }

  @AfterEach
  void close() {
    root.close();
  }

  private void makeDisk() throws IOException, InterruptedException {
    Tool.require("truncate", "coreutils").run("-s", "768M", disk);
    Tool.require("mkfs.ext4", "e2fsprogs").run("-q", "-F", disk);
    Files.createDirectories(data);
  }

  private void mount() throws IOException, InterruptedException {
    Tool.require("mount", "mount").run("-o", "loop", disk, data);
  }

  private void unmount() throws IOException, InterruptedException {
    Tool umount = Tool.require("umount", "mount");
    // Whoever looks at the mounts of this host may have it open for a moment.
    for (int i = 0; ; i++) {
      try {
        umount.run(data);
        return;
      } catch (AssertionError e) {
        if (i == 500 || !String.valueOf(e.getMessage()).contains("busy")) {
          throw e;
        }
        LeakCheck.pause();
      }
    }
  }

  private void cutThePower() throws IOException, InterruptedException {
    Tool.require("python3", "python3").run("-c", SHUTDOWN, data);
  }

  private ChildJvm start(String program, String image) {
    return ChildJvm.start(EngineProgram.class, program, root.path(), ENGINE.reference(image));
  }

  /**
   * Ends the processes that use the disk, and mounts a copy of it: a mount namespace of somebody
   * else on this host may still hold the old mount.
   */
  private void endAndMountAnew(ChildJvm jvm) throws IOException, InterruptedException {
    jvm.kill();
    while (!HostResources.commandsOf(List.of(root.path())).isEmpty()) {
      LeakCheck.pause();
    }
    mountAnew();
  }

  private void mountAnew() throws IOException, InterruptedException {
    unmount();
    Path copy = root.path().resolve("copy");
    Tool.require("cp", "coreutils").run("--sparse=always", disk, copy);
    Files.move(copy, disk, StandardCopyOption.REPLACE_EXISTING);
    mount();
  }

  /** Otherwise the other tests here would say nothing. */
  @Test
  void whatWasNotSyncedIsLost() throws Exception {
    makeDisk();
    mount();
    Path synced = root.data().resolve("synced");
    Path torn = root.data().resolve("torn");
    Files.writeString(synced, "text");
    Tool.require("sync", "coreutils").run();
    Files.writeString(torn, "text");
    cutThePower();
    mountAnew();
    try {
      assertThat(synced).hasContent("text");
      assertThat(torn).doesNotExist();
    } finally {
      unmount();
    }
  }

  @Test
  void imageThatWasPulledIsThere() throws Exception {
    makeDisk();
    mount();
    try {
      String digest;
      try (ChildJvm jvm = start("pull-and-wait", "slim")) {
        assertThat(jvm.line()).isEqualTo("working");
        digest = jvm.line();
        cutThePower();
        endAndMountAnew(jvm);
      }
      try (ContainerEngine next = root.engine().build()) {
        assertThat(next.images().check(true).problems()).isEmpty();
        assertThat(next.images().find(ENGINE.reference("slim")))
            .hasValueSatisfying(
                image -> assertThat(image.descriptor().digest()).hasToString(digest));
        assertRuns(next, "slim");
      }
    } finally {
      unmount();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"pull-loop", "store-loop"})
  void storeIsWholeWheneverThePowerFails(String program) throws Exception {
    makeDisk();
    mount();
    try {
      for (int round = 0; round < Rounds.of(3, 100); round++) {
        String image = random.nextBoolean() ? "slim" : "busybox";
        try (ChildJvm jvm = start(program, image)) {
          assertThat(jvm.line()).isEqualTo("working");
          Thread.sleep(random.nextInt(LONGEST_MILLIS));
          cutThePower();
          endAndMountAnew(jvm);
        }
        try (ContainerEngine next = root.engine().build()) {
          assertThat(next.images().check(true).problems())
              .as("round %s of seed %s", round, seed)
              .isEmpty();
          assertRuns(next, image);
        }
      }
    } finally {
      unmount();
    }
  }

  /** The worker writes the files, and the engine makes them durable. */
  @ParameterizedTest
  @ValueSource(strings = {"pull-loop", "store-loop"})
  void storeOfAnOrdinaryUserIsWholeToo(String program) throws Exception {
    TestUser.needPrograms();
    try (TestUser user = TestUser.create(root.path(), true)) {
      Path own = root.path().resolve("home");
      data = own.resolve("data");
      makeDisk();
      mount();
      Tool.require("rmdir", "coreutils").run(data.resolve("lost+found"));
      Tool.require("chown", "coreutils").run("--reference=" + own, data);
      Tool.require("sync", "coreutils").run(data);
      for (int round = 0; round < Rounds.of(2, 60); round++) {
        String image = ENGINE.reference(random.nextBoolean() ? "slim" : "busybox");
        try (ChildJvm jvm = user.jvm(EngineProgram.class, program, own, image)) {
          assertThat(jvm.line()).isEqualTo("working");
          Thread.sleep(random.nextInt(LONGEST_MILLIS));
          cutThePower();
          endAndMountAnew(jvm);
        }
        try (ChildJvm next =
            user.jvm(EngineProgram.class, "verify", own, ENGINE.reference("busybox"))) {
          assertThat(next.rest())
              .as("round %s of seed %s", round, seed)
              .containsExactly("[]", "[]", "[]", "fine");
        }
      }
    } finally {
      unmount();
    }
  }

  /** What is not synced of those who lived then is a name without a text. */
  @Test
  void containersAreGoneAndTheirNetworkBeginsAnew() throws Exception {
    HostTools.requireProgram("nft", "nftables");
    makeDisk();
    mount();
    try {
      String image = ENGINE.reference("busybox");
      try (ContainerEngine engine = root.engine().build()) {
        engine.images().pull(image);
      }
      List<String> containers;
      List<String> more = List.of("network-and-wait", root.path().toString(), image, "bridge");
      try (ChildJvm jvm = ChildJvm.start(OWN_MACHINE, EngineProgram.class, more.toArray())) {
        assertThat(jvm.line()).isEqualTo("running");
        containers = names(root.data().resolve("containers"), "[0-9a-f]*");
        // Makes all names durable, and no texts but its own.
        Tool.require("sync", "coreutils").run(root.data().resolve("images"));
        cutThePower();
        endAndMountAnew(jvm);
      }
      assertThat(containers).hasSize(1);
      removeGroups(containers.get(0));
      Tool.require("rm", "coreutils").run("-r", root.state());
      assertThat(blankFiles()).anyMatch(file -> file.contains("/journal/"));
      assertThat(blankFiles()).anyMatch(file -> file.contains("/networks/bridge/leases-"));
      try (ContainerEngine next = root.engine().build()) {
        assertThat(next.list()).isEmpty();
        assertThat(
                next.run(ENGINE.spec("busybox").command("true").network(Network.BRIDGE).build())
                    .waitFor()
                    .code())
            .isZero();
      }
      assertThat(blankFiles()).isEmpty();
    } finally {
      unmount();
    }
  }

  private static List<String> names(Path directory, String glob) throws IOException {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, glob)) {
      files.forEach(file -> names.add(file.getFileName().toString()));
    }
    return names;
  }

  /**
   * The kernel of a machine without power has none; a process that was killed is in it a moment.
   */
  private void removeGroups(String container) {
    RestartIT.await(
        () -> {
          List<Path> groups =
              HostResources.of(List.of(root.path())).stream()
                  .filter(resource -> resource.startsWith(GROUP) && resource.contains(container))
                  .map(resource -> Path.of(resource.substring(GROUP.length())))
                  .toList();
          groups.forEach(group -> group.toFile().delete());
          return groups.isEmpty();
        });
  }

  private List<String> blankFiles() throws IOException {
    try (Stream<Path> all = Files.walk(root.data())) {
      return all.filter(file -> file.toString().endsWith(".json") && file.toFile().length() == 0)
          .map(Path::toString)
          .toList();
    }
  }

  /** By what the kernel is told, and not by what a file system makes of it. */
  @Test
  void allOfAnImageIsDurableBeforeItsNameIs() throws Exception {
    HostTools.requireProgram("strace", "strace");
    Path trace = root.path().resolve("trace");
    List<String> strace = strace(trace);
    try (ChildJvm jvm =
        ChildJvm.start(
            strace,
            EngineProgram.class,
            "pull-and-wait",
            root.path(),
            ENGINE.reference("busybox"))) {
      assertThat(jvm.line()).isEqualTo("working");
      jvm.line();
      jvm.endInput();
      assertThat(jvm.rest()).isEmpty();
    }
    assertDurable(root.data(), trace);
  }

  static List<String> strace(Path trace) {
    return List.of(
        "strace", "-f", "-qq", "-y", "-s", "32", "-e", "signal=none", "-o", trace.toString());
  }

  /** What was done to a data root by one pull of busybox. */
  static void assertDurable(Path data, Path trace) throws IOException {
    assertThat(losableWhenRecorded(data, trace, line -> true)).isEmpty();
    // The model would see if a sync were not there.
    assertThat(losableWhenRecorded(data, trace, line -> !line.contains("syncfs")))
        .hasSizeGreaterThan(250);
    assertThat(losableWhenRecorded(data, trace, line -> !line.matches(".*fsync.*/blobs/.*")))
        .hasSizeGreaterThanOrEqualTo(3);
  }

  private static List<Path> losableWhenRecorded(Path data, Path trace, Predicate<String> kept)
      throws IOException {
    List<Path> recorded = new ArrayList<>();
    List<Path> losable = new ArrayList<>();
    Path images = data.resolve("images");
    DurabilityModel model =
        new DurabilityModel(data)
            .onRename(
                (target, now) -> {
                  if (target.startsWith(images)) {
                    recorded.add(target);
                    losable.addAll(now.losable(data.resolve("blobs")));
                    losable.addAll(now.losable(data.resolve("snapshots")));
                    if (!now.contentIsDurable(target)) {
                      losable.add(target);
                    }
                  }
                });
    try (Stream<String> lines = Files.lines(trace, StandardCharsets.ISO_8859_1)) {
      lines.filter(kept).forEach(model::line);
    }
    assertThat(recorded).hasSize(1);
    assertThat(model.calls()).isGreaterThan(250);
    // One for all of the image.
    assertThat(model.syncs()).isLessThanOrEqualTo(1);
    assertThat(model.losable(recorded.get(0))).isEmpty();
    return losable;
  }

  private static void assertRuns(ContainerEngine engine, String image) {
    engine.images().pull(ENGINE.reference(image));
    try (Container container = engine.run(ENGINE.spec(image).command("echo", "fine").build())) {
      assertThat(TestEngine.ended(container).output()).isEqualTo("fine");
    }
  }
}
