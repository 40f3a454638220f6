package io.runcible.archive;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.Tool;
import io.runcible.engine.Rounds;
import io.runcible.image.ImageAssembly;
import io.runcible.image.ImageReference;
import io.runcible.image.Platform;
import io.runcible.layout.ImageLayout;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LayerDiffIT {
  /** All that a layer can have, with whole seconds for times, which layers keep. */
  private static final String TREE =
      """
      set -e
      umask 022
      mkdir -p dir/sub dir/full sticky keep/a/b
      echo plain >plain; chmod 0640 plain; chown 12:34 plain
      echo suid >suid; chown 1000:3000000 suid; chmod 6755 suid
      touch empty
      echo linked >hard1; ln hard1 hard2; ln hard1 dir/hard3
      ln -s ../../etc/passwd dir/link; chown -h 5:6 dir/link; ln dir/link dir/link2
      mknod null c 1 3; mknod dir/block b 8 17; mkfifo -m 0600 dir/fifo
      chmod 1777 sticky
      setfattr -n user.comment -v hello plain
      setfattr -n user.raw -v 0x00ff0a3d dir
      setfattr -n trusted.note -v kept dir/sub
      setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 suid
      for i in 1 2 3; do echo $i >dir/full/$i; done
      long=$(printf 'n%.0s' $(seq 200)); mkdir -p $long/$long; echo deep >$long/$long/$long
      ln -s $long/$long/$long to-deep
      printf bad >"$(printf 'latin\\351')"; printf x >"$(printf 'new\\nline')"; echo '*' >'*'
      printf utf >"$(printf 'caf\\303\\251')"
      printf bad >"$(printf 'latin\\351%.0s' $(seq 30))"
      head -c 600000 /dev/urandom >big
      truncate -s 30000000 sparse
      printf data | dd of=sparse bs=1 seek=20000000 conv=notrunc status=none
      truncate -s 70000 holes
      echo kept >keep/a/b/file
      find . -exec touch -h -d '2001-02-03 04:05:06' {} +
      touch -d '1955-01-02 03:04:05' empty
      """;

  /** What a container might do with it. */
  private static final String CHANGES =
      """
      set -e
      rm plain hard2
      rm -r dir/full; mkdir dir/full; echo new >dir/full/new
      echo more >>big
      mv suid moved
      ln hard1 hard4
      rm -r sticky; echo file >sticky
      rm empty; mkdir empty; echo x >empty/x
      rm dir/link; ln -s elsewhere dir/link
      chmod 0700 dir/sub; chown 7:8 dir/sub
      setfattr -n user.added -v x keep/a
      touch keep/a/b/.hidden; rm keep/a/b/file
      mkfifo keep/fifo
      python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("keep/socket")'
      echo evil >.wh.keep
      truncate -s 25000000 sparse
      """;

  @TempDir Path directory;

  @BeforeEach
  void host() {
    HostTools.requireRoot();
    HostTools.requireProgram("setfattr", "attr");
  }

  private Path tree(String name, String script) throws Exception {
    Path tree = Files.createDirectories(directory.resolve(name));
    run(tree, script);
    return tree;
  }

  private static void run(Path tree, String script) throws Exception {
    Tool.require("bash", "bash").run("-c", "cd " + tree + "\n" + script);
  }

  private Path copy(Path tree, String name) throws Exception {
    Path copy = directory.resolve(name);
    Tool.require("cp", "coreutils").run("-a", tree, copy);
    return copy;
  }

  private static byte[] layer(LayerDiff diff) {
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    diff.writeTo(tar);
    return tar.toByteArray();
  }

  private static void apply(InputStream tar, Path target, LayerFormat format, Path... lower) {
    try (LayerApplier applier =
        LayerApplier.open(target, format, Ownership.EXACT, ArchiveLimits.DEFAULT)) {
      applier.apply(tar);
      applier.complete(List.of(lower));
    }
  }

  /** Without fractions of a second, and what no layer has. */
  private static Map<String, String> seen(Path tree) {
    Map<String, String> lines = new TreeMap<>();
    FileTree.of(tree)
        .forEach(
            (name, line) -> lines.put(name, line.replaceFirst("(\\d+:\\d+ -?\\d+)\\.\\d+", "$1")));
    lines.keySet().removeIf(name -> name.endsWith("/socket") || name.contains("/.wh."));
    return lines;
  }

  @Test
  void wholeTreeComesBack() throws Exception {
    Path tree = tree("tree", TREE);
    byte[] layer = layer(LayerDiff.ofTree(tree));
    assertThat(layer.length).isLessThan(3_000_000);
    Path again = Files.createDirectory(directory.resolve("again"));
    apply(new ByteArrayInputStream(layer), again, LayerFormat.PLAIN);
    assertThat(FileTree.difference(seen(again), seen(tree))).isEmpty();
    assertThat(layer(LayerDiff.ofTree(again))).isEqualTo(layer);
  }

  @Test
  void treeTakesThePlaceOfADirectory() throws Exception {
    Path tree = tree("tree", TREE);
    Path again = Files.createDirectory(directory.resolve("again"));
    Path place = Files.createDirectories(again.resolve("in/a place/old")).getParent();
    Files.writeString(again.resolve("in/other"), "x");
    byte[] layer = layer(LayerDiff.ofTree(tree).at("/in/a place"));
    apply(new ByteArrayInputStream(layer), again, LayerFormat.PLAIN);
    assertThat(FileTree.difference(seen(place), seen(tree))).isEmpty();
    assertThat(again.resolve("in/other")).hasContent("x");
    assertThatThrownBy(() -> LayerDiff.ofTrees(tree, again).at("/in"))
        .hasMessageContaining("only a whole tree");
  }

  @Test
  void gnuTarReadsTheSame() throws Exception {
    Path tree = tree("tree", TREE);
    Path archive = Files.write(directory.resolve("tar"), layer(LayerDiff.ofTree(tree)));
    Path again = Files.createDirectory(directory.resolve("again"));
    String said =
        Tool.require("tar", "tar")
            .run(
                "-C",
                again,
                "--numeric-owner",
                "--warning=no-timestamp",
                "--xattrs",
                "--xattrs-include=*",
                "-xpf",
                archive);
    assertThat(said).isEmpty();
    assertThat(FileTree.difference(seen(again), seen(tree))).isEmpty();
  }

  @Test
  void pythonReadsTheSame() throws Exception {
    Path tree = tree("tree", TREE);
    Path archive = Files.write(directory.resolve("tar"), layer(LayerDiff.ofTree(tree)));
    Path again = Files.createDirectory(directory.resolve("again"));
    Tool.require("python3", "python3")
        .run("-c", "import tarfile; tarfile.open('" + archive + "').extractall('" + again + "')");
    Map<String, String> expected = seen(tree);
    Map<String, String> extracted = seen(again);
    // It knows no attributes, and no times of links.
    expected.replaceAll((name, line) -> line.replaceAll(" (user|trusted|security)\\.\\S+", ""));
    for (Map<String, String> lines : List.of(expected, extracted)) {
      lines.replaceAll(
          (name, line) -> line.startsWith("12") ? line.replaceFirst(" \\d+ ", " ") : line);
    }
    assertThat(FileTree.difference(extracted, expected)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"GZIP,1", "GZIP,9", "ZSTD,3", "NONE,0"})
  void umociUnpacksTheSame(Compression codec, int level) throws Exception {
    Tool umoci = Tool.require("umoci", "umoci");
    Tool skopeo = Tool.require("skopeo", "skopeo");
    Path tree = tree("tree", TREE);
    Path changed = copy(tree, "changed");
    run(changed, CHANGES);
    ExecutorService executor = Executors.newFixedThreadPool(2);
    WrittenLayer lower;
    WrittenLayer upper;
    try {
      lower =
          LayerDiff.ofTree(tree)
              .compression(codec, level)
              .executor(executor)
              .writeTo(directory.resolve("lower"));
      upper =
          LayerDiff.ofTrees(tree, changed)
              .compression(codec, level)
              .executor(executor)
              .writeTo(directory.resolve("upper"));
    } finally {
      executor.shutdown();
    }
    assertThat(upper.skipped())
        .extracting(SkippedEntry::name)
        .containsExactlyInAnyOrder(".wh.keep", "keep/socket");
    Path layout = directory.resolve("layout");
    ImageAssembly.builder(Platform.parse("linux/amd64"))
        .layer(lower)
        .layer(upper)
        .build()
        .writeTo(ImageLayout.create(layout), ImageReference.parse("registry.example/app:1"));
    Path copied = directory.resolve("copied");
    // umoci knows no zstd: skopeo reads that.
    skopeo.run(
        "--insecure-policy",
        "copy",
        "--dest-compress-format=gzip",
        "oci:" + layout + ":registry.example/app:1",
        "oci:" + copied + ":app");
    umoci.run("unpack", "--image", copied + ":app", directory.resolve("umoci"));
    Map<String, String> expected = seen(changed);
    Map<String, String> unpacked = seen(directory.resolve("umoci/rootfs"));
    // umoci sets the times of directories again when something in them changes.
    for (Map<String, String> lines : List.of(expected, unpacked)) {
      lines.replaceAll(
          (name, line) -> line.startsWith("4") ? line.replaceFirst(" -?\\d+ ", " ") : line);
    }
    assertThat(FileTree.difference(unpacked, expected)).isEmpty();
  }

  @Test
  void differenceOfTwoTreesMakesTheOneIntoTheOther() throws Exception {
    Path tree = tree("tree", TREE);
    Path changed = copy(tree, "changed");
    run(changed, CHANGES);
    byte[] layer = layer(LayerDiff.ofTrees(tree, changed));
    apply(new ByteArrayInputStream(layer), tree, LayerFormat.PLAIN);
    assertThat(FileTree.difference(seen(tree), seen(changed))).isEmpty();
    assertThat(layer(LayerDiff.ofTrees(tree, copy(tree, "copy")))).hasSize(1024);
  }

  @Nested
  class OfAnOverlay {
    private Path lower;
    private Path upper;
    private Path merged;

    private void mount(String options) throws Exception {
      lower = tree("lower", TREE);
      upper = Files.createDirectory(directory.resolve("upper"));
      Path work = Files.createDirectory(directory.resolve("work"));
      merged = Files.createDirectory(directory.resolve("merged"));
      Tool.require("mount", "mount")
          .run(
              "-t",
              "overlay",
              "-o",
              "lowerdir=" + lower + ",upperdir=" + upper + ",workdir=" + work + options,
              "overlay",
              merged);
    }

    @AfterEach
    void unmount() throws Exception {
      if (merged != null) {
        Tool.require("umount", "mount").run("-l", merged);
      }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void upperDirectoryMakesTheLowerTreeIntoTheMergedOne(boolean userAttributes) throws Exception {
      mount(userAttributes ? ",userxattr" : ",redirect_dir=off,metacopy=off,index=off");
      run(merged, CHANGES);
      Map<String, String> expected = seen(merged);
      LayerFormat format = userAttributes ? LayerFormat.OVERLAY_USERXATTR : LayerFormat.OVERLAY;
      byte[] layer = layer(LayerDiff.ofOverlay(upper, format));
      apply(new ByteArrayInputStream(layer), lower, LayerFormat.PLAIN);
      Map<String, String> actual = seen(lower);
      // The root belongs to who mounts. What shares a file below with a changed one keeps its link.
      for (String name : List.of("/")) {
        expected.remove(name);
        actual.remove(name);
      }
      expected.replaceAll((name, line) -> withoutFirstName(line));
      actual.replaceAll((name, line) -> withoutFirstName(line));
      assertThat(FileTree.difference(actual, expected)).isEmpty();
    }

    private static String withoutFirstName(String line) {
      return line.startsWith("1006") || line.startsWith("1007")
          ? line.replaceFirst(" /.*$", "")
          : line;
    }

    @Test
    void layerAsAnOverlayIsTheUpperDirectoryAgain() throws Exception {
      mount(",redirect_dir=off,metacopy=off,index=off");
      run(merged, CHANGES);
      byte[] layer = layer(LayerDiff.ofOverlay(upper, LayerFormat.OVERLAY));
      Path again = Files.createDirectory(directory.resolve("again"));
      apply(new ByteArrayInputStream(layer), again, LayerFormat.OVERLAY, lower);
      assertThat(layer(LayerDiff.ofOverlay(again, LayerFormat.OVERLAY))).isEqualTo(layer);
      assertThat(LayerTree.of(LayerFormat.OVERLAY, List.of(lower, again)))
          .isEqualTo(
              LayerTree.of(LayerFormat.OVERLAY, List.of(lower, upper)).stream()
                  .filter(line -> !line.contains(".wh.") && !line.contains("socket"))
                  .toList());
    }

    @Test
    void renamedDirectoryThatRefersToALowerOneIsRefused() throws Exception {
      mount(",redirect_dir=on,metacopy=off,index=off");
      run(merged, "mv dir moved");
      assertUnsupported("redirect_dir=off");
    }

    @Test
    void fileWhoseContentLiesBelowIsRefused() throws Exception {
      mount(",redirect_dir=on,metacopy=on,index=off");
      run(merged, "chmod 0600 big");
      assertUnsupported("metacopy");
    }

    private void assertUnsupported(String reason) {
      Path file = directory.resolve("file");
      assertThatThrownBy(() -> LayerDiff.ofOverlay(upper, LayerFormat.OVERLAY).writeTo(file))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED))
          .hasMessageContaining(reason);
      assertThat(file).doesNotExist();
    }
  }

  @Test
  void bytesAreEqualHoweverTheTreeWasMade() throws Exception {
    Path one =
        tree("one", "mkdir a b; for i in 1 2 3 4 5 6 7 8 9; do echo $i >a/$i; done; echo x >b/x");
    Path other =
        tree("other", "mkdir b a; echo x >b/x; for i in 9 3 5 4 7 6 1 8 2; do echo $i >a/$i; done");
    for (Path tree : List.of(one, other)) {
      run(tree, "find . -exec touch -d '2001-02-03 04:05:06.5' {} +");
    }
    assertThat(layer(LayerDiff.ofTree(other))).isEqualTo(layer(LayerDiff.ofTree(one)));
  }

  @Test
  void ownersOfAMappingAreComparedAsTheyAreInside() throws Exception {
    Path lower = tree("lower", "mkdir -p same other; chown 5:6 same");
    Path upper =
        tree("upper", "mkdir same other; chown 700000:700000 . other; chown 700005:700006 same");
    List<IdRange> ids = List.of(new IdRange(0, 700_000, 1000));
    LayerDiff diff =
        LayerDiff.ofOverlay(upper, LayerFormat.OVERLAY).ownership(Ownership.mapped(ids, ids));
    assertThat(diff.changes(List.of(lower))).isEmpty();
    run(upper, "chown 700001 other");
    assertThat(diff.changes(List.of(lower)))
        .containsExactly(new FileChange(FileChange.Kind.CHANGED, "/other"));
  }

  @Test
  void whatALowerLinkLeadsToIsNotWhatWasChanged() throws Exception {
    Path lower = tree("lower", "mkdir d; echo x >d/x; echo y >d/y; ln -s d s");
    Path upper = tree("upper", "mkdir s; echo x >s/x; mknod s/y c 0 0");
    assertThat(LayerDiff.ofOverlay(upper, LayerFormat.OVERLAY).changes(List.of(lower)))
        .containsExactly(
            new FileChange(FileChange.Kind.CHANGED, "/s"),
            new FileChange(FileChange.Kind.ADDED, "/s/x"));
  }

  @Test
  void whatAMappingLacksIsNobodysInAnArchiveAndNotInALayer() throws Exception {
    Path tree = tree("tree", "echo x >f; chown 700003:4 f; chown 700000:700000 .");
    List<IdRange> ids = List.of(new IdRange(0, 700_000, 1000));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    TreeArchive.of(tree, "/f").ownership(Ownership.mapped(ids, ids)).writeTo(out);
    TarReader tar =
        new TarReader(new ByteArrayInputStream(out.toByteArray()), ArchiveLimits.DEFAULT);
    TarEntry entry = tar.next();
    assertThat(entry.uid()).isEqualTo(3);
    assertThat(entry.gid()).isEqualTo(65534);
    LayerDiff layer = LayerDiff.ofTree(tree).ownership(Ownership.mapped(ids, ids));
    assertThatThrownBy(() -> layer.writeTo(new ByteArrayOutputStream()))
        .isInstanceOf(RuncibleException.class)
        .hasMessageContaining("'f' belongs to 700003:4");
  }

  @Test
  void laterTimesAreClamped() throws Exception {
    Path tree =
        tree(
            "tree",
            "echo x >late; echo x >early; touch -d '2001-02-03' early; touch -d 2001-02-03 .");
    byte[] layer =
        layer(
            LayerDiff.ofTree(tree)
                .clamp(Instant.ofEpochSecond(1_100_000_000))
                .ownership(Ownership.IGNORE));
    TarReader tar = new TarReader(new ByteArrayInputStream(layer), ArchiveLimits.DEFAULT);
    List<String> times = new ArrayList<>();
    for (@Nullable TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
      times.add(entry.name() + " " + entry.modifiedSeconds());
    }
    assertThat(times).containsExactly("./ 981158400", "early 981158400", "late 1100000000");
  }

  @Test
  void randomChangesMakeTheOneTreeIntoTheOther() throws Exception {
    long seed = Rounds.seed("layer-diff");
    Random random = new Random(seed);
    for (int round = 0; round < Rounds.of(15, 1000); round++) {
      Path place = Files.createDirectory(directory.resolve("round" + round));
      Path lower = Files.createDirectory(place.resolve("lower"));
      RandomTree.change(lower, random, 40);
      Path upper = place.resolve("upper");
      Tool.require("cp", "coreutils").run("-a", lower, upper);
      RandomTree.change(upper, random, 25);
      byte[] layer = layer(LayerDiff.ofTrees(lower, upper));
      Path overlay = Files.createDirectory(place.resolve("overlay"));
      apply(new ByteArrayInputStream(layer), overlay, LayerFormat.OVERLAY, lower);
      List<String> expected = LayerTree.of(upper);
      assertThat(LayerTree.of(LayerFormat.OVERLAY, List.of(lower, overlay)))
          .as("overlay, round %d of seed %d", round, seed)
          .isEqualTo(expected);
      apply(new ByteArrayInputStream(layer), lower, LayerFormat.PLAIN);
      assertThat(FileTree.difference(seen(lower), seen(upper)))
          .as("plain, round %d of seed %d", round, seed)
          .isEmpty();
      Tool.require("rm", "coreutils").run("-rf", place);
    }
  }

  @Nested
  class HostileTrees {
    @Test
    void whatLiesOutsideIsNeverRead() throws Exception {
      long seed = Rounds.seed("layer-diff-race");
      Path secret = Files.createDirectory(directory.resolve("secret"));
      Files.writeString(secret.resolve("file"), "TOP-SECRET".repeat(100));
      Path tree = Files.createDirectory(directory.resolve("tree"));
      Files.createDirectories(tree.resolve("d/e"));
      AtomicBoolean stop = new AtomicBoolean();
      Thread attacker = new Thread(() -> swap(tree, secret, new Random(seed), stop), "attacker");
      attacker.start();
      int written = 0;
      int refused = 0;
      try {
        for (int i = 0; i < Rounds.of(300, 20_000); i++) {
          ByteArrayOutputStream tar = new ByteArrayOutputStream();
          try {
            LayerDiff.ofOverlay(tree, LayerFormat.OVERLAY).writeTo(tar);
            written++;
            TarReader reader =
                new TarReader(new ByteArrayInputStream(tar.toByteArray()), ArchiveLimits.DEFAULT);
            while (reader.next() != null) {
              // It is a whole archive.
            }
          } catch (RuncibleException e) {
            assertThat(e.kind()).as("%s", e).isEqualTo(ErrorKind.FAILED_PRECONDITION);
            refused++;
          }
          assertThat(tar.toString(UTF_8)).doesNotContain("TOP-SECRET");
        }
      } finally {
        stop.set(true);
        attacker.join();
      }
      assertThat(written + refused).isEqualTo(Rounds.of(300, 20_000));
      assertThat(written).isPositive();
    }

    /** Exchanges directories and files for links to the outside and back, as fast as it can. */
    private static void swap(Path tree, Path secret, Random random, AtomicBoolean stop) {
      Path file = tree.resolve("d/e/file");
      Path inner = tree.resolve("d/e");
      Path aside = tree.resolve("d/aside");
      while (!stop.get()) {
        try {
          switch (random.nextInt(5)) {
            case 0 -> {
              Files.deleteIfExists(file);
              Files.createSymbolicLink(file, secret.resolve("file"));
            }
            case 1 -> {
              Files.deleteIfExists(file);
              Files.write(file, new byte[random.nextInt(100_000)]);
            }
            case 2 -> {
              Files.move(inner, aside);
              Files.createSymbolicLink(inner, secret);
              Thread.onSpinWait();
              Files.delete(inner);
              Files.move(aside, inner);
            }
            case 3 -> {
              // Not through a link: what lies outside is to keep its words.
              if (!Files.isSymbolicLink(file)) {
                Files.write(file, new byte[random.nextInt(1000)]);
              }
            }
            default -> Files.deleteIfExists(file);
          }
        } catch (IOException e) {
          throw new IllegalStateException(e);
        }
      }
    }

    @Test
    void treeDeeperThanAnyPathIsRefused() throws Exception {
      Path tree = Files.createDirectory(directory.resolve("tree"));
      Tool.require("python3", "python3")
          .run(
              "-c",
              "import os\nos.chdir('"
                  + tree
                  + "')\n"
                  + "for i in range(3000):\n os.mkdir('dd'); os.chdir('dd')");
      try {
        Throwable[] thrown = {null};
        Thread small =
            new Thread(
                null,
                () -> {
                  try {
                    layer(LayerDiff.ofTree(tree));
                  } catch (Throwable e) {
                    thrown[0] = e;
                  }
                },
                "small",
                256 * 1024);
        small.start();
        small.join();
        assertThat(thrown[0])
            .isInstanceOfSatisfying(
                RuncibleException.class,
                e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
            .hasMessageContaining("too deep");
      } finally {
        Tool.require("rm", "coreutils").run("-rf", tree);
      }
    }

    @Test
    void moreThanTheLimitsIsRefused() throws Exception {
      Path tree =
          tree("tree", "for i in $(seq 100); do echo $i >$i; done; head -c 5000 /dev/zero >big");
      for (ArchiveLimits limits :
          List.of(
              ArchiveLimits.DEFAULT.withMaxEntries(50),
              ArchiveLimits.DEFAULT.withMaxFileBytes(4999),
              ArchiveLimits.DEFAULT.withMaxTotalBytes(5100))) {
        assertThatThrownBy(() -> layer(LayerDiff.ofTree(tree).limits(limits)))
            .isInstanceOfSatisfying(
                RuncibleException.class,
                e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
      }
    }

    @Test
    void forgedMarksDoNotGetIntoALayer() throws Exception {
      Path tree =
          tree(
              "tree",
              "mkdir d; setfattr -n user.overlay.opaque -v y d; setfattr -n user.overlay.redirect"
                  + " -v /x d;echo x >f; setfattr -n trusted.overlay.origin -v x f; setfattr -n"
                  + " user.kept -v y f");
      byte[] layer = layer(LayerDiff.ofOverlay(tree, LayerFormat.OVERLAY));
      String text = new String(layer, UTF_8);
      assertThat(text).contains("user.kept").doesNotContain("overlay").doesNotContain(".wh.");
    }

    @Test
    void diskThatIsFullLeavesNoFile() throws Exception {
      Path small = Files.createDirectory(directory.resolve("small"));
      Tool.require("mount", "mount").run("-t", "tmpfs", "-o", "size=64k", "tmpfs", small);
      try {
        Path tree = tree("tree", "head -c 1000000 /dev/urandom >big");
        Path file = small.resolve("layer");
        assertThatThrownBy(() -> LayerDiff.ofTree(tree).writeTo(file))
            .isInstanceOfSatisfying(
                RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNAVAILABLE))
            .hasMessageContaining(file.toString());
        assertThat(small).isEmptyDirectory();
      } finally {
        Tool.require("umount", "mount").run(small);
      }
    }
  }
}
