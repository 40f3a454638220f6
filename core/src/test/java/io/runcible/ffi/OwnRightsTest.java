package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnRightsTest {
  private static final String ALL = "000001ffffffffff";

  /** Those that docker gives. */
  private static final String USUAL = "00000000a80425fb";

  private static final String WHOLE = "         0          0 4294967295\n";
  private static final SubordinateIds RANGE = new SubordinateIds(100_000, 65_536);

  @TempDir private Path process;

  private OwnRights rights(String effective, String bounding, int gainsNothing, String ids)
      throws IOException {
    Files.writeString(
        process.resolve("status"),
        "Name:\tjava\nCapEff:\t%s\nCapBnd:\t%s\nNoNewPrivs:\t%d\n"
            .formatted(effective, bounding, gainsNothing));
    Files.writeString(process.resolve("uid_map"), ids);
    Files.writeString(process.resolve("gid_map"), ids);
    return OwnRights.of(process);
  }

  @Test
  void rootOfTheHostMounts() throws IOException {
    assertThat(rights(ALL, ALL, 0, WHOLE).mountsOnTheHost()).isTrue();
    assertThat(rights(USUAL, USUAL, 0, WHOLE).mountsOnTheHost()).isFalse();
    assertThat(rights(ALL, ALL, 0, "0 100000 65536\n").mountsOnTheHost()).isFalse();
    assertThat(rights(ALL, ALL, 0, "0 0 65536\n").mountsOnTheHost()).isFalse();
    // A host whose files tell nothing.
    assertThat(OwnRights.of(process.resolve("none")).mountsOnTheHost()).isTrue();
    assertThat(OwnRights.of(process.resolve("none")).mapsAll()).isFalse();
  }

  @Test
  void allIdsAreMappedToThemselves() throws IOException {
    OwnRights rights = rights(USUAL, USUAL, 0, "0 1001 1\n1 100000 65536\n");
    assertThat(rights.mapsAll()).isTrue();
    assertThat(rights.toItself())
        .isEqualTo(new IdMapping("0 0 1\n1 1 65536\n", "0 0 1\n1 1 65536\n"));
    assertThat(rights(USUAL, USUAL, 0, WHOLE).toItself().uids()).isEqualTo("0 0 4294967294\n");
    // Without CAP_SETFCAP.
    assertThat(rights("00000000280425fb", USUAL, 0, WHOLE).mapsAll()).isFalse();
  }

  @Test
  void reasonsAreNamed() throws IOException {
    assertThat(rights("0", ALL, 0, WHOLE).whyNot(RANGE, RANGE)).isEmpty();
    assertThat(rights("0", ALL, 1, WHOLE).whyNot(RANGE, RANGE))
        .singleElement()
        .asString()
        .contains("no_new_privs");
    assertThat(rights("0", "0", 0, WHOLE).whyNot(RANGE, RANGE))
        .singleElement()
        .asString()
        .contains("CAP_SETUID");
    List<String> outside = rights("0", ALL, 0, "0 100000 65536\n").whyNot(RANGE, RANGE);
    assertThat(outside).hasSize(2);
    assertThat(outside.get(0)).contains("/etc/subuid", "100000-165535");
    assertThat(outside.get(1)).contains("/etc/subgid");
    SubordinateIds within = new SubordinateIds(1000, 64_536);
    assertThat(rights("0", ALL, 0, "0 100000 65536\n").whyNot(within, within)).isEmpty();
  }
}
