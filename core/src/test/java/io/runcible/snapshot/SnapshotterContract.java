package io.runcible.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.ArchiveLimits;
import io.runcible.archive.Compression;
import io.runcible.archive.FileChange;
import io.runcible.archive.LayerApplier;
import io.runcible.archive.LayerDiff;
import io.runcible.archive.LayerFormat;
import io.runcible.archive.Ownership;
import io.runcible.archive.TarBytes;
import io.runcible.ffi.AttributeCalls;
import io.runcible.ffi.FileCalls;
import io.runcible.ffi.FileDescriptor;
import io.runcible.ffi.PrivilegedHost;
import io.runcible.ffi.Stat;
import io.runcible.image.ChainId;
import io.runcible.store.LocalStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What every snapshotter does. */
public interface SnapshotterContract {
  /** The directories of a test. */
  Path root();

  /** Where mounts are made. */
  PrivilegedHost host();

  /** A snapshotter on a store. */
  Snapshotter snapshotter(LocalStore store);

  /** Writes the files of a layer, or looks at those of a mounted file system. */
  interface FileWork {
    void work(Path directory) throws IOException;
  }

  private LocalStore store() {
    return LocalStore.open(root().resolve("store"));
  }

  private Snapshotter snapshotter() {
    return snapshotter(store());
  }

  private static Digest id(String name) {
    return Digest.sha256(name.getBytes(StandardCharsets.UTF_8));
  }

