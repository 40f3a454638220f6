package io.runcible.archive;

import static io.runcible.archive.TarBytes.ascii;
import static io.runcible.archive.TarBytes.header;
import static io.runcible.archive.TarReads.assertCorrupt;
import static io.runcible.archive.TarReads.assertFails;
import static io.runcible.archive.TarReads.one;
import static io.runcible.archive.TarReads.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.archive.TarReads.Read;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TarReaderTest {
  @Nested
  class Headers {
    @Test
    void everyFieldIsRead() {
      TarEntry entry =
          one(
              new TarBytes()
                  .add(
                      header('0', "dir/file")
                          .mode(0104755)
                          .owner(12, 34)
                          .modified(1_234_567_890)
                          .size(5),
                      ascii("hello")));
      assertThat(entry.type()).isEqualTo(EntryType.FILE);
      assertThat(entry.name()).isEqualTo("dir/file");
      assertThat(entry.linkName()).isEmpty();
      assertThat(entry.mode()).isEqualTo(04755);
      assertThat(entry.uid()).isEqualTo(12);
      assertThat(entry.gid()).isEqualTo(34);
      assertThat(entry.size()).isEqualTo(5);
      assertThat(entry.modifiedSeconds()).isEqualTo(1_234_567_890);
      assertThat(entry.modifiedNanos()).isZero();
      assertThat(entry.attributes()).isEmpty();
      assertThat(entry).hasToString("FILE dir/file");
    }

    @Test
    void contentIsReadOrSkipped() throws IOException {
      byte[] big = new byte[300_000];
      new Random(1).nextBytes(big);
      byte[] archive =
          new TarBytes()
              .add(header('0', "a"), big)
              .file("b", "b")
              .add(header('0', "c"), big)
              .bytes();
      List<Read> all = read(archive);
      assertThat(all).extracting(r -> r.entry().name()).containsExactly("a", "b", "c");
      assertThat(all.get(0).stored()).isEqualTo(big);
      assertThat(all.get(2).stored()).isEqualTo(big);

      TarReader tar = new TarReader(new ByteArrayInputStream(archive), ArchiveLimits.DEFAULT);
      assertThat(tar.next()).extracting(TarEntry::name).isEqualTo("a");
      assertThat(tar.read(new byte[7], 0, 7)).isEqualTo(7);
      assertThat(tar.next()).extracting(TarEntry::name).isEqualTo("b");
      assertThat(tar.next()).extracting(TarEntry::name).isEqualTo("c");
      assertThat(tar.next()).isNull();
      assertThat(tar.next()).isNull();
    }

    @Test
    void everyTypeIsKnown() {
      TarBytes archive =
          new TarBytes()
              .file("f", "")
              .hardLink("h", "f")
              .symlink("s", "f")
              .add(header('3', "c").device(1, 3))
              .add(header('4', "b").device(8, 1))
              .directory("d/")
              .add(header('6', "p"))
              .add(header('7', "contiguous"), ascii("x"));
      List<Read> all = read(archive.bytes());
      assertThat(all)
          .extracting(r -> r.entry().type())
          .containsExactly(
              EntryType.FILE,
              EntryType.HARD_LINK,
              EntryType.SYMLINK,
              EntryType.CHARACTER_DEVICE,
              EntryType.BLOCK_DEVICE,
              EntryType.DIRECTORY,
              EntryType.FIFO,
              EntryType.FILE);
      assertThat(all.get(1).entry().linkName()).isEqualTo("f");
      assertThat(all.get(4).entry().deviceMajor()).isEqualTo(8);
      assertThat(all.get(4).entry().deviceMinor()).isEqualTo(1);
    }

    @Test
    void unknownTypeIsRefused() {
      byte[] archive = new TarBytes().add(header('M', "part")).bytes();
      assertFails(ErrorKind.INVALID_INPUT, archive, ArchiveLimits.DEFAULT, "'part'");
    }

    @Test
    void fileWithSlashIsDirectory() {
      assertThat(one(new TarBytes().file("d/", "")).type()).isEqualTo(EntryType.DIRECTORY);
    }

    @Test
    void versionSevenHeaderIsRead() {
      TarEntry entry = one(new TarBytes().add(header('\0', "old").text(257, 8, "")));
      assertThat(entry.name()).isEqualTo("old");
      assertThat(entry.type()).isEqualTo(EntryType.FILE);
    }

    @Test
    void prefixIsJoined() {
      TarEntry entry = one(new TarBytes().add(header('0', "name").text(345, 155, "a/prefix")));
      assertThat(entry.name()).isEqualTo("a/prefix/name");
    }

    @Test
    void starTimesAreNoPrefix() {
      TarEntry entry =
          one(
              new TarBytes()
                  .add(
                      header('0', "name")
                          .text(345, 131, "p")
                          .octal(476, 12, 1_600_000_000)
                          .octal(488, 12, 1_600_000_000)
                          .text(508, 4, "tar\0")));
      assertThat(entry.name()).isEqualTo("p/name");
    }

    @Test
    void gnuTimesAreNoPrefix() {
      TarEntry entry =
          one(new TarBytes().add(header('0', "name").gnu().octal(345, 12, 1_600_000_000)));
      assertThat(entry.name()).isEqualTo("name");
    }

    @Test
    void binaryNumbersAreRead() {
      long big = 0x1_2345_6789L;
      TarBytes archive =
          new TarBytes()
              .add(
                  header('0', "n")
                      .gnu()
                      .binary(108, 8, 4_000_000_000L)
                      .binary(116, 8, 3_000_000)
                      .binary(136, 12, -big)
                      .binary(124, 12, 1))
              .content(ascii("x"));
      TarEntry entry = one(archive);
      assertThat(entry.uid()).isEqualTo(4_000_000_000L);
      assertThat(entry.gid()).isEqualTo(3_000_000);
      assertThat(entry.modifiedSeconds()).isEqualTo(-big);
      assertThat(entry.size()).isEqualTo(1);
    }

    @Test
    void binaryNumberBeyondLongIsCorrupt() {
      TarBytes.Header header = header('0', "n").gnu();
      header.text(124, 12, "\u0080\0\0\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff");
      assertCorrupt(new TarBytes().add(header).bytes(), "size");
    }

    @Test
    void negativeSizeIsCorrupt() {
      assertCorrupt(new TarBytes().add(header('0', "n").binary(124, 12, -1)).bytes(), "size");
    }

    @Test
    void idThatMeansNobodyIsCorrupt() {
      byte[] archive = new TarBytes().add(header('0', "n").binary(108, 8, 0xffffffffL)).bytes();
      assertCorrupt(archive, "uid");
    }

    @Test
    void letterInNumberIsCorrupt() {
      assertCorrupt(
          new TarBytes().add(header('0', "n").text(124, 12, "0000000001x")).bytes(), "size");
    }

    @Test
    void blanksAndThenNulEndANumber() {
      TarEntry entry = one(new TarBytes().add(header('0', "n").text(108, 8, " 12  \0" + "9 ")));
      assertThat(entry.uid()).isEqualTo(10);
    }

    @Test
    void deviceNumberOutOfRangeIsCorrupt() {
      assertCorrupt(new TarBytes().add(header('3', "n").device(4096, 0)).bytes(), "major");
    }

    @Test
    void wrongChecksumIsCorrupt() {
      byte[] archive = new TarBytes().file("name", "x").bytes();
      archive[1] ^= 1;
      assertCorrupt(archive, "checksum");
    }

    @Test
    void signedChecksumIsAccepted() {
      byte[] block = header('0', "na\u00efve").sealed();
      int sum = 0;
      for (int i = 0; i < block.length; i++) {
        sum += i >= 148 && i < 156 ? ' ' : block[i];
      }
      byte[] text = ascii(String.format("%06o\0 ", sum));
      System.arraycopy(text, 0, block, 148, 8);
      assertThat(one(new TarBytes().raw(block)).name()).isEqualTo("na\u00efve");
    }

    @ParameterizedTest
    @ValueSource(chars = {'2', '3', '4', '5', '6'})
    void contentOfWhatIsNoFileIsCorrupt(char type) {
      // One reader would skip it, another one take it for headers.
      byte[] archive = new TarBytes().add(header(type, "n").link("t"), new byte[512]).bytes();
      assertCorrupt(archive, "512 bytes of content");
    }

    @Test
    void hardLinkMayStateTheSizeOfItsFile() {
      TarBytes archive = new TarBytes().add(header('1', "n").link("t").size(512)).file("f", "x");
      List<Read> all = read(archive.bytes());
      assertThat(all).extracting(r -> r.entry().name()).containsExactly("n", "f");
      assertThat(all.get(0).entry().size()).isZero();
    }

    @Test
    void anyByteMayBeInName() {
      String name = "\u00ff\u00fe\n\u001b[2J\u00e9";
      TarEntry entry = one(new TarBytes().file(name, ""));
      assertThat(entry.name()).isEqualTo(name);
      assertThat(entry.toString()).isEqualTo("FILE \\xff\\xfe\\x0a\\x1b[2J\\xe9");
    }
  }

  @Nested
  class End {
    private final byte[] whole = new TarBytes().file("a", "x").open();

    private byte[] with(int zeros, String more) {
      return new TarBytes().raw(whole).zeros(zeros).raw(ascii(more)).open();
    }

    @Test
    void emptyArchiveHasNoEntries() {
      assertThat(read(new byte[0])).isEmpty();
      assertThat(read(new byte[1024])).isEmpty();
      assertThat(read(new byte[10_240])).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 512, 1024, 10_240})
    void zerosMayBeFewOrMany(int zeros) {
      assertThat(read(with(zeros, ""))).hasSize(1);
    }

    @Test
    void whatFollowsIsReadAndNotParsed() {
      ByteArrayInputStream in = new ByteArrayInputStream(with(1024, "trailing".repeat(100_000)));
      assertThat(read(in, ArchiveLimits.DEFAULT)).hasSize(1);
      assertThat(in.available()).isZero();
    }

    @Test
    void tooMuchBehindTheEndIsRefused() {
      assertFails(
          ErrorKind.INVALID_INPUT, with(18 << 20, ""), ArchiveLimits.DEFAULT, "follow its end");
    }

    @Test
    void loneZeroBlockBeforeMoreIsCorrupt() {
      byte[] archive = new TarBytes().raw(whole).zeros(512).file("hidden", "").bytes();
      assertCorrupt(archive, "lone block");
    }

    @Test
    void everyTruncationWithinAnEntryIsCorrupt() {
      byte[] archive = new TarBytes().pax("path", "p").file("a", "x".repeat(700)).open();
      int content = archive.length - (1024 - 700);
      for (int length = 1; length < archive.length; length++) {
        if (length != content) {
          assertCorrupt(Arrays.copyOf(archive, length), "archive");
        }
      }
    }

    @Test
    void paddingBehindTheLastContentMayBeMissing() {
      byte[] archive = new TarBytes().file("a", "").file("b", "x".repeat(700)).open();
      byte[] without = Arrays.copyOf(archive, archive.length - (1024 - 700));
      assertThat(read(new ByteArrayInputStream(without), ArchiveLimits.DEFAULT)).hasSize(2);
    }

    @Test
    void somethingElseIsCorrupt() {
      assertCorrupt(ascii("<html>".repeat(200)), "no");
      assertCorrupt(ascii("short"), "truncated after 5 bytes");
    }

    @Test
    void failureOfTheStreamIsPassedOn() {
      InputStream failing =
          new InputStream() {
            @Override
            public int read() throws IOException {
              throw new IOException("broken pipe");
            }
          };
      TarReader tar = new TarReader(failing, ArchiveLimits.DEFAULT);
      assertThatThrownBy(tar::next).isInstanceOf(IOException.class).hasMessage("broken pipe");
    }

    @Test
    void streamMayTrickle() {
      byte[] archive = new TarBytes().pax("path", "long").file("a", "x".repeat(700)).bytes();
      InputStream trickle =
          new ByteArrayInputStream(archive) {
            @Override
            public synchronized int read(byte[] bytes, int offset, int length) {
              return super.read(bytes, offset, Math.min(length, 7));
            }
          };
      List<Read> all = read(trickle, ArchiveLimits.DEFAULT);
      assertThat(all.get(0).entry().name()).isEqualTo("long");
      assertThat(all.get(0).stored()).hasSize(700);
    }
  }

  @Nested
  class Limits {
    @Test
    void entries() {
      byte[] archive = new TarBytes().file("a", "").file("b", "").file("c", "").bytes();
      assertFails(
          ErrorKind.INVALID_INPUT,
          archive,
          ArchiveLimits.DEFAULT.withMaxEntries(2),
          "more than 2 entries");
      assertThat(read(new ByteArrayInputStream(archive), ArchiveLimits.DEFAULT.withMaxEntries(3)))
          .hasSize(3);
    }

    @Test
    void globalHeadersCountAsEntries() {
      TarBytes archive = new TarBytes();
      for (int i = 0; i < 5; i++) {
        archive.add(header('g', "g"), ascii("x"));
      }
      assertFails(
          ErrorKind.INVALID_INPUT,
          archive.bytes(),
          ArchiveLimits.DEFAULT.withMaxEntries(4),
          "4 entries");
    }

    @Test
    void extendedHeadersArePartOfTheirEntry() {
      TarBytes archive = new TarBytes();
      for (String name : List.of("a", "b")) {
        archive.longName('L', name).longName('K', "to").pax("mtime", "1.5").file(name, "");
      }
      byte[] bytes = archive.bytes();
      assertThat(read(new ByteArrayInputStream(bytes), ArchiveLimits.DEFAULT.withMaxEntries(2)))
          .hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(chars = {'x', 'X', 'L', 'K', 'g', 'V'})
    void endlessMetadataEnds(char type) {
      ArchiveLimits limits = ArchiveLimits.DEFAULT.withMaxEntries(1000);
      TarBytes alone = new TarBytes().add(header(type, "m").gnu());
      assertThatThrownBy(() -> read(endless(alone.open()), limits))
          .isInstanceOf(RuncibleException.class)
          .hasMessageMatching(".*(more than 1000 entries|two extended headers of one kind).*");
      // Each with an entry, so that it may come again.
      byte[] alternating = alone.file("f", "").open();
      assertThatThrownBy(() -> read(endless(alternating), limits))
          .isInstanceOf(RuncibleException.class)
          .hasMessageContaining("more than 1000 entries");
    }

    /** So long that whoever stops before its end has a limit. */
    private static InputStream endless(byte[] bytes) {
      TarBytes all = new TarBytes();
      for (int i = 0; i < 2000; i++) {
        all.raw(bytes);
      }
      return all.stream();
    }

    @Test
    void totalBytes() {
      byte[] archive = new TarBytes().file("a", "x".repeat(600)).file("b", "x".repeat(600)).bytes();
      assertFails(
          ErrorKind.INVALID_INPUT,
          archive,
          ArchiveLimits.DEFAULT.withMaxTotalBytes(1000),
          "1000 bytes");
    }

    @Test
    void bytesOfOneFileHolesCounted() {
      byte[] archive =
          new TarBytes()
              .pax("GNU.sparse.size", "1000000", "GNU.sparse.map", "0,1")
              .file("hole", "x")
              .bytes();
      assertFails(
          ErrorKind.INVALID_INPUT,
          archive,
          ArchiveLimits.DEFAULT.withMaxFileBytes(999_999),
          "'hole'");
    }

    @Test
    void sizeThatOnlyClaimsStopsBeforeReading() {
      byte[] archive = new TarBytes().add(header('0', "n").size(077777777777L)).open();
      assertFails(
          ErrorKind.INVALID_INPUT,
          archive,
          ArchiveLimits.DEFAULT.withMaxTotalBytes(1 << 20),
          "content");
    }

    @Test
    void mustBePositive() {
      assertThatThrownBy(() -> ArchiveLimits.DEFAULT.withMaxRatio(0))
          .isInstanceOf(RuncibleException.class);
    }
  }
}
