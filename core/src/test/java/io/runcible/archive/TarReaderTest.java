package io.runcible.archive;

import static io.runcible.archive.TarBytes.ascii;
import static io.runcible.archive.TarBytes.header;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TarReaderTest {
  private record Read(TarEntry entry, byte[] stored) {}

  private static List<Read> read(byte[] archive) {
    return read(new ByteArrayInputStream(archive), ArchiveLimits.DEFAULT);
  }

  private static List<Read> read(InputStream archive, ArchiveLimits limits) {
    try {
      TarReader tar = new TarReader(archive, limits);
      List<Read> all = new ArrayList<>();
      for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        byte[] some = new byte[1000];
        for (int n = tar.read(some, 0, some.length); n >= 0; n = tar.read(some, 0, some.length)) {
          content.write(some, 0, n);
        }
        all.add(new Read(entry, content.toByteArray()));
      }
      return all;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static TarEntry one(TarBytes archive) {
    List<Read> all = read(archive.bytes());
    assertThat(all).hasSize(1);
    return all.get(0).entry;
  }

  private static void assertCorrupt(byte[] archive, String reason) {
    assertFails(ErrorKind.CORRUPT_DATA, archive, ArchiveLimits.DEFAULT, reason);
  }

  private static void assertFails(
      ErrorKind kind, byte[] archive, ArchiveLimits limits, String reason) {
    assertThatThrownBy(() -> read(new ByteArrayInputStream(archive), limits))
        .isInstanceOfSatisfying(RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .hasMessageContaining(reason);
  }

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
      assertThat(all).extracting(r -> r.entry.name()).containsExactly("a", "b", "c");
      assertThat(all.get(0).stored).isEqualTo(big);
      assertThat(all.get(2).stored).isEqualTo(big);

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
          .extracting(r -> r.entry.type())
          .containsExactly(
              EntryType.FILE,
              EntryType.HARD_LINK,
              EntryType.SYMLINK,
              EntryType.CHARACTER_DEVICE,
              EntryType.BLOCK_DEVICE,
              EntryType.DIRECTORY,
              EntryType.FIFO,
              EntryType.FILE);
      assertThat(all.get(1).entry.linkName()).isEqualTo("f");
      assertThat(all.get(4).entry.deviceMajor()).isEqualTo(8);
      assertThat(all.get(4).entry.deviceMinor()).isEqualTo(1);
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
      assertThat(all).extracting(r -> r.entry.name()).containsExactly("n", "f");
      assertThat(all.get(0).entry.size()).isZero();
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
  class LongNames {
    private static final String LONG = "d/".repeat(150) + "f";

    @Test
    void gnuNamesAreRead() {
      TarEntry entry =
          one(
              new TarBytes()
                  .longName('K', LONG + "/target")
                  .longName('L', LONG)
                  .add(header('2', "short").gnu().link("short")));
      assertThat(entry.name()).isEqualTo(LONG);
      assertThat(entry.linkName()).isEqualTo(LONG + "/target");
    }

    @Test
    void paxWins() {
      TarEntry entry =
          one(
              new TarBytes()
                  .pax("path", "pax", "linkpath", "pax target")
                  .longName('L', "gnu")
                  .longName('K', "gnu target")
                  .symlink("ustar", "ustar target"));
      assertThat(entry.name()).isEqualTo("pax");
      assertThat(entry.linkName()).isEqualTo("pax target");
    }

    @Test
    void theyConcernOneEntryOnly() {
      List<Read> all = read(new TarBytes().longName('L', LONG).file("a", "").file("b", "").bytes());
      assertThat(all).extracting(r -> r.entry.name()).containsExactly(LONG, "b");
    }

    @Test
    void twoForOneEntryAreCorrupt() {
      assertCorrupt(
          new TarBytes().longName('L', "a").longName('L', "b").file("c", "").bytes(), "two");
      assertCorrupt(new TarBytes().pax("path", "a").pax("path", "b").file("c", "").bytes(), "two");
    }

    @Test
    void oneWithoutEntryIsCorrupt() {
      assertCorrupt(new TarBytes().longName('L', "a").bytes(), "after an extended header");
      assertCorrupt(new TarBytes().pax("path", "a").open(), "after an extended header");
    }

    @Test
    void overAMebibyteIsCorrupt() {
      byte[] archive =
          new TarBytes().add(header('L', "x").size((1 << 20) + 1)).zeros(2 << 20).bytes();
      assertCorrupt(archive, "1048577 bytes");
    }

    @Test
    void pathBeyondTheKernelsLimitIsRefused() {
      byte[] archive = new TarBytes().pax("path", "x/".repeat(2048)).file("x", "").bytes();
      assertFails(ErrorKind.INVALID_INPUT, archive, ArchiveLimits.DEFAULT, "4095");
    }
  }

  @Nested
  class Pax {
    @Test
    void everyKeywordOverridesTheHeader() {
      TarBytes archive =
          new TarBytes()
              .pax("uid", "4000000000", "gid", "7", "size", "3", "mtime", "1600000000.123456789")
              .add(header('0', "n").owner(1, 1).size(512))
              .content(ascii("abc"))
              .file("next", "");
      List<Read> all = read(archive.bytes());
      assertThat(all).extracting(r -> r.entry.name()).containsExactly("n", "next");
      TarEntry entry = all.get(0).entry;
      assertThat(all.get(0).stored).isEqualTo(ascii("abc"));
      assertThat(entry.uid()).isEqualTo(4_000_000_000L);
      assertThat(entry.gid()).isEqualTo(7);
      assertThat(entry.modifiedSeconds()).isEqualTo(1_600_000_000);
      assertThat(entry.modifiedNanos()).isEqualTo(123_456_789);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "0|0|0",
          "1|1|0",
          "1.5|1|500000000",
          "-1.5|-2|500000000",
          "-1|-1|0",
          "-0.000000001|-1|999999999",
          "1.0000000009|1|0",
          "1.|1|0",
          "1.000000001999999|1|1"
        })
    void timesAreExact(String text) {
      String[] parts = text.split("\\|");
      TarEntry entry = one(new TarBytes().pax("mtime", parts[0]).file("n", ""));
      assertThat(entry.modifiedSeconds()).isEqualTo(Long.parseLong(parts[1]));
      assertThat(entry.modifiedNanos()).isEqualTo(Integer.parseInt(parts[2]));
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "mtime=x",
          "mtime=1.2x",
          "mtime=-",
          "mtime=1.123456789x",
          "mtime=99999999999999999999",
          "size=-1",
          "size=1e3",
          "size= 1",
          "size=9223372036854775808",
          "uid=4294967295",
          "gid=-1",
          "path=a\0b",
          "linkpath=\0",
          "GNU.sparse.major=2",
          "GNU.sparse.map=1",
          "GNU.sparse.map=0,1,0,1",
          "GNU.sparse.map=,",
          "GNU.sparse.numbytes=1",
          "SCHILY.xattr.=x",
          "LIBARCHIVE.xattr.user.a=!",
          "LIBARCHIVE.xattr.user%zz=YQ"
        })
    void wrongValuesAreCorrupt(String record) {
      int equals = record.indexOf('=');
      assertCorrupt(
          new TarBytes()
              .pax(record.substring(0, equals), record.substring(equals + 1))
              .file("n", "")
              .bytes(),
          "corrupt");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "11 path=ab\n.",
          "13 path=abc\n",
          "9999999999999999999 path=a\n",
          "path=a\n",
          " 9 path=a\n",
          "10 path=ab",
          "10path=abc\n",
          "3 \n",
          "5 =a\n",
          "7 path\n",
          "0 path=a\n",
          "-9 path=a\n"
        })
    void brokenRecordsAreCorrupt(String records) {
      byte[] archive = new TarBytes().add(header('x', "x"), ascii(records)).file("n", "").bytes();
      assertCorrupt(archive, "extended header");
    }

    @Test
    void emptyValueTakesBack() {
      TarEntry entry = one(new TarBytes().pax("path", "").file("name", ""));
      assertThat(entry.name()).isEqualTo("name");
    }

    @Test
    void attributesAreRawBytes() {
      byte[] value = {0, '\n', (byte) 0xff, '='};
      TarEntry entry =
          one(
              new TarBytes()
                  .pax(Map.of("SCHILY.xattr.user.a=b", value, "SCHILY.xattr.user.c", new byte[0]))
                  .file("n", ""));
      // A keyword ends at the first equals sign.
      assertThat(entry.attributes()).containsOnlyKeys("user.a", "user.c");
      assertThat(entry.attributes().get("user.a")).startsWith('b', '=').endsWith(value);
      assertThat(entry.attributes().get("user.c")).isEmpty();
    }

    @Test
    void attributesOfLibarchiveAreDecoded() {
      TarEntry entry =
          one(
              new TarBytes()
                  .pax("LIBARCHIVE.xattr.user.a%3Db", "AP8", "LIBARCHIVE.xattr.user.c", "AA==")
                  .file("n", ""));
      assertThat(entry.attributes().get("user.a=b")).containsExactly(0, 0xff);
      assertThat(entry.attributes().get("user.c")).containsExactly(0);
    }

    @Test
    void globalHeadersAreIgnored() {
      byte[] archive =
          new TarBytes()
              .add(header('g', "g"), TarBytes.record("path", ascii("evil")))
              .file("name", "")
              .bytes();
      assertThat(read(archive)).extracting(r -> r.entry.name()).containsExactly("name");
    }
  }

  @Nested
  class Sparse {
    private static final String DATA = "AAAABB";

    private void assertMap(TarEntry entry) {
      assertThat(entry.name()).isEqualTo("sparse");
      assertThat(entry.size()).isEqualTo(10_000);
      SparseMap map = entry.sparse();
      assertThat(map).isNotNull();
      assertThat(map.count()).isEqualTo(2);
      assertThat(map.offset(0)).isEqualTo(100);
      assertThat(map.length(0)).isEqualTo(4);
      assertThat(map.offset(1)).isEqualTo(8000);
      assertThat(map.length(1)).isEqualTo(2);
    }

    private void assertSparse(byte[] archive) {
      List<Read> all = read(archive);
      assertThat(all).extracting(r -> r.entry.name()).containsExactly("sparse", "next");
      assertThat(all.get(0).stored).isEqualTo(ascii(DATA));
      assertMap(all.get(0).entry);
    }

    private TarBytes.Header gnu() {
      return header('S', "sparse")
          .gnu()
          .octal(386, 12, 100)
          .octal(398, 12, 4)
          .octal(410, 12, 8000)
          .octal(422, 12, 2)
          .octal(483, 12, 10_000);
    }

    @Test
    void oldGnu() {
      assertSparse(new TarBytes().add(gnu(), ascii(DATA)).file("next", "").bytes());
    }

    @Test
    void oldGnuWithExtensionBlocks() {
      int regions = 4 + 21 + 3;
      TarBytes.Header header =
          header('S', "sparse").gnu().octal(483, 12, 1 << 20).size(regions).text(482, 1, "\1");
      byte[] first = new byte[512];
      byte[] second = new byte[512];
      for (int i = 0; i < regions; i++) {
        if (i < 4) {
          header.octal(386 + i * 24, 12, i * 1000L).octal(398 + i * 24, 12, 1);
        } else {
          byte[] block = i < 25 ? first : second;
          int at = (i < 25 ? i - 4 : i - 25) * 24;
          byte[] text = ascii(String.format("%011o\0%011o\0", i * 1000, 1));
          System.arraycopy(text, 0, block, at, text.length);
        }
      }
      first[504] = 1;
      byte[] data = new byte[regions];
      Arrays.fill(data, (byte) 'x');
      byte[] archive =
          new TarBytes().add(header).raw(first).raw(second).content(data).file("next", "").bytes();
      List<Read> all = read(archive);
      assertThat(all).hasSize(2);
      SparseMap map = all.get(0).entry.sparse();
      assertThat(map).isNotNull();
      assertThat(map.count()).isEqualTo(regions);
      assertThat(map.offset(27)).isEqualTo(27_000);
      assertThat(all.get(0).stored).isEqualTo(data);
    }

    @Test
    void paxZeroZero() {
      byte[] records =
          ascii(
              new String(TarBytes.record("GNU.sparse.size", ascii("10000")), US_ASCII)
                  + new String(TarBytes.record("GNU.sparse.numblocks", ascii("2")), US_ASCII)
                  + new String(TarBytes.record("GNU.sparse.offset", ascii("100")), US_ASCII)
                  + new String(TarBytes.record("GNU.sparse.numbytes", ascii("4")), US_ASCII)
                  + new String(TarBytes.record("GNU.sparse.offset", ascii("8000")), US_ASCII)
                  + new String(TarBytes.record("GNU.sparse.numbytes", ascii("2")), US_ASCII));
      assertSparse(
          new TarBytes()
              .add(header('x', "x"), records)
              .file("sparse", DATA)
              .file("next", "")
              .bytes());
    }

    @Test
    void paxZeroOne() {
      assertSparse(
          new TarBytes()
              .pax(
                  "GNU.sparse.size", "10000",
                  "GNU.sparse.numblocks", "2",
                  "GNU.sparse.name", "sparse",
                  "GNU.sparse.map", "100,4,8000,2")
              .file("GNUSparseFile.1/sparse", DATA)
              .file("next", "")
              .bytes());
    }

    private TarBytes oneZero(String map, String data) {
      byte[] content = Arrays.copyOf(ascii(map), 512 + data.length());
      System.arraycopy(ascii(data), 0, content, 512, data.length());
      return new TarBytes()
          .pax(
              "GNU.sparse.major", "1",
              "GNU.sparse.minor", "0",
              "GNU.sparse.name", "sparse",
              "GNU.sparse.realsize", "10000")
          .add(header('0', "GNUSparseFile.1/sparse"), content)
          .file("next", "");
    }

    @Test
    void paxOneZero() {
      assertSparse(oneZero("2\n100\n4\n8000\n2\n", DATA).bytes());
    }

    @Test
    void paxOneZeroWithMapOverTwoBlocks() {
      StringBuilder map = new StringBuilder("200\n");
      for (int i = 0; i < 200; i++) {
        map.append(i * 10).append("\n1\n");
      }
      byte[] content = Arrays.copyOf(ascii(map.toString()), 3 * 512 + 200);
      assertThat(map.length()).isBetween(2 * 512, 3 * 512);
      List<Read> all =
          read(
              new TarBytes()
                  .pax("GNU.sparse.major", "1", "GNU.sparse.realsize", "2000")
                  .add(header('0', "sparse"), content)
                  .file("next", "")
                  .bytes());
      assertThat(all).hasSize(2);
      assertThat(all.get(0).stored).hasSize(200);
      assertThat(all.get(0).entry.size()).isEqualTo(2000);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "2\n100\n4\n",
          "x\n",
          "-1\n",
          "\n",
          "99999999\n",
          "2\n8000\n2\n100\n4\n",
          "2\n100\n4\n102\n2\n",
          "1\n9223372036854775807\n6\n",
          "1\n9999\n6\n",
          "1\n0\n5\n",
          "1\n0\n7\n",
          "11111111111111111111\n"
        })
    void wrongMapsAreCorrupt(String map) {
      assertCorrupt(oneZero(map, DATA).bytes(), "corrupt");
    }

    @Test
    void fileOfHolesAloneHasNoContent() {
      List<Read> all =
          read(
              new TarBytes()
                  .pax("GNU.sparse.major", "1", "GNU.sparse.realsize", "5000000")
                  .add(header('0', "n"), Arrays.copyOf(ascii("1\n5000000\n0\n"), 512))
                  .bytes());
      assertThat(all.get(0).entry.size()).isEqualTo(5_000_000);
      assertThat(all.get(0).stored).isEmpty();
    }

    @Test
    void endlessExtensionBlocksStopAtACap() {
      byte[] block = new byte[512];
      block[504] = 1;
      InputStream endless =
          new InputStream() {
            private final byte[] first = gnu().size(6).text(482, 1, "\1").sealed();
            private long at;
            private long offset = 10_000;

            @Override
            public int read() {
              throw new UnsupportedOperationException();
            }

            @Override
            public int read(byte[] bytes, int from, int length) {
              byte[] source = at == 0 ? first : block;
              if (at > 0) {
                for (int i = 0; i < 21; i++) {
                  byte[] text = ascii(String.format("%011o\0%011o\0", offset, 1));
                  System.arraycopy(text, 0, block, i * 24, 24);
                  offset += 2;
                }
              }
              System.arraycopy(source, 0, bytes, from, 512);
              at += 512;
              return 512;
            }
          };
      assertThatThrownBy(() -> read(endless, ArchiveLimits.DEFAULT))
          .isInstanceOf(RuncibleException.class)
          .hasMessageContaining("regions");
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
      assertThat(all.get(0).entry.name()).isEqualTo("long");
      assertThat(all.get(0).stored).hasSize(700);
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
