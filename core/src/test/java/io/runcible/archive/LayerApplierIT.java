package io.runcible.archive;

import static io.runcible.archive.TarBytes.ascii;
import static io.runcible.archive.TarBytes.header;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.HostTools;
import io.runcible.RuncibleException;
import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.Stat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class LayerApplierIT {
  private static final Ownership MAPPED =
      Ownership.mapped(
          List.of(new IdRange(0, 100_000, 65_536)), List.of(new IdRange(0, 200_000, 65_536)));

  @Nested
  class PlainAsRoot extends LayerApplierContract {
    @Override
    LayerFormat format() {
      return LayerFormat.PLAIN;
    }

    @Override
    Ownership ownership() {
      return Ownership.EXACT;
    }

    @Override
    void requireHost(Path directory) {
      HostTools.requireRoot();
    }
  }

  @Nested
  class OverlayAsRoot extends LayerApplierContract {
    @Override
    LayerFormat format() {
      return LayerFormat.OVERLAY;
    }

    @Override
    Ownership ownership() {
      return Ownership.EXACT;
    }

    @Override
    void requireHost(Path directory) {
      HostTools.requireRoot();
    }
  }

  @Nested
  class PlainWithMappedIds extends LayerApplierContract {
    @Override
    LayerFormat format() {
      return LayerFormat.PLAIN;
    }

    @Override
    Ownership ownership() {
      return MAPPED;
    }

    @Override
    void requireHost(Path directory) {
      HostTools.requireRoot();
    }
  }

  @Nested
  class OverlayWithMappedIds extends LayerApplierContract {
    @Override
    LayerFormat format() {
      return LayerFormat.OVERLAY;
    }

    @Override
    Ownership ownership() {
      return MAPPED;
    }

    @Override
    void requireHost(Path directory) {
      HostTools.requireRoot();
    }
  }

  @Nested
  class CopyAsRoot extends LayerApplierContract {
    @Override
    LayerFormat format() {
      return LayerFormat.COPY;
    }

    @Override
    Ownership ownership() {
      return Ownership.EXACT;
    }

    @Override
    void requireHost(Path directory) {
      HostTools.requireRoot();
    }
  }

  private static String run(Path directory, String... command) throws Exception {
    Process process =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output.strip();
  }

  private static LayerResult unpack(Path archive, Path target, LayerFormat format)
      throws IOException {
    Files.createDirectories(target);
    try (InputStream tar = Decompression.open(Files.newInputStream(archive));
        LayerApplier applier =
            LayerApplier.open(target, format, Ownership.EXACT, ArchiveLimits.DEFAULT)) {
      applier.apply(tar);
      return applier.complete(List.of());
    }
  }

  private static Stat stat(Path root, String name) {
    try (FileDescriptor open = FileCalls.openDirectory(root)) {
      return FileCalls.stat(open, name).orElseThrow();
    }
  }

  @Nested
  class BesideGnuTar {
    @TempDir Path directory;

    private static final String TREE =
        """
        set -e
        umask 022
        mkdir -p tree/dir/sub tree/setgid tree/sticky tree/closed
        cd tree
        echo plain >plain; chmod 0640 plain; chown 12:34 plain
        echo suid >suid; chown 1000:1000 suid; chmod 6755 suid
        touch empty none; chmod 0000 none
        ln plain hard; ln plain dir/hard
        ln -s ../../etc/passwd dir/link; ln -s /nowhere absolute; chown -h 5:6 dir/link
        ln dir/link dir/hardlink-to-link
        mknod dir/null c 1 3; mknod dir/block b 8 17; chown 7:8 dir/null
        mkfifo -m 0600 dir/fifo
        chown 10:20 setgid; chmod 2775 setgid; echo x >setgid/file; mkdir setgid/sub
        chown 1:20 setgid/file; chown 0:0 setgid/sub; chmod 0755 setgid/sub
        chmod 1777 sticky; chmod 0111 closed; echo y >closed/file
        setfattr -n user.comment -v hello plain
        setfattr -n user.raw -v 0x00ff0a3d dir
        setfattr -n trusted.note -v kept dir/sub
        setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 suid
        truncate -s 3000000 sparse; printf data | dd of=sparse bs=1 seek=1000000 conv=notrunc status=none
        truncate -s 50000 holes
        for i in $(seq 60); do printf $i | dd of=many bs=1 seek=${i}0000 conv=notrunc status=none; done
        long=$(printf 'n%.0s' $(seq 200)); mkdir -p $long/$long; echo deep >$long/$long/$long
        ln -s $long/$long/$long to-deep
        printf bad >"$(printf 'latin\\351')"; printf x >"$(printf 'new\\nline')"; echo '*' >'*'
        head -c 5000000 /dev/urandom >big
        touch -d '2001-02-03 04:05:06.789012345' plain dir/sub
        touch -h -d '1999-12-31 23:59:59.5' absolute
        touch -d '1969-12-31 23:00:00.25' empty
        touch -d '2003-03-03 03:03:03' dir closed setgid .
        """;

    @BeforeEach
    void host() throws Exception {
      HostTools.requireRoot();
      HostTools.requireProgram("tar", "tar");
      HostTools.requireProgram("setfattr", "attr");
      Files.writeString(directory.resolve("make"), TREE);
      run(directory, "bash", "make");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "--format=pax",
          "--format=pax --sparse",
          "--format=pax --sparse --sparse-version=0.0",
          "--format=pax --sparse --sparse-version=0.1",
          "--format=gnu",
          "--format=gnu --sparse",
          "--format=pax --gzip",
          "--format=pax --zstd"
        })
    void unpackedTreeIsTheSame(String options) throws Exception {
      String attributes = options.contains("pax") ? " --xattrs --xattrs-include=*" : "";
      String archive = directory.resolve("archive").toString();
      run(
          directory,
          "bash",
          "-fc",
          "tar -C tree --numeric-owner " + options + attributes + " -cf " + archive + " .");
      Path expected = Files.createDirectory(directory.resolve("expected"));
      run(directory, "bash", "-fc", "tar -C expected --numeric-owner -xpf " + archive + attributes);
      for (LayerFormat format : List.of(LayerFormat.OVERLAY, LayerFormat.PLAIN)) {
        Path actual = directory.resolve(format.name());
        LayerResult result = unpack(Path.of(archive), actual, format);
        assertThat(result.skipped()).isEmpty();
        Map<String, String> lines = FileTree.of(actual);
        assertThat(FileTree.difference(lines, FileTree.of(expected))).isEmpty();
        if (options.contains("pax")) {
          Map<String, String> original = FileTree.of(directory.resolve("tree"));
          assertThat(FileTree.difference(lines, original)).isEmpty();
        }
        if (options.contains("sparse")) {
          String blocks = run(actual, "stat", "-c", "%b", "sparse");
          assertThat(Integer.parseInt(blocks)).isLessThan(100);
        }
      }
    }
  }

  @Nested
  class BesideUmoci {
    @TempDir Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"odd", "busybox", "busybox-plain"})
    void unpackedImageIsTheSame(String image) throws Exception {
      HostTools.requireRoot();
      HostTools.requireProgram("umoci", "umoci");
      Path script = Path.of("src/test/images/build").toAbsolutePath();
      HostTools.require(Files.exists(script), "the test images are missing: " + script);
      String[] output = run(directory, "bash", script.toString()).split("\n");
      Path layout = Path.of(output[output.length - 1]).resolve("layout");
      run(directory, "umoci", "unpack", "--image", layout + ":" + image, "umoci");
      Path actual = Files.createDirectory(directory.resolve("actual"));
      for (String layer : layers(layout, image)) {
        unpack(layout.resolve("blobs/sha256").resolve(layer), actual, LayerFormat.PLAIN);
      }
      Map<String, String> expected = FileTree.of(directory.resolve("umoci/rootfs"));
      Map<String, String> unpacked = FileTree.of(actual);
      // umoci has ideas of its own on the times of directories that something was implied in, and
      // of
      // a root without an entry.
      for (String name : List.of("/", "/implied", "/implied/by")) {
        expected.remove(name);
        unpacked.remove(name);
      }
      assertThat(FileTree.difference(unpacked, expected)).isEmpty();
    }

    private List<String> layers(Path layout, String image) throws Exception {
      String digests =
          run(
              directory,
              "bash",
              "-c",
              "skopeo inspect --raw oci:"
                  + layout
                  + ":"
                  + image
                  + " | python3 -c 'import json,sys;"
                  + "[print(l[\"digest\"][7:]) for l in json.load(sys.stdin)[\"layers\"]]'");
      return digests.lines().toList();
    }
  }

  @Nested
  class Metadata {
    @TempDir Path directory;

    @BeforeEach
    void host() {
      HostTools.requireRoot();
    }

    private LayerResult apply(Path target, LayerFormat format, TarBytes layer, Path... lower)
        throws IOException {
      Files.createDirectories(target);
      try (LayerApplier applier =
          LayerApplier.open(target, format, Ownership.EXACT, ArchiveLimits.DEFAULT)) {
        applier.apply(layer.stream());
        return applier.complete(List.of(lower));
      }
    }

    private static TarBytes richDirectory() {
      return new TarBytes()
          .directory("d", 0750)
          .pax("SCHILY.xattr.user.kept", "v", "mtime", "1000000000.5")
          .add(header('5', "d/e").mode(02770).owner(11, 22))
          .pax("SCHILY.xattr.user.file", "f")
          .add(header('0', "d/e/f").mode(04711).owner(33, 44), ascii("content"));
    }

    @Test
    void parentsWithoutEntryLookAsBelow() throws IOException {
      Path lower = directory.resolve("lower");
      Path layer = directory.resolve("layer");
      apply(
          lower,
          LayerFormat.OVERLAY,
          new TarBytes()
              .add(header('5', "./").mode(0711).owner(1, 2).modified(1_100_000_000))
              .raw(richDirectory().open()));
      LayerResult result =
          apply(layer, LayerFormat.OVERLAY, new TarBytes().file("d/e/new", "x"), lower);
      assertThat(result.impliedDirectories()).containsExactly("", "d", "d/e");
      Map<String, String> below = FileTree.of(lower);
      Map<String, String> here = FileTree.of(layer);
      for (String path : List.of("/", "/d", "/d/e")) {
        assertThat(here.get(path)).isEqualTo(below.get(path));
      }
    }

    @Test
    void parentsWithoutEntryBehindALinkOfTheLayerLookAsBelow() throws IOException {
      Path lower = directory.resolve("lower");
      Path layer = directory.resolve("layer");
      apply(lower, LayerFormat.OVERLAY, richDirectory());
      TarBytes linked = new TarBytes().symlink("s", "d").file("s/e/new", "x");
      LayerResult result = apply(layer, LayerFormat.OVERLAY, linked, lower);
      assertThat(result.impliedDirectories()).containsExactly("", "d", "d/e");
      assertThat(FileTree.of(layer).get("/d/e")).isEqualTo(FileTree.of(lower).get("/d/e"));
    }

    @Test
    void parentsWithoutEntryAnywhereBelongToRoot() throws IOException {
      Path layer = Files.createDirectory(directory.resolve("layer"));
      FileCalls.chmod(FileCalls.openDirectory(layer), 0700);
      apply(layer, LayerFormat.OVERLAY, new TarBytes().file("a/b", "x"));
      assertThat(stat(layer, ".").permissions()).isEqualTo(0755);
      assertThat(stat(layer, "a").permissions()).isEqualTo(0755);
      assertThat(stat(layer, "a").uid()).isZero();
    }

    @Test
    void parentsInAPlainTreeKeepTheirTime() throws IOException {
      Path tree = directory.resolve("tree");
      apply(tree, LayerFormat.PLAIN, richDirectory());
      Map<String, String> before = FileTree.of(tree);
      apply(tree, LayerFormat.PLAIN, new TarBytes().file("d/e/new", "x").file("d/e/.wh.f", ""));
      Map<String, String> after = FileTree.of(tree);
      assertThat(after).doesNotContainKey("/d/e/f").containsKey("/d/e/new");
      assertThat(after.get("/d/e")).isEqualTo(before.get("/d/e"));
      assertThat(after.get("/d")).isEqualTo(before.get("/d"));
    }

    @Test
    void copyForAHardLinkHasEverything() throws IOException {
      Path lower = directory.resolve("lower");
      Path layer = directory.resolve("layer");
      apply(lower, LayerFormat.OVERLAY, richDirectory());
      apply(layer, LayerFormat.OVERLAY, new TarBytes().hardLink("h", "d/e/f"), lower);
      Map<String, String> here = FileTree.of(layer);
      assertThat(here.get("/d/e/f")).isEqualTo(FileTree.of(lower).get("/d/e/f"));
      assertThat(here.get("/h")).isEqualTo(here.get("/d/e/f"));
      assertThat(here.get("/d/e")).isEqualTo(FileTree.of(lower).get("/d/e"));
    }

    private static TarBytes closedDirectories() {
      return new TarBytes().directory("d", 0700).directory("d/e", 0710).file("d/e/old", "");
    }

    /** The modes of {@code d} and {@code d/e} after a layer over closed directories. */
    private List<Integer> modes(LayerFormat format, String name, TarBytes layer)
        throws IOException {
      Path lower = directory.resolve(format + name);
      Path upper = format.isSeparate() ? directory.resolve(format + name + "-upper") : lower;
      apply(lower, format, closedDirectories());
      apply(upper, format, layer, lower);
      return List.of(stat(upper, "d").permissions(), stat(upper, "d/e").permissions());
    }

    @ParameterizedTest
    @EnumSource(names = {"PLAIN", "OVERLAY", "COPY"})
    void directoriesThatAMarkHidesGiveNothingToThoseWithoutEntry(LayerFormat format)
        throws IOException {
      byte[] content = new TarBytes().file("d/e/new", "").open();
      for (boolean first : new boolean[] {true, false}) {
        byte[] before = first ? content : new byte[0];
        byte[] after = first ? new byte[0] : content;
        TarBytes whiteout = new TarBytes().raw(before).file(".wh.d", "").raw(after);
        assertThat(modes(format, first + "-whiteout", whiteout)).containsExactly(0755, 0755);
        TarBytes opaque = new TarBytes().raw(before).file("d/.wh..wh..opq", "").raw(after);
        assertThat(modes(format, first + "-opaque", opaque)).containsExactly(0700, 0755);
      }
    }

    @ParameterizedTest
    @EnumSource(names = {"PLAIN", "OVERLAY", "COPY"})
    void directoryThatBecomesALinkGivesNothingToWhereThatLeads(LayerFormat format)
        throws IOException {
      Path lower = directory.resolve("lower");
      Path upper = format.isSeparate() ? directory.resolve("upper") : lower;
      apply(lower, format, new TarBytes().directory("a", 0700).directory("b", 0711));
      apply(upper, format, new TarBytes().file("a/x", "").symlink("a", "b").file("b/y", ""), lower);
      assertThat(stat(upper, "b").permissions()).isEqualTo(0711);
    }

    @ParameterizedTest
    @EnumSource(names = {"PLAIN", "OVERLAY", "COPY"})
    void directoryOverALowerLinkGetsNothingOfWhereThatLeads(LayerFormat format) throws IOException {
      Path lower = directory.resolve("lower");
      Path upper = format.isSeparate() ? directory.resolve("upper") : lower;
      apply(lower, format, new TarBytes().directory("d/e", 0700).symlink("s", "d"));
      apply(upper, format, new TarBytes().directory("s").file("s/e/n", ""), lower);
      assertThat(stat(upper, "s/e").permissions()).isEqualTo(0755);
    }

    /** The kernel would list them. */
    @ParameterizedTest
    @EnumSource(names = {"OVERLAY", "COPY"})
    void marksBehindALowerLinkStayNowhere(LayerFormat format) throws IOException {
      Path lower = directory.resolve("lower");
      apply(lower, format, new TarBytes().file("d/x", "").file("d/e/x", "").symlink("s", "d"));
      TarBytes marks = new TarBytes().file("s/.wh.x", "").file("s/e/.wh.x", "");
      Path alone = directory.resolve("alone");
      apply(alone, format, marks, lower);
      assertThat(alone).isEmptyDirectory();
      Path beside = directory.resolve("beside");
      apply(beside, format, new TarBytes().directory("s").raw(marks.open()), lower);
      assertThat(beside.resolve("s")).isEmptyDirectory();
    }

    @ParameterizedTest
    @EnumSource(names = {"PLAIN", "OVERLAY"})
    void directoryThatComesAgainGetsNewMetadata(LayerFormat format) throws IOException {
      Path tree = directory.resolve("tree");
      apply(
          tree,
          format,
          new TarBytes()
              .pax("SCHILY.xattr.user.old", "v")
              .add(header('5', "d").mode(0700).owner(1, 1))
              .pax("SCHILY.xattr.user.new", "w")
              .add(header('5', "d").mode(03775).owner(2, 3).modified(1_000_000_000))
              .file("d/x", ""));
      assertThat(FileTree.of(tree).get("/d")).isEqualTo("43775 2:3 1000000000.0 0:0 user.new=77");
      assertThat(stat(tree, "d/x").gid()).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void modesAreExactWhateverTheUmask(boolean clear) throws Exception {
      Path tree = directory.resolve("tree");
      TarBytes layer =
          new TarBytes()
              .directory("d", 0777)
              .add(header('0', "d/f").mode(0666))
              .add(header('6', "d/p").mode(0622))
              .add(header('5', "g").mode(02777))
              .add(header('5', "g/sub").mode(0777))
              .add(header('0', "g/f").mode(06777).owner(4, 5))
              .file("g/implied/x", "");
      Throwable[] failure = {null};
      Thread thread =
          new Thread(
              () -> {
                try {
                  if (clear) {
                    FileCalls.clearThreadUmask();
                  }
                  apply(tree, LayerFormat.OVERLAY, layer);
                } catch (Throwable e) {
                  failure[0] = e;
                }
              });
      thread.start();
      thread.join();
      assertThat(failure[0]).isNull();
      assertThat(stat(tree, "d").permissions()).isEqualTo(0777);
      assertThat(stat(tree, "d/f").permissions()).isEqualTo(0666);
      assertThat(stat(tree, "d/p").permissions()).isEqualTo(0622);
      assertThat(stat(tree, "g").permissions()).isEqualTo(02777);
      assertThat(stat(tree, "g/sub").permissions()).isEqualTo(0777);
      assertThat(stat(tree, "g/f").permissions()).isEqualTo(06777);
      assertThat(stat(tree, "g/implied").permissions()).isEqualTo(0755);
    }

    @Test
    void ownerInASetGroupIdDirectoryIsExact() throws IOException {
      Path tree = directory.resolve("tree");
      apply(
          tree,
          LayerFormat.OVERLAY,
          new TarBytes()
              .add(header('5', "g").mode(02775).owner(0, 50))
              .file("g/f", "x")
              .directory("g/d")
              .symlink("g/s", "x")
              .add(header('0', "g/fifty").owner(0, 50)));
      assertThat(stat(tree, "g/f").gid()).isZero();
      assertThat(stat(tree, "g/d").gid()).isZero();
      assertThat(stat(tree, "g/d").permissions()).isEqualTo(0755);
      assertThat(stat(tree, "g/s").gid()).isZero();
      assertThat(stat(tree, "g/fifty").gid()).isEqualTo(50);
    }

    @Test
    void hugeIdsAndTimesAreKept() throws IOException {
      Path tree = directory.resolve("tree");
      apply(
          tree,
          LayerFormat.OVERLAY,
          new TarBytes()
              .pax("uid", "4294967294", "gid", "4294967294", "mtime", "-1.5")
              .file("a", "x")
              .pax("mtime", "9223372036854775807")
              .file("b", "x"));
      assertThat(stat(tree, "a").uid()).isEqualTo((int) 4294967294L);
      assertThat(stat(tree, "a").modifiedSeconds()).isEqualTo(-2);
      assertThat(stat(tree, "a").modifiedNanos()).isEqualTo(500_000_000);
      assertThat(stat(tree, "b").modifiedSeconds()).isGreaterThan(4_000_000_000L);
    }

    @Test
    void whiteoutsThatHideNothingLeaveNoNode() throws IOException {
      Path lower = directory.resolve("lower");
      Path layer = directory.resolve("layer");
      apply(lower, LayerFormat.OVERLAY, new TarBytes().file("d/x", "x").file("o/x", "x"));
      apply(
          layer,
          LayerFormat.OVERLAY,
          new TarBytes()
              .file("d/.wh.x", "")
              .file("d/.wh.no", "")
              .file("o/.wh.x", "")
              .file("o/sub/.wh.y", "")
              .file("o/.wh..wh..opq", ""),
          lower);
      assertThat(FileTree.of(layer)).containsOnlyKeys("/", "/d", "/d/x", "/o");
      assertThat(stat(layer, "d/x").type()).isEqualTo(Stat.CHARACTER_DEVICE);
    }

    private void apply(Path target, Ownership ownership, TarBytes layer) throws IOException {
      Files.createDirectories(target);
      try (LayerApplier applier =
          LayerApplier.open(target, LayerFormat.PLAIN, ownership, ArchiveLimits.DEFAULT)) {
        applier.apply(layer.stream());
        applier.complete(List.of());
      }
    }

    @Test
    void idsAreMappedThereAndBack() throws IOException {
      Path tree = directory.resolve("tree");
      Files.createDirectories(tree);
      FileCalls.chown(FileCalls.openDirectory(tree), 100_000, 200_000);
      apply(tree, MAPPED, new TarBytes().raw(richDirectory().open()).file("implied/x", ""));
      assertThat(FileTree.of(tree).get("/d/e")).startsWith("42770 100011:200022 ");
      assertThat(FileTree.of(tree).get("/d/e/f")).startsWith("104711 100033:200044 ");
      assertThat(FileTree.of(tree).get("/implied")).startsWith("40755 100000:200000 ");
      Path again = Files.createDirectory(directory.resolve("again"));
      ByteArrayOutputStream tar = new ByteArrayOutputStream();
      LayerDiff.ofTree(tree).ownership(MAPPED).writeTo(tar);
      apply(again, Ownership.EXACT, new TarBytes().raw(tar.toByteArray()));
      assertThat(FileTree.of(again).get("/d/e/f")).startsWith("104711 33:44 ");
      assertThat(FileTree.of(again).get("/")).startsWith("40755 0:0 ");
    }

    /** A capability without an owner would be one of the host's root. */
    @Test
    void idsInAttributesAreMappedThereAndBack() throws IOException {
      String rights = "00040000" + "00".repeat(12);
      String owner = "02000000" + "01000600ffffffff" + "02000400";
      String rest = "04000400ffffffff" + "10000400ffffffff" + "20000400ffffffff";
      Map<String, byte[]> attributes =
          Map.of(
              "SCHILY.xattr.security.capability",
              HexFormat.of().parseHex("01000002" + rights),
              "SCHILY.xattr.system.posix_acl_access",
              HexFormat.of().parseHex(owner + "07000000" + rest));
      Path tree = directory.resolve("tree");
      TarBytes layer =
          new TarBytes()
              .add(header('5', "./").mode(0755))
              .pax(attributes)
              .add(header('0', "f").mode(0644), ascii("x"));
      apply(tree, MAPPED, layer);
      assertThat(FileTree.of(tree).get("/f"))
          .contains(" security.capability=01000003" + rights + "a0860100")
          .contains(" system.posix_acl_access=" + owner + "a7860100" + rest);
      Path again = Files.createDirectory(directory.resolve("again"));
      ByteArrayOutputStream tar = new ByteArrayOutputStream();
      LayerDiff.ofTree(tree).ownership(MAPPED).writeTo(tar);
      apply(again, Ownership.EXACT, new TarBytes().raw(tar.toByteArray()));
      assertThat(FileTree.of(again).get("/f"))
          .contains(" security.capability=01000002" + rights + " ")
          .contains(" system.posix_acl_access=" + owner + "07000000" + rest);
    }

    @Test
    void idsOutsideTheMappingAreRefused() throws IOException {
      Path tree = Files.createDirectory(directory.resolve("tree"));
      assertThatThrownBy(
              () -> apply(tree, MAPPED, new TarBytes().add(header('0', "a").owner(65_536, 0))))
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
          .hasMessageContaining("'a' belongs to 65536:0");
      assertThatThrownBy(
              () -> LayerDiff.ofTree(tree).ownership(MAPPED).writeTo(new ByteArrayOutputStream()))
          .hasMessageContaining("0:0 of this host");
    }

    @Test
    void ownersThatCannotBeGivenAreRecordedAndReadBack() throws IOException {
      Path tree = directory.resolve("tree");
      TarBytes layer =
          new TarBytes()
              .raw(richDirectory().open())
              .pax("SCHILY.xattr.user.containers.override_stat", "7:7:0777")
              .file("forged", "")
              .add(header('5', "again").owner(5, 5))
              .add(header('5', "again").owner(0, 0));
      apply(tree, Ownership.RECORD, layer);
      Map<String, String> lines = FileTree.of(tree);
      String record = " user.containers.override_stat=";
      assertThat(lines.get("/d/e")).contains(" 0:0 ", record + hex("11:22:02770"));
      assertThat(lines.get("/d/e/f")).contains(" 0:0 ", record + hex("33:44:04711"));
      assertThat(lines.get("/forged")).doesNotContain("override_stat");
      assertThat(lines.get("/again")).doesNotContain("override_stat");
      ByteArrayOutputStream tar = new ByteArrayOutputStream();
      LayerDiff.ofTree(tree).ownership(Ownership.RECORD).writeTo(tar);
      assertThat(tar.toString(UTF_8)).doesNotContain("override_stat");
      Path again = Files.createDirectory(directory.resolve("again"));
      apply(again, Ownership.EXACT, new TarBytes().raw(tar.toByteArray()));
      assertThat(FileTree.of(again).get("/d/e")).startsWith("42770 11:22 ");
      assertThat(FileTree.of(again).get("/d/e/f")).startsWith("104711 33:44 ");
    }

    private static String hex(String text) {
      return HexFormat.of().formatHex(ascii(text));
    }

    @Test
    void marksOfLayersToBeCopiedCannotBeForged() throws IOException {
      Path lower = directory.resolve("lower");
      apply(lower, LayerFormat.COPY, new TarBytes().file("d/x", "x").file("y", "y"));
      Path layer = directory.resolve("layer");
      LayerResult result =
          apply(
              layer,
              LayerFormat.COPY,
              new TarBytes().symlink("y", ".wh..wh..gone").symlink("z", "x/.wh..wh..gone"),
              lower);
      assertThat(result.skipped())
          .containsExactly(
              new SkippedEntry(
                  "y", "symbolic link to .wh..wh..gone: it is the mark of a whiteout"));
      assertThat(LayerTree.of(LayerFormat.COPY, List.of(lower, layer)))
          .containsExactly("d d", "f d/x=x", "f y=y", "l z->x/.wh..wh..gone");
      for (String mark : List.of("d/.wh..wh..opq", "/.wh..wh..gone", "/.wh.x/y")) {
        Path forged = directory.resolve("forged" + mark.length());
        TarBytes archive = new TarBytes().symlink("l", mark).file("l/f", "");
        assertThatThrownBy(() -> apply(forged, LayerFormat.COPY, archive, lower))
            .isInstanceOfSatisfying(
                RuncibleException.class,
                e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT))
            .hasMessageContaining("the name of a whiteout");
      }
    }

    @ParameterizedTest
    @EnumSource(LayerFormat.class)
    void marksOfAnOverlayInsideAreLeftOutAndReported(LayerFormat format) throws IOException {
      Path lower = directory.resolve("lower");
      Path layer = format == LayerFormat.PLAIN ? lower : directory.resolve("layer");
      apply(lower, format, new TarBytes().file("d/e/x", "x"));
      TarBytes tar =
          new TarBytes()
              .pax("SCHILY.xattr.trusted.overlay.opaque", "y", "SCHILY.xattr.user.kept", "v")
              .directory("d/e")
              .pax("SCHILY.xattr.user.overlay.overlay.whiteout", "")
              .file("f", "")
              .file("d/e/.wh..wh..opq", "");
      String why = ": an overlay would take it for a mark of its own";
      assertThat(apply(layer, format, tar, lower).skipped())
          .containsExactly(
              new SkippedEntry("d/e", "extended attribute trusted.overlay.opaque" + why),
              new SkippedEntry("f", "extended attribute user.overlay.overlay.whiteout" + why));
      if (format != LayerFormat.PLAIN) {
        // The layer's own marks below one are nothing that is left out.
        Path top = directory.resolve("top");
        TarBytes implied = new TarBytes().file("d/e/g", "");
        assertThat(apply(top, format, implied, layer, lower).skipped()).isEmpty();
        assertThat(FileTree.of(top).get("/d/e")).contains("user.kept").doesNotContain("overlay");
      }
    }

    @Test
    void canaryOfHostileLayersTellsWhatAnEscapeChanges() throws IOException {
      Path canary = Files.writeString(directory.resolve("canary"), "alive");
      Map<String, String> before = HostileLayerCheck.canary(directory);
      assertThat(HostileLayerCheck.canary(directory)).isEqualTo(before);
      try (FileDescriptor open = FileCalls.openDirectory(directory)) {
        Stat stat = FileCalls.stat(open, "canary").orElseThrow();
        // What a utimensat and a setxattr do that follow a link.
        FileCalls.setTimes(open, "canary", stat.modifiedSeconds() - 1, stat.modifiedNanos());
        assertThat(HostileLayerCheck.canary(directory)).isNotEqualTo(before);
        before = HostileLayerCheck.canary(directory);
        AttributeCalls.set(open, "canary", "user.evil", new byte[] {'x'});
      }
      assertThat(HostileLayerCheck.canary(directory).get("/canary"))
          .contains("user.evil")
          .isNotEqualTo(before.get("/canary"));
      assertThat(canary).hasContent("alive");
    }

    @Test
    void opaqueRootIsReported() throws IOException {
      Path layer = directory.resolve("layer");
      LayerResult result =
          apply(layer, LayerFormat.OVERLAY, new TarBytes().file(".wh..wh..opq", ""));
      assertThat(result.opaqueRoot()).isTrue();
    }
  }
}
