package io.runcible.archive;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.Digest;
import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LayerWriterTest {
  private record Read(TarArchiveEntry header, String content) {}

  @TempDir Path directory;

  private Path file(String name) {
    return directory.resolve(name);
  }

  private static byte[] tar(WrittenLayer layer) throws IOException {
    try (InputStream in = Files.newInputStream(layer.file());
        InputStream plain =
            layer.compression() == Compression.GZIP ? new GZIPInputStream(in) : in) {
      return plain.readAllBytes();
    }
  }

  private static List<Read> read(WrittenLayer layer) throws IOException {
    List<Read> entries = new ArrayList<>();
    try (TarArchiveInputStream in =
        new TarArchiveInputStream(new ByteArrayInputStream(tar(layer)), UTF_8.name())) {
      for (TarArchiveEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
        entries.add(new Read(e, new String(in.readAllBytes(), UTF_8)));
      }
    }
    return entries;
  }

  private static void assertFails(ErrorKind kind, ThrowingCallable action, String reason) {
    assertThatThrownBy(action)
        .isInstanceOfSatisfying(RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .hasMessageContaining(reason);
  }

  @Nested
  class Writing {
    @Test
    void entriesAreSortedAndPlain() throws IOException {
      Path host = Files.writeString(file("host"), "from the host");
      WrittenLayer layer =
          new LayerWriter()
              .addFile("/usr/bin/tool", 04755, host)
              .addSymlink("bin", "usr/bin")
              .addFile("usr/bin-x", 0600, "memory".getBytes(UTF_8))
              .addDirectory("/usr/bin", 0711)
              .addDirectory("tmp", 01777)
              .addWhiteout("/etc/old")
              .writeTo(file("layer"));
      List<Read> entries = read(layer);
      assertThat(entries)
          .extracting(e -> e.header.getName())
          .containsExactly("bin", "etc/.wh.old", "tmp/", "usr/bin/", "usr/bin-x", "usr/bin/tool");
      assertThat(entries)
          .extracting(e -> e.header.getMode() & 07777)
          .containsExactly(0777, 0, 01777, 0711, 0600, 04755);
      assertThat(entries)
          .extracting(Read::content)
          .containsExactly("", "", "", "", "memory", "from the host");
      assertThat(entries.get(0).header.isSymbolicLink()).isTrue();
      assertThat(entries.get(0).header.getLinkName()).isEqualTo("usr/bin");
      assertThat(entries.get(2).header.isDirectory()).isTrue();
      assertThat(entries)
          .allSatisfy(
              e -> {
                assertThat(e.header.getLongUserId()).isZero();
                assertThat(e.header.getLongGroupId()).isZero();
                assertThat(e.header.getUserName()).isEmpty();
                assertThat(e.header.getGroupName()).isEmpty();
                assertThat(e.header.getLastModifiedTime().toInstant()).isEqualTo(Instant.EPOCH);
              });
    }

    @Test
    void theRecordSaysWhatWasWritten() throws IOException {
      WrittenLayer layer =
          new LayerWriter().addFile("a", 0644, new byte[100_000]).writeTo(file("layer"));
      assertThat(layer.compression()).isEqualTo(Compression.GZIP);
      assertThat(layer.size()).isEqualTo(Files.size(layer.file())).isLessThan(10_000);
      assertThat(layer.digest()).isEqualTo(Digest.sha256(Files.readAllBytes(layer.file())));
      assertThat(layer.diffId()).isEqualTo(Digest.sha256(tar(layer)));
    }

    @Test
    void plainTarHasOneDigest() throws IOException {
      WrittenLayer layer =
          new LayerWriter().addDirectory("a", 0755).uncompressed().writeTo(file("layer"));
      assertThat(layer.compression()).isEqualTo(Compression.NONE);
      assertThat(layer.digest()).isEqualTo(layer.diffId());
      assertThat(layer.digest()).isEqualTo(Digest.sha256(Files.readAllBytes(layer.file())));
    }

    @Test
    void anEmptyLayerIsValid() throws IOException {
      assertThat(read(new LayerWriter().writeTo(file("layer")))).isEmpty();
    }

    @Test
    void longAndForeignNamesSurvive() throws IOException {
      String longName = "d".repeat(120) + "/" + "e".repeat(255) + "/" + "f".repeat(255);
      String foreign = "etc/\u00fc\u4e16\ud83d\ude00";
      String target = "/" + "t".repeat(300);
      WrittenLayer layer =
          new LayerWriter()
              .addFile(longName, 0644, new byte[] {'x'})
              .addFile(foreign, 0644, new byte[0])
              .addSymlink("link", target)
              .writeTo(file("layer"));
      List<Read> entries = read(layer);
      assertThat(entries)
          .extracting(e -> e.header.getName())
          .containsExactly(longName, foreign, "link");
      assertThat(entries.get(0).content).isEqualTo("x");
      assertThat(entries.get(2).header.getLinkName()).isEqualTo(target);
    }

    @Test
    void theTimeCanBeSet() throws IOException {
      Instant time = Instant.parse("2040-05-06T07:08:09.123Z");
      WrittenLayer layer =
          new LayerWriter().addDirectory("a", 0755).modified(time).writeTo(file("layer"));
      assertThat(read(layer).get(0).header.getLastModifiedTime().toInstant())
          .isEqualTo(Instant.parse("2040-05-06T07:08:09Z"));
    }
  }

  @Nested
  class Reproducibility {
    @Test
    void theOrderOfAddingDoesNotMatter() throws IOException {
      WrittenLayer one =
          new LayerWriter()
              .addDirectory("a", 0755)
              .addFile("a/b", 0644, "x".getBytes(UTF_8))
              .addSymlink("c", "a")
              .writeTo(file("one"));
      WrittenLayer two =
          new LayerWriter()
              .addSymlink("/c", "a")
              .addFile("/a/b", 0644, "x".getBytes(UTF_8))
              .addDirectory("/a", 0755)
              .writeTo(file("two"));
      assertThat(Files.mismatch(one.file(), two.file())).isEqualTo(-1);
      assertThat(two.diffId()).isEqualTo(one.diffId());
    }

    @Test
    void theBytesOfTheTarAreFixed() {
      WrittenLayer layer =
          new LayerWriter()
              .addDirectory("a", 0755)
              .addFile("a/" + "n".repeat(150), 0644, "content".getBytes(UTF_8))
              .writeTo(file("layer"));
      assertThat(layer.diffId())
          .hasToString("sha256:5ff842bd3a55cef304078011a1c9d100b9ae493b5cb0f3452f8d78770e7dae8d");
    }

    @Test
    void aWriterCanBeUsedAgain() {
      LayerWriter writer = new LayerWriter().addDirectory("a", 0755);
      Digest first = writer.writeTo(file("one")).digest();
      assertThat(writer.writeTo(file("two")).digest()).isEqualTo(first);
      assertThat(writer.addDirectory("b", 0755).writeTo(file("three")).digest())
          .isNotEqualTo(first);
    }

    @Test
    void whatWasAddedCannotBeChanged() throws IOException {
      byte[] content = {'x'};
      LayerWriter writer = new LayerWriter().addFile("a", 0644, content);
      content[0] = 'y';
      assertThat(read(writer.writeTo(file("layer"))).get(0).content).isEqualTo("x");
    }
  }

  @Nested
  class Refusals {
    private final LayerWriter writer = new LayerWriter();

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "/",
          "//a",
          "a//b",
          "a/",
          ".",
          "..",
          "../a",
          "/../a",
          "a/../b",
          "a/./b",
          "a/..",
          "a\0b",
          ".wh.a",
          "a/.wh..wh..opq"
        })
    void pathsThatCannotBe(String path) {
      assertFails(
          ErrorKind.INVALID_INPUT, () -> writer.addDirectory(path, 0755), "cannot add '" + path);
      assertFails(ErrorKind.INVALID_INPUT, () -> writer.addFile(path, 0, new byte[0]), "cannot");
      assertFails(ErrorKind.INVALID_INPUT, () -> writer.addSymlink(path, "x"), "cannot add");
      assertFails(ErrorKind.INVALID_INPUT, () -> writer.addWhiteout(path), "cannot add");
    }

    @Test
    void namesThatAreTooLong() {
      writer.addDirectory("\u00fc".repeat(127), 0755);
      assertFails(
          ErrorKind.INVALID_INPUT,
          () -> writer.addDirectory("\u00fc".repeat(128), 0755),
          "at most 255 bytes");
      assertFails(
          ErrorKind.INVALID_INPUT,
          () -> writer.addDirectory("a/".repeat(2048) + "b", 0755),
          "4095");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 010000, 0100644})
    void modesThatCannotBe(int mode) {
      assertFails(ErrorKind.INVALID_INPUT, () -> writer.addDirectory("a", mode), "mode");
    }

    @Test
    void aPathTwice() {
      writer.addDirectory("/a", 0755);
      assertFails(ErrorKind.ALREADY_EXISTS, () -> writer.addFile("a", 0644, new byte[0]), "/a");
    }

    @Test
    void entriesBelowWhatIsNoDirectory() {
      writer.addSymlink("a", "b").addFile("a/c/d", 0644, new byte[0]);
      assertFails(
          ErrorKind.INVALID_INPUT, () -> writer.writeTo(file("layer")), "/a is not a directory");
      assertThat(file("layer")).doesNotExist();
    }

    @Test
    void linksToNothing() {
      assertFails(ErrorKind.INVALID_INPUT, () -> writer.addSymlink("a", ""), "target");
      assertFails(ErrorKind.INVALID_INPUT, () -> writer.addSymlink("a", "\0"), "target");
    }

    @Test
    void filesOfTheHostThatAreNone() {
      assertFails(
          ErrorKind.NOT_FOUND, () -> writer.addFile("a", 0644, file("no")), file("no").toString());
      assertFails(ErrorKind.NOT_FOUND, () -> writer.addFile("a", 0644, directory), "regular");
    }

    @Test
    void anExistingFileIsNotOverwritten() throws IOException {
      Path existing = Files.writeString(file("layer"), "mine");
      assertFails(ErrorKind.ALREADY_EXISTS, () -> writer.writeTo(existing), "it exists");
      assertThat(existing).hasContent("mine");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "shorter", "longer than before"})
    void aFileOfTheHostThatChangedLeavesNothing(String changed) throws IOException {
      Path host = Files.writeString(file("host"), "as it was");
      writer.addFile("a", 0644, host);
      Files.writeString(host, changed);
      assertFails(ErrorKind.UNAVAILABLE, () -> writer.writeTo(file("layer")), "cannot write");
      assertThat(file("layer")).doesNotExist();
    }

    @Test
    void aFileOfTheHostThatIsGoneLeavesNothing() throws IOException {
      Path host = Files.writeString(file("host"), "as it was");
      writer.addFile("a", 0644, host);
      Files.delete(host);
      assertFails(ErrorKind.UNAVAILABLE, () -> writer.writeTo(file("layer")), host.toString());
      assertThat(file("layer")).doesNotExist();
    }
  }
}
