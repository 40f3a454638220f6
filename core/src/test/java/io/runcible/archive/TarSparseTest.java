package io.runcible.archive;

import static io.runcible.archive.TarBytes.ascii;
import static io.runcible.archive.TarBytes.header;
import static io.runcible.archive.TarReads.assertCorrupt;
import static io.runcible.archive.TarReads.read;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.RuncibleException;
import io.runcible.archive.TarReads.Read;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files with holes, in the four ways in which archives have them. */
class TarSparseTest {
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
    assertThat(all).extracting(r -> r.entry().name()).containsExactly("sparse", "next");
    assertThat(all.get(0).stored()).isEqualTo(ascii(DATA));
    assertMap(all.get(0).entry());
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
    SparseMap map = all.get(0).entry().sparse();
    assertThat(map).isNotNull();
    assertThat(map.count()).isEqualTo(regions);
    assertThat(map.offset(27)).isEqualTo(27_000);
    assertThat(all.get(0).stored()).isEqualTo(data);
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
    assertThat(all.get(0).stored()).hasSize(200);
    assertThat(all.get(0).entry().size()).isEqualTo(2000);
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
    assertThat(all.get(0).entry().size()).isEqualTo(5_000_000);
    assertThat(all.get(0).stored()).isEmpty();
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
