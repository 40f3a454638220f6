package io.runcible.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SubnetChooserTest {
  @Test
  void sameSeedFindsTheSameSubnetUnlessThatIsTaken() {
    IpPrefix first = new SubnetChooser(Map.of()).choose("seed").get(0).prefix();
    assertThat(new SubnetChooser(Map.of()).choose("seed").get(0).prefix()).isEqualTo(first);
    IpPrefix other = new SubnetChooser(Map.of(first, "a route")).choose("seed").get(0).prefix();
    assertThat(other.overlaps(first)).isFalse();
    assertThat(first.isIpv4()).isTrue();
    assertThat(first.length()).isEqualTo(24);
  }

  @Test
  void lastFreeSubnetIsFound() {
    IpPrefix lower = IpPrefix.parse("10.208.0.0/14");
    IpPrefix upper = IpPrefix.parse("10.212.0.0/15");
    IpPrefix rest = IpPrefix.parse("10.214.0.0/16");
    IpPrefix half = IpPrefix.parse("10.215.128.0/17");
    Map<IpPrefix, String> taken =
        Map.of(lower, "a", upper, "b", rest, "c", half, "d", IpPrefix.parse("10.215.0.0/18"), "e");
    IpPrefix found = new SubnetChooser(taken).choose("seed").get(0).prefix();
    assertThat(IpPrefix.parse("10.215.64.0/18").overlaps(found)).isTrue();
    SubnetChooser none = new SubnetChooser(Map.of(IpPrefix.parse("10.0.0.0/8"), "a VPN"));
    assertThatThrownBy(() -> none.choose("seed")).hasMessageContaining("10.208.0.0/13");
  }

  @Test
  void collisionNamesBoth() {
    SubnetChooser chooser = new SubnetChooser(Map.of(IpPrefix.parse("10.1.0.0/16"), "a route"));
    List<NetworkSpec.Subnet> subnets =
        NetworkSpec.builder("net").subnet("10.1.2.0/24").build().subnets();
    assertThatThrownBy(() -> chooser.requireFree("net", subnets))
        .hasMessageContainingAll("10.1.2.0/24", "net", "10.1.0.0/16", "a route");
  }
}