  private static Digest layer(Snapshotter snapshotter, String name, FileWork files)
      throws IOException {
    try (Snapshotter.Staging staging = snapshotter.stage(id(name))) {
      files.work(staging.directory());
      staging.commit();
    }
    return id(name);
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private void whiteout(Path file) throws IOException {
    Files.createDirectories(file.getParent());
    try (FileDescriptor parent = FileCalls.openDirectory(file.getParent())) {
      FileCalls.makeNode(parent, file.getFileName().toString(), 0020000, 0, 0);
    }
  }

  private void opaque(Path directory) throws IOException {
    Files.createDirectories(directory);
    String attribute = host().rootless() ? "user.overlay.opaque" : "trusted.overlay.opaque";
    try (FileDescriptor opened = FileCalls.openDirectory(directory)) {
      AttributeCalls.set(opened, attribute, new byte[] {'y'});
    }
  }

  private Path place() throws IOException {
    return Files.createDirectories(root().resolve("places/" + UUID.randomUUID()));
  }

  private void mounted(Rootfs rootfs, Path place, FileWork look) throws IOException {
    Path target = Files.createDirectory(place.resolve("target"));
    try {
      rootfs.mount(target);
      look.work(host().visible(target));
    } finally {
      host().unmount(target);
    }
  }

  private void seen(Snapshotter snapshotter, List<Digest> chain, FileWork look) throws IOException {
    Path place = place();
    mounted(snapshotter.prepare(chain, place, Changes.THROW_AWAY), place, look);
    place = place();
    mounted(snapshotter.view(chain, place), place, look);
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private List<String> snapshots() throws IOException {
    return names(root().resolve("store/snapshots"));
  }

  @Test
  default void layerAppearsAtItsCommitAndNotBefore() throws IOException {
    Snapshotter snapshotter = snapshotter();
    try (Snapshotter.Staging staging = snapshotter.stage(id("a"))) {
      assertThat(staging.isPresent()).isFalse();
      assertThat(staging.directory()).isEmptyDirectory();
      write(staging.directory().resolve("file"), "text");
      assertThat(snapshotter.contains(id("a"))).isFalse();
      staging.commit();
      assertThat(snapshotter.contains(id("a"))).isTrue();
    }
    assertThat(snapshotter.directory(id("a")).resolve("file")).hasContent("text");
    assertThat(snapshotter.list()).containsExactly(id("a"));
    try (Snapshotter.Staging again = snapshotter.stage(id("a"))) {
      assertThat(again.isPresent()).isTrue();
      again.commit();
    }
    assertThat(snapshotter.directory(id("a")).resolve("file")).hasContent("text");
  }

  @Test
  default void layerWithoutACommitLeavesNothing() throws IOException {
    Snapshotter snapshotter = snapshotter();
    try (Snapshotter.Staging staging = snapshotter.stage(id("a"))) {
      write(staging.directory().resolve("deep/file"), "text");
    }
    assertThat(snapshotter.contains(id("a"))).isFalse();
    assertThat(snapshots()).isEmpty();
    assertThat(names(root().resolve("store/locks"))).isSubsetOf("store", "turnstile");
  }

  @Test
  default void whatAKillLeavesIsRemovedByTheNextAndWhatLivesIsNot() throws IOException {
    Snapshotter snapshotter = snapshotter();
    Path snapshots = root().resolve("store/snapshots");
    write(snapshots.resolve(id("dead").hex() + ".new/fs/file"), "text");
    write(snapshots.resolve(id("dead").hex() + ".gone-1/fs/file"), "text");
    write(snapshots.resolve("scratch.1/fs/file"), "text");
    Files.createFile(root().resolve("store/locks/snapshot-" + id("dead").hex()));
    try (Snapshotter.Staging living = snapshotter.stage(id("living"))) {
      snapshotter();
      assertThat(snapshots()).containsExactly(id("living").hex() + ".new");
      living.commit();
    }
    assertThat(names(root().resolve("store/locks"))).isSubsetOf("store", "turnstile");
  }

  @Test
  default void layersOfBothFormsLieSideBySide() throws IOException {
    Snapshotter copying = Snapshotter.copy(store(), host());
    Snapshotter stacking = Snapshotter.overlay(store(), host());
    for (String mode : List.of("rwxr-xr-x", "r-xr-xr-x")) {
      FileWork files =
          fs -> {
            write(fs.resolve("file"), "text");
            Files.createFile(fs.resolveSibling(UnpackedLayer.OPAQUE_MARK));
            Files.setPosixFilePermissions(fs, PosixFilePermissions.fromString(mode));
          };
      Digest one = layer(copying, mode, files);
      layer(stacking, mode, files);
      assertThat(names(stacking.directory(one))).containsExactly("file");
      assertThat(names(copying.directory(one))).containsExactly("file");
      assertThat(UnpackedLayer.isOpaque(stacking.directory(one))).isTrue();
      // An ordinary user may not move one that is closed to them.
      boolean both = !host().rootless() || mode.startsWith("rw");
      assertThat(copying.directory(one)).endsWithRaw(Path.of(both ? "copy" : "fs"));
    }
  }

  @Test
  default void topmostLayerIsSeen() throws IOException {
    Snapshotter snapshotter = snapshotter();
    Digest one =
        layer(
            snapshotter,
            "one",
            fs -> {
              write(fs.resolve("a"), "low");
              write(fs.resolve("b"), "low");
              write(fs.resolve("d/e"), "low");
            });
    Digest two =
        layer(
            snapshotter,
            "two",
            fs -> {
              write(fs.resolve("a"), "high");
              write(fs.resolve("d/f"), "high");
            });
    seen(
        snapshotter,
        List.of(one, two),
        fs -> {
          assertThat(fs.resolve("a")).hasContent("high");
          assertThat(fs.resolve("b")).hasContent("low");
          assertThat(names(fs.resolve("d"))).containsExactly("e", "f");
        });
    seen(snapshotter, List.of(one), fs -> assertThat(names(fs)).containsExactly("a", "b", "d"));
  }

  @Test
  default void whiteoutsAndOpaqueDirectoriesHide() throws IOException {
    Snapshotter snapshotter = snapshotter();
    Digest one =
        layer(
            snapshotter,
            "one",
            fs -> {
              write(fs.resolve("gone"), "low");
              write(fs.resolve("gone-directory/a/b"), "low");
              write(fs.resolve("hidden/old/deep"), "low");
              write(fs.resolve("directory/x"), "low");
              write(fs.resolve("file"), "low");
            });
    Digest two =
        layer(
            snapshotter,
            "two",
            fs -> {
              whiteout(fs.resolve("gone"));
              whiteout(fs.resolve("gone-directory"));
              opaque(fs.resolve("hidden"));
              write(fs.resolve("hidden/new"), "high");
              write(fs.resolve("directory"), "a file now");
              write(fs.resolve("file/inside"), "a directory now");
            });
    seen(
        snapshotter,
        List.of(one, two),
        fs -> {
          assertThat(names(fs)).containsExactly("directory", "file", "hidden");
          assertThat(names(fs.resolve("hidden"))).containsExactly("new");
          assertThat(fs.resolve("directory")).hasContent("a file now");
          assertThat(names(fs.resolve("file"))).containsExactly("inside");
        });
  }

  @Test
  default void whatALayerDeletesIsGone() throws IOException {
    Snapshotter snapshotter = snapshotter();
    String odd = "odd\n\u00ff".repeat(15);
    Digest one =
        unpacked(
            snapshotter,
            "one",
            new TarBytes()
                .file("gone", "low")
                .file("d/gone", "low")
                .file("d/kept", "low")
                .file(odd, "low")
                .file("tree/a/b", "low")
                .file("anew/old", "low")
                .file("hidden/old", "low")
                .file("linked", "low"));
    Digest two =
        unpacked(
            snapshotter,
            "two",
            new TarBytes()
                .file(".wh.gone", "")
                .file("d/.wh.gone", "")
                .file(".wh." + odd, "")
                .file(".wh.tree", "")
                .file(".wh.anew", "")
                .file("anew/new", "high")
                .file("hidden/new", "high")
                .file("hidden/.wh..wh..opq", "")
                .hardLink("link", "linked"),
            one);
    Digest three = unpacked(snapshotter, "three", new TarBytes().file("tree/c", "top"), two, one);
    seen(
        snapshotter,
        List.of(one, two, three),
        fs -> {
          assertThat(names(fs)).containsExactly("anew", "d", "hidden", "link", "linked", "tree");
          assertThat(names(fs.resolve("d"))).containsExactly("kept");
          assertThat(names(fs.resolve("anew"))).containsExactly("new");
          assertThat(names(fs.resolve("hidden"))).containsExactly("new");
          assertThat(names(fs.resolve("tree"))).containsExactly("c");
          assertThat(fs.resolve("link")).hasContent("low");
        });
  }

  /** By the rules for layers, in the form of the snapshotter. */
  private static Digest unpacked(
      Snapshotter snapshotter, String name, TarBytes tar, Digest... topmostFirst)
      throws IOException {
    return unpacked(snapshotter, name, tar.stream(), List.of(topmostFirst));
  }

  private static Digest unpacked(
      Snapshotter snapshotter, String name, InputStream tar, List<Digest> topmostFirst)
      throws IOException {
    List<Path> lower = topmostFirst.stream().map(snapshotter::directory).toList();
    return layer(
        snapshotter,
        name,
        fs -> {
          try (LayerApplier applier =
              LayerApplier.open(
                  fs, snapshotter.format(), Ownership.IGNORE, ArchiveLimits.DEFAULT)) {
            applier.apply(tar);
            applier.complete(lower);
          }
        });
  }

  @Test
  default void layerThatHidesAllHasNothingBelow() throws IOException {
    Snapshotter snapshotter = snapshotter();
    Digest one = layer(snapshotter, "one", fs -> write(fs.resolve("a"), "low"));
    Digest two =
        layer(
            snapshotter,
            "two",
            fs -> {
              write(fs.resolve("b"), "high");
              Files.createFile(fs.resolveSibling(UnpackedLayer.OPAQUE_MARK));
            });
    seen(snapshotter, List.of(one, two), fs -> assertThat(names(fs)).containsExactly("b"));
  }

  @Test
  default void metadataIsThatOfTheLayer() throws IOException {
    Snapshotter snapshotter = snapshotter();
    FileTime time = FileTime.fromMillis(1_000_000_000_000L);
    Digest one =
        layer(
            snapshotter,
            "one",
            fs -> {
              write(fs.resolve("d/file"), "text");
              Files.createLink(fs.resolve("d/link"), fs.resolve("d/file"));
              Files.createSymbolicLink(fs.resolve("symlink"), Path.of("../x y"));
              write(fs.resolve("empty"), "");
              try (FileDescriptor d = FileCalls.openDirectory(fs.resolve("d"))) {
                AttributeCalls.set(d, "file", "user.mark", new byte[] {1, 0, 2});
              }
              Files.setPosixFilePermissions(
                  fs.resolve("d/file"), PosixFilePermissions.fromString("r--r-x--x"));
              Files.setLastModifiedTime(fs.resolve("d/file"), time);
              Files.setPosixFilePermissions(
                  fs.resolve("d"), PosixFilePermissions.fromString("rwxr-x--x"));
              Files.setLastModifiedTime(fs.resolve("d"), time);
              Files.setPosixFilePermissions(fs, PosixFilePermissions.fromString("rwxr-xr-x"));
            });
    seen(
        snapshotter,
        List.of(one),
        fs -> {
          Path file = fs.resolve("d/file");
          assertThat(file).hasContent("text");
          assertThat(Files.getPosixFilePermissions(file))
              .isEqualTo(PosixFilePermissions.fromString("r--r-x--x"));
          assertThat(Files.getLastModifiedTime(file)).isEqualTo(time);
          assertThat(Files.getLastModifiedTime(fs.resolve("d"))).isEqualTo(time);
          assertThat(Files.getPosixFilePermissions(fs.resolve("d")))
              .isEqualTo(PosixFilePermissions.fromString("rwxr-x--x"));
          assertThat(Files.getPosixFilePermissions(fs))
              .isEqualTo(PosixFilePermissions.fromString("rwxr-xr-x"));
          assertThat(Files.isSameFile(file, fs.resolve("d/link"))).isTrue();
          assertThat(Files.getAttribute(file, "unix:nlink")).isEqualTo(2);
          assertThat(Files.readSymbolicLink(fs.resolve("symlink"))).hasToString("../x y");
          assertThat(fs.resolve("empty")).isEmptyFile();
          try (FileDescriptor d = FileCalls.openDirectory(fs.resolve("d"))) {
            assertThat(AttributeCalls.get(d, "file", "user.mark"))
                .hasValueSatisfying(value -> assertThat(value).containsExactly(1, 0, 2));
          }
        });
  }

  @Test
  default void rootDirectoryIsThatOfTheTopmostLayer() throws IOException {
    Snapshotter snapshotter = snapshotter();
    FileTime time = FileTime.fromMillis(1_000_000_000_000L);
    Digest one = layer(snapshotter, "one", fs -> write(fs.resolve("a"), "low"));
    Digest two =
        layer(
            snapshotter,
            "two",
            fs -> {
              write(fs.resolve("b"), "high");
              try (FileDescriptor root = FileCalls.openDirectory(fs)) {
                if (!host().rootless()) {
                  FileCalls.chown(root, 1, 2);
                }
                AttributeCalls.set(root, ".", "user.mark", new byte[] {1, 0, 2});
                FileCalls.chmod(root, 03775);
                FileCalls.setTimes(root, time.toMillis() / 1000, 0);
              }
            });
    seen(
        snapshotter,
        List.of(one, two),
        fs -> {
          try (FileDescriptor root = FileCalls.openDirectory(fs)) {
            Stat stat = FileCalls.stat(root);
            assertThat(stat.permissions()).isEqualTo(03775);
            if (!host().rootless()) {
              assertThat(List.of(stat.uid(), stat.gid())).containsExactly(1, 2);
            }
            assertThat(AttributeCalls.get(root, ".", "user.mark"))
                .hasValueSatisfying(value -> assertThat(value).containsExactly(1, 0, 2));
            assertThat(stat.modifiedSeconds()).isEqualTo(time.toMillis() / 1000);
          }
        });
  }

  @Test
  default void changesStayInTheirPlace() throws IOException {
    Snapshotter snapshotter = snapshotter();
    Digest one = layer(snapshotter, "one", fs -> write(fs.resolve("a"), "low"));
    Path place = place();
    Rootfs rootfs = snapshotter.prepare(List.of(one), place, Changes.DURABLE);
    mounted(
        rootfs,
        place,
        fs -> {
          Files.writeString(fs.resolve("a"), "changed");
          Files.createFile(fs.resolve("new"));
        });
    assertThat(names(snapshotter.directory(one))).containsExactly("a");
    assertThat(snapshotter.directory(one).resolve("a")).hasContent("low");
    seen(snapshotter, List.of(one), fs -> assertThat(fs.resolve("a")).hasContent("low"));
    snapshotter.release(place);
  }

  /** Each kind of change once; what is made, and then removed, is none. */
  private static void change(Path fs) throws IOException {
    write(fs.resolve("new/file"), "new");
    Files.writeString(fs.resolve("text"), "other");
    Files.delete(fs.resolve("gone"));
    Files.delete(fs.resolve("tree/a/b"));
    Files.delete(fs.resolve("tree/a"));
    Files.delete(fs.resolve("tree"));
    Files.delete(fs.resolve("directory/x"));
    Files.delete(fs.resolve("directory"));
    Files.writeString(fs.resolve("directory"), "a file now");
    Files.delete(fs.resolve("file"));
    write(fs.resolve("file/inside"), "a directory now");
    Files.setPosixFilePermissions(fs.resolve("mode"), PosixFilePermissions.fromString("rwx------"));
    Files.setLastModifiedTime(fs.resolve("time"), FileTime.fromMillis(1_000_000_000_000L));
    Files.setAttribute(fs.resolve("attribute"), "user:mark", new byte[] {1});
    Files.delete(fs.resolve("symlink"));
    Files.createSymbolicLink(fs.resolve("symlink"), Path.of("elsewhere"));
    Files.createLink(fs.resolve("deep/er/link"), fs.resolve("deep/er/linked"));
    Files.createFile(fs.resolve("deep/passing"));
    Files.delete(fs.resolve("deep/passing"));
    Files.writeString(fs.resolve("quiet/ly/text"), "other");
  }

  private static void unchanged(Path fs) throws IOException {
    for (String name :
        List.of(
            "text",
            "same",
            "gone",
            "tree/a/b",
            "directory/x",
            "file",
            "mode",
            "time",
            "attribute",
            "deep/er/linked",
            "deep/other/kept",
            "passed/kept",
            "quiet/ly/text")) {
      write(fs.resolve(name), "low");
    }
    Files.createLink(fs.resolve("deep/other/again"), fs.resolve("deep/other/kept"));
    Files.createSymbolicLink(fs.resolve("symlink"), Path.of("somewhere"));
  }

  @Test
  default void changesAreToldAndMakeALayerThatShowsThem() throws IOException {
    Snapshotter snapshotter = snapshotter();
    Digest one = layer(snapshotter, "one", SnapshotterContract::unchanged);
    Digest two =
        layer(
            snapshotter,
            "two",
            fs -> {
              write(fs.resolve("same"), "high");
              write(fs.resolve("deep/other/more"), "high");
              whiteout(fs.resolve("never"));
            });
    List<Digest> chain = List.of(one, two);
    Path place = place();
    Path file = root().resolve("layer");
    List<String> shown = new ArrayList<>();
    mounted(
        snapshotter.prepare(chain, place, Changes.DURABLE),
        place,
        fs -> {
          change(fs);
          // Passed through, as the engine does to make places for mounts.
          Files.setLastModifiedTime(fs.resolve("passed"), FileTime.fromMillis(0));
          shown.addAll(contents(fs));
          told(
              snapshotter,
              chain,
              place,
              (diff, changes) -> {
                assertThat(changes)
                    .extracting(FileChange::toString)
                    .containsExactly(
                        "C /attribute",
                        "C /deep",
                        "C /deep/er",
                        "A /deep/er/link",
                        "C /deep/er/linked",
                        "C /directory",
                        "C /file",
                        "A /file/inside",
                        "D /gone",
                        "C /mode",
                        "A /new",
                        "A /new/file",
                        "C /quiet",
                        "C /quiet/ly",
                        "C /quiet/ly/text",
                        "C /symlink",
                        "C /text",
                        "C /time",
                        "D /tree");
                diff.compression(Compression.NONE, 0).writeTo(file);
              });
        });
    Digest three = unpacked(snapshotter, "three", Files.newInputStream(file), List.of(two, one));
    seen(
        snapshotter,
        List.of(one, two, three),
        fs -> assertThat(contents(fs)).containsExactlyElementsOf(shown));
  }

  /** What looks at the changes of a container. */
  interface DiffWork {
    void work(LayerDiff diff, List<FileChange> changes) throws IOException;
  }

  /** As an engine does it. */
  private void told(Snapshotter snapshotter, List<Digest> chain, Path place, DiffWork work)
      throws IOException {
    Optional<Path> upper = snapshotter.changes(place);
    if (upper.isPresent()) {
      LayerDiff diff = LayerDiff.ofOverlay(upper.get(), snapshotter.format());
      work.work(diff, diff.changes(snapshotter.visible(chain)));
      return;
    }
    Path beside = place();
    Path copy = host().visible(place.resolve("target"));
    mounted(
        snapshotter.view(chain, beside),
        beside,
        original -> {
          LayerDiff diff = LayerDiff.ofCopy(original, copy);
          work.work(diff, diff.changes());
        });
  }

  /** Names, modes, what is in files and links, how many names a file has. */
  private static List<String> contents(Path fs) throws IOException {
    List<String> contents = new ArrayList<>();
    try (Stream<Path> paths = Files.walk(fs)) {
      for (Path path : paths.filter(found -> !found.equals(fs)).sorted().toList()) {
        boolean link = Files.isSymbolicLink(path);
        contents.add(
            fs.relativize(path)
                + " "
                + Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS)
                + (link ? " " + Files.readSymbolicLink(path) : "")
                + (Files.isRegularFile(path) && !link
                    ? " " + Files.readString(path) + " " + Files.getAttribute(path, "unix:nlink")
                    : ""));
      }
    }
    return contents;
  }

  @Test
  default void nothingChangedIsNoChange() throws IOException {
    Snapshotter snapshotter = snapshotter();
    Digest one = layer(snapshotter, "one", SnapshotterContract::unchanged);
    Path place = place();
    mounted(
        snapshotter.prepare(List.of(one), place, Changes.DURABLE),
        place,
        fs ->
            told(
                snapshotter,
                List.of(one),
                place,
                (diff, changes) -> {
                  assertThat(changes).isEmpty();
                  ByteArrayOutputStream tar = new ByteArrayOutputStream();
                  diff.writeTo(tar);
                  assertThat(tar.toByteArray()).containsOnly(0);
                }));
  }

  @Test
  default void mountsAsDataShowTheSame() throws Exception {
    Snapshotter snapshotter = snapshotter();
    Digest one = layer(snapshotter, "one, a:b", fs -> write(fs.resolve("a"), "low"));
    Digest two =
        layer(
            snapshotter,
            "two",
            fs -> {
              whiteout(fs.resolve("a"));
              write(fs.resolve("b"), "high");
              Files.setPosixFilePermissions(fs, PosixFilePermissions.fromString("r-xr-xr-x"));
            });
    Path place = place();
    byMounts(
        snapshotter.prepare(List.of(one, two), place, Changes.THROW_AWAY),
        place,
        fs -> {
          assertThat(names(fs)).containsExactly("b");
          Files.writeString(fs.resolve("b"), "changed");
          assertThat(snapshotter.usage(place).bytes()).isEqualTo("changed".length());
        });
    Path viewed = place();
    byMounts(
        snapshotter.view(List.of(one, two), viewed),
        viewed,
        fs -> {
          assertThat(fs.resolve("b")).hasContent("high");
          assertThatThrownBy(() -> Files.writeString(fs.resolve("b"), "x"))
              .isInstanceOf(IOException.class)
              .hasMessageContaining("Read-only");
        });
  }

  /** By a program that knows nothing of this library. */
  private void byMounts(Rootfs rootfs, Path place, FileWork look) throws Exception {
    Path target = Files.createDirectory(place.resolve("target"));
    for (SnapshotMount mount : rootfs.mounts()) {
      assertThat(rootfs.mounts()).containsExactly(mount);
      List<String> command =
          List.of(
              "mount",
              "-t",
              mount.type(),
              "-o",
              String.join(",", mount.options()),
              mount.source(),
              target.toString());
      Process process =
          new ProcessBuilder(host().command(command)).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as("%s: %s", command, said).isZero();
    }
    try {
      look.work(host().visible(target));
    } finally {
      host().unmount(target);
    }
  }

  @Test
  default void mountsAreTheSameForAllWhoAskAtOnce() throws IOException {
    Snapshotter snapshotter = snapshotter();
    Digest one = layer(snapshotter, "one", fs -> write(fs.resolve("a"), "x"));
    Path place = place();
    Rootfs rootfs = snapshotter.prepare(List.of(one), place, Changes.THROW_AWAY);
    List<CompletableFuture<List<SnapshotMount>>> asked = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      asked.add(CompletableFuture.supplyAsync(rootfs::mounts, work -> new Thread(work).start()));
    }
    assertThat(asked).extracting(CompletableFuture::join).containsOnly(rootfs.mounts());
    assertThat(names(place)).noneMatch(name -> name.contains("."));
    Path copy = place.resolve(LayerDirectories.COPY);
    if (snapshotter.format() == LayerFormat.COPY) {
      assertThat(copy.resolve("fs/a")).hasContent("x");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(copy)))
          .isEqualTo("rwx------");
    }
  }

  @Test
  default void noLayersAreAnEmptyRoot() throws IOException {
    Snapshotter snapshotter = snapshotter();
    seen(snapshotter, List.of(), fs -> assertThat(fs).isEmptyDirectory());
  }

  @Test
  default void hundredsOfLayersAreSeen() throws IOException {
    Snapshotter snapshotter = snapshotter();
    List<Digest> diffIds = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      diffIds.add(id("diff" + i));
    }
    List<Digest> chain = ChainId.of(diffIds);
    for (int i = 0; i < chain.size(); i++) {
      String text = String.valueOf(i);
      try (Snapshotter.Staging staging = snapshotter.stage(chain.get(i))) {
        write(staging.directory().resolve("last"), text);
        write(staging.directory().resolve("d/" + text), text);
        staging.commit();
      }
    }
    seen(
        snapshotter,
        chain,
        fs -> {
          assertThat(fs.resolve("last")).hasContent("299");
          assertThat(names(fs.resolve("d"))).hasSize(300);
        });
  }

  @Test
  default void usageCountsFilesOnce() throws IOException {
    Snapshotter snapshotter = snapshotter();
    Digest one =
        layer(
            snapshotter,
            "one",
            fs -> {
              write(fs.resolve("d/e/file"), "x".repeat(1000));
              Files.createLink(fs.resolve("link"), fs.resolve("d/e/file"));
              Files.createSymbolicLink(fs.resolve("symlink"), Path.of("file"));
            });
    assertThat(snapshotter.usage(one)).isEqualTo(new SnapshotUsage(1000, 4));
    assertThatThrownBy(() -> snapshotter.usage(id("none")))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND));
  }

  @Test
  default void removedLayerIsOutOfSightAndThenGone() throws IOException {
    Snapshotter snapshotter = snapshotter();
    Digest one = layer(snapshotter, "one", fs -> write(fs.resolve("d/file"), "text"));
    Digest two = layer(snapshotter, "two", fs -> write(fs.resolve("d/file"), "text"));
    snapshotter.remove(one);
    snapshotter.remove(one);
    assertThat(snapshotter.contains(one)).isFalse();
    assertThat(snapshotter.list()).containsExactly(two);
    snapshotter.clean();
    assertThat(snapshots()).containsExactly(two.hex());
    layer(snapshotter, "one", fs -> assertThat(fs).isEmptyDirectory());
  }

  @Test
  default void layersOfAdditionalStoresAreSeenAndStay() throws IOException {
    Digest one = layer(snapshotter(), "one", fs -> write(fs.resolve("a"), "low"));
    LocalStore own = LocalStore.open(root().resolve("own"), List.of(root().resolve("store")));
    Snapshotter snapshotter = snapshotter(own);
    assertThat(snapshotter.contains(one)).isTrue();
    assertThat(snapshotter.list()).isEmpty();
    Digest two = layer(snapshotter, "two", fs -> write(fs.resolve("b"), "high"));
    seen(snapshotter, List.of(one, two), fs -> assertThat(names(fs)).containsExactly("a", "b"));
    snapshotter.remove(one);
    assertThat(snapshotter.contains(one)).isTrue();
    assertThat(snapshots()).containsExactly(one.hex());
  }

  @Test
  default void sizeLimitHoldsOrIsRefused() throws IOException {
    Snapshotter snapshotter = snapshotter();
    Path place = place();
    Changes limited = Changes.THROW_AWAY.withMaxBytes(1 << 20);
    Rootfs rootfs;
    try {
      rootfs = snapshotter.prepare(List.of(), place, limited);
    } catch (RuncibleException e) {
      assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED);
      assertThat(e).hasMessageContaining("cannot be limited");
      assertThat(names(place)).isSubsetOf("empty");
      return;
    }
    mounted(
        rootfs,
        place,
        fs ->
            assertThatThrownBy(() -> Files.write(fs.resolve("big"), new byte[4 << 20]))
                .isInstanceOf(IOException.class));
    snapshotter.release(place);
  }

  @Test
  default void fifosAreCarriedOver() throws IOException {
    Snapshotter snapshotter = snapshotter();
    Digest one =
        layer(
            snapshotter,
            "one",
            fs -> {
              try (FileDescriptor root = FileCalls.openDirectory(fs)) {
                FileCalls.makeNode(root, "fifo", 0010644, 0, 0);
              }
            });
    seen(
        snapshotter,
        List.of(one),
        fs ->
            assertThat(
                    (int)
                        Files.getAttribute(
                            fs.resolve("fifo"), "unix:mode", LinkOption.NOFOLLOW_LINKS))
                .isEqualTo(0010644));
  }
}
