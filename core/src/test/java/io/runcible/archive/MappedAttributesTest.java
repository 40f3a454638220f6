package io.runcible.archive;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
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

  private static @Nullable String outside(String name, String value) {
    byte[] bytes = MappedAttributes.outside(name, HexFormat.of().parseHex(value), MAPPED);
    return bytes == null ? null : HexFormat.of().formatHex(bytes);
  }

  @Test
  void capabilityBelongsToRootInside() {
    String rights = "00040000" + "00".repeat(12);
    String owned = "01000003" + rights + "a0860100";
    assertThat(outside("security.capability", "01000002" + rights)).isEqualTo(owned);
    assertThat(outside("security.capability", "01000003" + rights + "00000000")).isEqualTo(owned);
    assertThat(outside("security.capability", "01000003" + rights + "e8030000")).isNull();
    assertThat(outside("security.capability", "02")).isEqualTo("02");
    assertThat(inside("security.capability", owned)).isEqualTo("01000002" + rights);
  }

  @Test
  void accessListNamesTheIdsOutside() {
    String rest = "04000400ffffffff" + "20000400ffffffff";
    String list = "02000000" + "02000400" + "02000000" + "08000400" + "03000000" + rest;
    String there = "02000000" + "02000400" + "a2860100" + "08000400" + "a3860100" + rest;
    assertThat(outside("system.posix_acl_default", list)).isEqualTo(there);
    assertThat(inside("system.posix_acl_default", there)).isEqualTo(list);
    assertThat(outside("system.posix_acl_default", "02000000" + "02000400" + "e8030000")).isNull();
    assertThat(outside("user.mark", "0102")).isEqualTo("0102");
  }

  @Test
  void otherAttributesAndOtherOwnershipsAreLeftAlone() {
    assertThat(inside("user.mark", "0102")).isEqualTo("0102");
    byte[] owned = HexFormat.of().parseHex("01000003" + "00".repeat(16) + "a0860100");
    assertThat(MappedAttributes.inside("security.capability", owned, Ownership.EXACT))
        .isSameAs(owned);
  }
}
