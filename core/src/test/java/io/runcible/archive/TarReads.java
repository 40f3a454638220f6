package io.runcible.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/** What a {@link TarReader} makes of the bytes of an archive. */
final class TarReads {
  private TarReads() {}

  record Read(TarEntry entry, byte[] stored) {}

  static List<Read> read(byte[] archive) {
    return read(new ByteArrayInputStream(archive), ArchiveLimits.DEFAULT);
  }

  static List<Read> read(InputStream archive, ArchiveLimits limits) {
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

  static TarEntry one(TarBytes archive) {
    List<Read> all = read(archive.bytes());
    assertThat(all).hasSize(1);
    return all.get(0).entry();
  }

  static void assertCorrupt(byte[] archive, String reason) {
    assertFails(ErrorKind.CORRUPT_DATA, archive, ArchiveLimits.DEFAULT, reason);
  }

  static void assertFails(ErrorKind kind, byte[] archive, ArchiveLimits limits, String reason) {
    assertThatThrownBy(() -> read(new ByteArrayInputStream(archive), limits))
        .isInstanceOfSatisfying(RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(kind))
        .hasMessageContaining(reason);
  }
}
