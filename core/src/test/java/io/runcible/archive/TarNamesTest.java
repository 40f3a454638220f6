package io.runcible.archive;

import static io.runcible.archive.TarBytes.ascii;
import static io.runcible.archive.TarBytes.header;
import static io.runcible.archive.TarReads.assertCorrupt;
import static io.runcible.archive.TarReads.assertFails;
import static io.runcible.archive.TarReads.one;
import static io.runcible.archive.TarReads.read;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.ErrorKind;
import io.runcible.archive.TarReads.Read;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names and other values that a header is too short for. */
class TarNamesTest {
  @Nested
  class Gnu {
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
    void oneOfEachKindMustBeTheSame() {
      TarBytes archive = new TarBytes().pax("path", "same").longName('L', "same").file("ustar", "");
      assertThat(one(archive).name()).isEqualTo("same");
      assertCorrupt(
          new TarBytes().pax("path", "pax").longName('L', "gnu").file("ustar", "").bytes(),
          "long name of POSIX");
    }

    @Test
    void theyConcernOneEntryOnly() {
      List<Read> all = read(new TarBytes().longName('L', LONG).file("a", "").file("b", "").bytes());
      assertThat(all).extracting(r -> r.entry().name()).containsExactly(LONG, "b");
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
      assertThat(all).extracting(r -> r.entry().name()).containsExactly("n", "next");
      TarEntry entry = all.get(0).entry();
      assertThat(all.get(0).stored()).isEqualTo(ascii("abc"));
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
      assertThat(read(archive)).extracting(r -> r.entry().name()).containsExactly("name");
    }
  }
}
