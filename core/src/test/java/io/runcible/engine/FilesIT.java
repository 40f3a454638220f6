package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.TarEntry;
import io.runcible.archive.TarReader;
import io.runcible.ffi.NativeAccess;
import io.runcible.image.Image;
import io.runcible.state.LockFile;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Copying in and out, exporting, what changed, and images of it. */
class FilesIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  @TempDir Path host;
  private Container container;

  @BeforeEach
  void run() {
    container = ENGINE.get().run(ENGINE.sh("sleep 600").build());
  }

  @AfterEach
  void close() {
    container.close();
  }

  private String sh(String script) {
    return TestEngine.ended(container.exec("sh", "-c", script)).output();
  }

  private void end() {
    container.kill("KILL");
    container.waitFor();
  }

  private Path file(String name, String content) throws IOException {
    Path file = host.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, content);
  }

  /** The entries of a tar, a directory with a slash. */
  private static Map<String, TarEntry> entries(ByteArrayOutputStream tar) throws IOException {
    TarReader reader =
        new TarReader(new ByteArrayInputStream(tar.toByteArray()), ArchiveLimits.DEFAULT);
    Map<String, TarEntry> entries = new TreeMap<>();
    for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
      entries.put(entry.name(), entry);
    }
    return entries;
  }

  @Test
  void whatGoesWithItsEngineIsNotSynced() {
    assertThat(TestEngine.rootMount(container)).contains("overlay", "volatile");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void filesGoIn(boolean running) throws IOException {
    Path file = file("f", "content");
    file("d/sub/x", "of x");
    Files.createSymbolicLink(host.resolve("d/link"), Path.of("/etc/shadow"));
    if (!running) {
      end();
    }
    ContainerFiles files = container.files();
    files.copyTo(file, "/tmp");
    files.copyTo(file, "/tmp/renamed");
    files.copyTo(file, "/etc/passwd");
    files.copyTo(host.resolve("d"), "/tmp");
    files.copyTo(host.resolve("d"), "/new");
    files.copyTo(host.resolve("d/."), "/tmp/d");
    files.copyTo(host.resolve("d/."), "/content");

    Path root = ENGINE.rootFiles(container);
    for (String path : List.of("tmp/f", "tmp/renamed", "etc/passwd")) {
      assertThat(root.resolve(path)).hasContent("content");
    }
    for (String path : List.of("tmp/d/sub/x", "new/sub/x", "content/sub/x")) {
      assertThat(root.resolve(path)).hasContent("of x");
    }
    assertThat(Files.readSymbolicLink(root.resolve("new/link"))).hasToString("/etc/shadow");
    assertThat(root.resolve("tmp/d/d")).doesNotExist();
  }

  @Test
  void whatGoesInBelongsToRoot() throws IOException {
    Path file = file("tool", "x");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-x---"));
    if (NativeAccess.isRoot()) {
      Files.setAttribute(file, "unix:uid", 1234);
    }
    container.files().copyTo(file, "/etc/");
    assertThat(sh("stat -c '%u:%g %a' /etc/tool")).isEqualTo("0:0 750");
  }

  @Test
  void ownersAreKeptWhereThatIsAsked() throws IOException {
    Path file = file("tool", "x");
    if (NativeAccess.isRoot()) {
      Files.setAttribute(file, "unix:uid", 1234);
      Files.setAttribute(file, "unix:gid", 2345);
    }
    container.files().copyWithOwners(file, "/etc/");
    String owner =
        Files.getAttribute(file, "unix:uid") + ":" + Files.getAttribute(file, "unix:gid");
    assertThat(sh("stat -c '%u:%g' /etc/tool")).isEqualTo(owner);
  }

  @Test
  void ownersComeOutWhereThatIsAskedAndMayBe() throws IOException {
    sh(
        "mkdir /d && echo x >/d/x && ln /d/x /d/y && ln -s x /d/link && chown 12:34 /d/x"
            + " && chown -h 56:78 /d/link && chmod 4755 /d/x && chown 7:8 /d");
    container.files().copyWithOwners("/d", host);
    container.files().copyFrom("/d", Files.createDirectory(host.resolve("other")));
    String own = Files.getAttribute(host, "unix:uid") + ":" + Files.getAttribute(host, "unix:gid");
    boolean root = NativeAccess.isRoot();
    assertThat(owner(host.resolve("d"))).isEqualTo(root ? "7:8" : own);
    assertThat(owner(host.resolve("d/x"))).isEqualTo(root ? "12:34" : own);
    assertThat(owner(host.resolve("d/y"))).isEqualTo(root ? "12:34" : own);
    assertThat(owner(host.resolve("d/link"))).isEqualTo(root ? "56:78" : own);
    assertThat(owner(host.resolve("other/d/x"))).isEqualTo(own);
    // No program of a container runs as its owner by itself.
    assertThat(Files.getAttribute(host.resolve("d/x"), "unix:mode")).isEqualTo(0100755);
  }

  private static String owner(Path path) throws IOException {
    return Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS)
        + ":"
        + Files.getAttribute(path, "unix:gid", LinkOption.NOFOLLOW_LINKS);
  }

  @Test
  void sizeIsWhatItHasWrittenAndItsImage() {
    ContainerSize before = container.files().size();
    assertThat(before.imageBytes()).isGreaterThan(100_000);
    sh("head -c 1000000 /dev/zero >/tmp/big; mkdir /tmp/shut; ln /tmp/big /tmp/shut/again");
    ContainerSize after = container.files().size();
    assertThat(after.writtenBytes() - before.writtenBytes()).isEqualTo(1_000_000);
    assertThat(after.imageBytes()).isEqualTo(before.imageBytes());
    container.close();
    RunIT.assertFails(() -> container.files().size(), ErrorKind.FAILED_PRECONDITION, "was removed");
  }

  @Test
  void whatCannotGoInIsRefused() throws IOException {
    Path file = file("f", "x");
    ContainerFiles files = container.files();
    RunIT.assertFails(() -> files.copyTo(file, "relative"), ErrorKind.INVALID_INPUT, "relative");
    RunIT.assertFails(() -> files.copyTo(file, "/none/f"), ErrorKind.NOT_FOUND, "/none");
    RunIT.assertFails(() -> files.copyTo(file, "/none/"), ErrorKind.NOT_FOUND, "/none/");
    RunIT.assertFails(
        () -> files.copyTo(host.resolve("nothing"), "/tmp"), ErrorKind.NOT_FOUND, "nothing");
    sh("mkdir /tmp/f; touch /tmp/file");
    RunIT.assertFails(
        () -> files.copyTo(file, "/tmp"), ErrorKind.FAILED_PRECONDITION, "/tmp/f", "directory");
    RunIT.assertFails(
        () -> files.copyTo(host, "/tmp/file"), ErrorKind.FAILED_PRECONDITION, "/tmp/file");
    RunIT.assertFails(() -> files.copyTo(file, "/tmp/file/x"), ErrorKind.NOT_FOUND, "/tmp/file");
    container.close();
    RunIT.assertFails(() -> files.copyTo(file, "/x"), ErrorKind.FAILED_PRECONDITION, "removed");
  }

  @Test
  void readOnlyRootIsNotWritten() throws IOException {
    Path file = file("f", "x");
    try (Container readOnly =
        ENGINE
            .get()
            .run(ENGINE.sh("sleep 600").readOnlyRoot().mount(Mount.tmpfs("/scratch")).build())) {
      RunIT.assertFails(
          () -> readOnly.files().copyTo(file, "/etc/f"), ErrorKind.PERMISSION_DENIED, "read-only");
      readOnly.files().copyTo(file, "/scratch");
      assertThat(TestEngine.ended(readOnly.exec("cat", "/scratch/f")).output()).isEqualTo("x");
      readOnly.kill("KILL");
      readOnly.waitFor();
      RunIT.assertFails(
          () -> readOnly.files().copyTo(file, "/etc/f"), ErrorKind.PERMISSION_DENIED, "read-only");
    }
  }

  @Test
  void filesComeOut() throws IOException {
    sh(
        "mkdir -p /d/sub && echo x >/d/sub/x && ln -s /etc/passwd /d/link && ln /d/sub/x /d/hard"
            + " && chmod 4755 /d/sub/x && mkfifo /d/fifo");
    ContainerFiles files = container.files();
    files.copyFrom("/d", host);
    files.copyFrom("/d", host.resolve("renamed"));
    files.copyFrom("/d/.", Files.createDirectory(host.resolve("content")));
    files.copyFrom("/d/sub/x", host.resolve("x"));
    files.copyFrom("/etc/hostname", host);

    for (String path : List.of("d/sub/x", "d/hard", "renamed/sub/x", "content/sub/x", "x")) {
      assertThat(host.resolve(path)).hasContent("x");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(host.resolve(path))))
          .isEqualTo("rwxr-xr-x");
      assertThat((int) Files.getAttribute(host.resolve(path), "unix:mode") & 07000).isZero();
    }
    assertThat(Files.readSymbolicLink(host.resolve("d/link"))).hasToString("/etc/passwd");
    assertThat(Files.exists(host.resolve("d/fifo"), LinkOption.NOFOLLOW_LINKS)).isFalse();
    assertThat(host.resolve("hostname")).hasContent(container.id());
    RunIT.assertFails(() -> files.copyFrom("/none", host), ErrorKind.NOT_FOUND, "/none");
    RunIT.assertFails(
        () -> files.copyFrom("/d", host.resolve("no/dir")), ErrorKind.NOT_FOUND, "no");
    RunIT.assertFails(
        () -> files.copyFrom("/d", host.resolve("x")), ErrorKind.FAILED_PRECONDITION, "/x");
  }

  @Test
  void filesOfAnEndedContainerComeOut() throws IOException {
    sh("echo left >/left");
    end();
    container.files().copyFrom("/left", host);
    assertThat(host.resolve("left")).hasContent("left");
  }

  @Test
  void archivesGoInAndComeOutAsTheyAre() throws IOException {
    sh("mkdir -p /a/b && echo c >/a/b/c && chown 12:34 /a/b/c && chmod 2750 /a/b && mkdir /to");
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    container.files().copyFrom("/a/b", tar);
    assertThat(entries(tar)).containsOnlyKeys("b/", "b/c");
    assertThat(entries(tar).get("b/c").uid()).isEqualTo(12);
    container.files().copyTo(new ByteArrayInputStream(tar.toByteArray()), "/to");
    assertThat(sh("stat -c '%u:%g %a' /to/b /to/b/c; cat /to/b/c"))
        .isEqualTo("0:0 2750\n12:34 644\nc");
    RunIT.assertFails(
        () -> container.files().copyTo(new ByteArrayInputStream(tar.toByteArray()), "/nowhere"),
        ErrorKind.NOT_FOUND,
        "/nowhere");
    RunIT.assertFails(
        () ->
            container
                .files()
                .copyTo(
                    new ByteArrayInputStream("no tar".repeat(200).getBytes(StandardCharsets.UTF_8)),
                    "/to"),
        ErrorKind.CORRUPT_DATA);
  }

  @Test
  void namesThatMeanRemovalInLayersAreOnlyNamesHere() throws IOException {
    file("d/.wh.x", "a file");
    container.files().copyTo(host.resolve("d"), "/");
    assertThat(sh("cat /d/.wh.x")).isEqualTo("a file");
    container.files().copyFrom("/d", host.resolve("back"));
    assertThat(host.resolve("back/.wh.x")).hasContent("a file");
  }

  @Test
  void linksOfTheContainerDoNotLeadOut() throws IOException {
    Path secret = file("secret", "of the host");
    Path target = Files.createDirectory(host.resolve("target"));
    sh(
        "mkdir -p /l"
            + host
            + " && ln -s "
            + host
            + " /l/abs && ln -s ../../../../../../../.."
            + host
            + " /l/up && ln -s /proc/1/root /l/proc && ln -s /proc/self/fd /l/fd");
    ContainerFiles files = container.files();
    for (String link : List.of("/l/abs", "/l/up", "/l/proc" + host)) {
      RunIT.assertFails(() -> files.copyTo(secret, link + "/target/x"), ErrorKind.NOT_FOUND);
      RunIT.assertFails(
          () -> files.copyFrom(link + "/secret", host.resolve("out")),
          link.contains("proc") ? ErrorKind.FAILED_PRECONDITION : ErrorKind.NOT_FOUND);
    }
    assertThat(target).isEmptyDirectory();
    assertThat(host.resolve("out")).doesNotExist();
  }

  @Test
  void linksThatAreSwappedMeanwhileDoNotLeadOut() throws IOException {
    Path victim = Files.createDirectory(host.resolve("victim"));
    Files.setPosixFilePermissions(victim, PosixFilePermissions.fromString("rwx------"));
    file("in/d/x", "x");
    Files.setPosixFilePermissions(
        host.resolve("in/d"), PosixFilePermissions.fromString("rwxrwxrwx"));
    sh("mkdir -p /w");
    container.exec(
        "sh",
        "-c",
        "while :; do rm -rf /w/d; ln -s " + victim + " /w/d; rm /w/d; mkdir /w/d; done");
    // For an ordinary user each copy takes a JVM in the holder's namespaces.
    int rounds = NativeAccess.isRoot() ? 300 : 30;
    for (int i = 0; i < rounds; i++) {
      try {
        container.files().copyTo(host.resolve("in/d"), "/w");
      } catch (RuncibleException e) {
        assertThat(e.kind()).isNotEqualTo(ErrorKind.INTERNAL);
      }
    }
    assertThat(victim).isEmptyDirectory();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(victim)))
        .isEqualTo("rwx------");
  }

  @Test
  void rootIsExported() throws IOException {
    sh("echo mine >/mine; rm /etc/group");
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    container.files().export(tar);
    Map<String, TarEntry> entries = entries(tar);
    assertThat(entries).containsKeys("./", "mine", "bin/busybox", "etc/passwd");
    assertThat(entries).doesNotContainKeys("etc/group");
    assertThat(entries.keySet()).noneMatch(name -> name.startsWith("proc/1"));
  }

  @Test
  void untouchedContainerHasNoChanges() {
    assertThat(container.files().diff()).isEmpty();
  }

  @Test
  void changesAreListed() {
    sh(
        "echo x >/added; mkdir -p /dir/sub; echo y >>/etc/passwd; rm /etc/group; chmod 711 /bin;"
            + " rm -rf /var; mkdir /var; echo z >/var/z");
    assertThat(container.files().diff().stream().map(Object::toString))
        .contains(
            "A /added",
            "A /dir",
            "A /dir/sub",
            "C /etc",
            "C /etc/passwd",
            "D /etc/group",
            "C /bin",
            "A /var/z")
        .doesNotContain("A /etc/hosts", "C /etc/hosts", "A /proc", "A /dev");
  }

  @Test
  void nextCommitRemovesWhatAKilledOneLeft() throws Exception {
    sh("echo x >/made");
    Path directory = ENGINE.directory(container);
    Path left = Files.writeString(directory.resolve("commit-0123456789ab"), "half a layer");
    try {
      LockFile ofAnother =
          LockFile.acquire(directory.resolve("commit.lock"), false, TestEngine.LIMIT);
      container.commit("registry.example/one:1", config -> {});
      assertThat(left).exists();
      ofAnother.close();
      container.commit("registry.example/one:1", config -> {});
      assertThat(HostResources.list(directory, "commit-*")).isEmpty();
    } finally {
      ENGINE.get().images().remove("registry.example/one:1");
    }
  }

  @Test
  void committedImageHasTheChangesAndRuns() throws IOException {
    sh("echo hello >/greeting; rm /etc/group; chown 12:34 /greeting");
    Image image =
        container.commit(
            "registry.example/made:1",
            config ->
                config
                    .command("cat", "/greeting")
                    .labels(Map.of("a", "b"))
                    .author("Some One")
                    .comment("because"));
    try {
      assertThat(container.isPaused()).isFalse();
      assertThat(image.config().labels()).isEqualTo(Map.of("a", "b"));
      assertThat(image.config().diffIds()).hasSize(2);
      assertThat(image.config().author()).contains("Some One");
      assertThat(image.config().comment()).contains("because");
      assertThat(ENGINE.run(ContainerSpec.builder("registry.example/made:1")).output())
          .isEqualTo("hello");
      assertThat(
              ENGINE
                  .run(
                      ContainerSpec.builder("registry.example/made:1")
                          .command(
                              "sh",
                              "-c",
                              "stat -c %u:%g /greeting; ls /etc/group 2>/dev/null"
                                  + " || echo gone"))
                  .output())
          .isEqualTo("12:34\ngone");
    } finally {
      ENGINE.get().images().remove("registry.example/made:1");
    }
  }

  @Test
  void equalChangesMakeEqualImages() throws InterruptedException {
    Instant epoch = Instant.ofEpochSecond(1_700_000_000);
    String work = "mkdir /d; echo x >/d/x; rm /etc/group";
    sh(work);
    try (Container other = ENGINE.get().run(ENGINE.sh("sleep 600").build())) {
      Thread.sleep(1100);
      TestEngine.ended(other.exec("sh", "-c", work));
      Image one = container.commit("registry.example/one:1", config -> config.created(epoch));
      Image two = other.commit("registry.example/two:1", config -> config.created(epoch));
      assertThat(one.config().digest()).isEqualTo(two.config().digest());
      assertThat(one.descriptor()).isEqualTo(two.descriptor());
    } finally {
      ENGINE.get().images().remove("registry.example/one:1");
      ENGINE.get().images().remove("registry.example/two:1");
    }
  }

  @Test
  void containerWithoutChangesAddsNoLayer() {
    Image image = container.commit("registry.example/same:1", config -> config.command("true"));
    try {
      assertThat(image.config().diffIds()).hasSize(1);
      assertThat(new String(image.config().raw(), StandardCharsets.UTF_8))
          .contains("\"empty_layer\"");
    } finally {
      ENGINE.get().images().remove("registry.example/same:1");
    }
  }

  @Test
  void digestIsNoNameToCommitTo() {
    RunIT.assertFails(
        () -> container.commit("x@sha256:" + "0".repeat(64), config -> {}),
        ErrorKind.INVALID_INPUT,
        "digest");
  }
}
