package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.archive.IdRange;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whose files become in a namespace of an ordinary user's. */
class OwnerShiftTest {
  @Test
  void whatTheNamespaceLacksIsNobodysOrRoots() {
    List<IdRange> small = List.of(new IdRange(0, 1, 10), new IdRange(100, 0, 1));

    assertThat(OwnerShift.outside(small, 3)).isEqualTo(4);
    assertThat(OwnerShift.outside(small, 100)).isZero();
    assertThat(OwnerShift.outside(small, 11)).isEqualTo(1);
    List<IdRange> large = List.of(new IdRange(0, 1, 65536));
    assertThat(OwnerShift.outside(large, 70_000)).isEqualTo(65535);
    assertThat(OwnerShift.outside(large, -1)).isEqualTo(65535);
  }

  @Test
  void capabilitiesAreThoseOfTheNewRoot() {
    byte[] cap = new byte[20];
    cap[3] = 2;
    cap[0] = 1;
    cap[4] = 7;

    byte[] ofRoot = OwnerShift.ofRoot(cap, 0x01020304);

    assertThat(ofRoot).hasSize(24).startsWith(1, 0, 0, 3, 7).endsWith(4, 3, 2, 1);
    assertThat(OwnerShift.ofRoot(new byte[24], 5)).isEqualTo(new byte[24]);
  }
}
