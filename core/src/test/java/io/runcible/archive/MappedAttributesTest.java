package io.runcible.archive;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class MappedAttributesTest {
  private static final List<IdRange> IDS = List.of(new IdRange(0, 0x186a0, 1000));
  private static final Ownership MAPPED = Ownership.mapped(IDS, IDS);

  private static String inside(String name, String value) {
    byte[] bytes = HexFormat.of().parseHex(value);
    return HexFormat.of().formatHex(MappedAttributes.inside(name, bytes, MAPPED));
  }

  @Test
  void capabilityOfRootInsideHasNoOwnerThere() {
    String rights = "00040000" + "00".repeat(12);
    assertThat(inside("security.capability", "01000003" + rights + "a0860100"))
        .isEqualTo("01000002" + rights);
    String ofAnother = "01000003" + rights + "a1860100";
    assertThat(inside("security.capability", ofAnother)).isEqualTo(ofAnother);
    String plain = "01000002" + rights;
    assertThat(inside("security.capability", plain)).isEqualTo(plain);
    assertThat(inside("security.capability", "03")).isEqualTo("03");
  }

  @Test
  void accessListNamesTheIdsInside() {
    String owner = "01000600ffffffff";
    String rest = "04000400ffffffff" + "20000400ffffffff";
    assertThat(
            inside(
                "system.posix_acl_access",
                "02000000" + owner + "02000400" + "a2860100" + "08000400" + "a3860100" + rest))
        .isEqualTo("02000000" + owner + "02000400" + "02000000" + "08000400" + "03000000" + rest);
    String unknown = "02000000" + owner + "02000400" + "07000000" + rest;
    assertThat(inside("system.posix_acl_default", unknown)).isEqualTo(unknown);
  }

  @Test
  void otherAttributesAndOtherOwnershipsAreLeftAlone() {
    assertThat(inside("user.mark", "0102")).isEqualTo("0102");
    byte[] owned = HexFormat.of().parseHex("01000003" + "00".repeat(16) + "a0860100");
    assertThat(MappedAttributes.inside("security.capability", owned, Ownership.EXACT))
        .isSameAs(owned);
  }
}
