package io.runcible.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.math.BigInteger;
import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IpPrefixTest {
  private static InetAddress address(String text) {
    return IpPrefix.parseAddress(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "10.0.0.0",
        "10.0.0.0/",
        "/8",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/8x",
        "10.0.0.0/0000",
        "10.0.0/8",
        "10.0.0.256/32",
        "010.0.0.0/8",
        "10.1.0.0/8",
        "localhost/8",
        "registry.example/8",
        "fd00::/129",
        "fd00::1/64",
        "fd00:::/64",
        "fe80::1%eth0/128",
        "[fd00::]/64",
        "1:2/64"
      })
  void whatIsNoSubnetIsRefused(String text) {
    assertThatThrownBy(() -> IpPrefix.parse(text))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
  }

  @Test
  void errorNamesTheSubnetThatIsMeant() {
    assertThatThrownBy(() -> IpPrefix.parse("10.1.2.3/24")).hasMessageContaining("10.1.2.0/24");
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.1.2.0/24, true",
    "10.1.2.0/24, 10.0.0.0/8, true",
    "10.1.2.0/24, 10.1.3.0/24, false",
    "10.1.2.0/25, 10.1.2.128/25, false",
    "0.0.0.0/0, 10.1.2.0/24, true",
    "10.1.2.3/32, 10.1.2.3/32, true",
    "0.0.0.0/0, fd00::/8, false",
    "fd00::/8, fd12:3456::/64, true",
    "fd00:1::/64, fd00:1:0:1::/64, false"
  })
  void subnetsOverlapIfOneContainsTheOther(String one, String other, boolean overlap) {
    assertThat(IpPrefix.parse(one).overlaps(IpPrefix.parse(other))).isEqualTo(overlap);
  }

  @Test
  void addressesAreCounted() {
    IpPrefix ipv4 = IpPrefix.parse("255.255.255.0/24");
    assertThat(ipv4.at(0)).isEqualTo(address("255.255.255.0"));
    assertThat(ipv4.last()).isEqualTo(address("255.255.255.255"));
    assertThat(ipv4.offset(address("255.255.255.7"))).isEqualTo(BigInteger.valueOf(7));
    IpPrefix ipv6 = IpPrefix.parse("fd00::/64");
    assertThat(ipv6.at(1)).isEqualTo(address("fd00::1"));
    assertThat(ipv6.last()).isEqualTo(address("fd00::ffff:ffff:ffff:ffff"));
    assertThat(IpPrefix.parse("::/0").last().getAddress()).containsOnly(0xff);
    assertThat(IpPrefix.parse("0.0.0.0/8").at(3)).isEqualTo(address("0.0.0.3"));
    assertThatThrownBy(() -> ipv4.at(256)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ipv4.at(-1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void addressHasASubnetAround() {
    assertThat(IpPrefix.around(address("10.1.2.3"), 20)).isEqualTo(IpPrefix.parse("10.1.0.0/20"));
    assertThat(IpPrefix.around(address("fd00::5"), 64)).isEqualTo(IpPrefix.parse("fd00::/64"));
    assertThat(IpPrefix.parse("10.1.0.0/20").contains(address("10.1.15.255"))).isTrue();
    assertThat(IpPrefix.parse("10.1.0.0/20").contains(address("10.1.16.0"))).isFalse();
  }

  @Test
  void subnetNeedsRoomAndAGatewayInIt() {
    for (String prefix : new String[] {"10.0.0.0/31", "10.0.0.0/32", "0.0.0.0/0", "fd00::/127"}) {
      assertThatThrownBy(() -> NetworkSpec.builder("x").subnet(prefix))
          .hasMessageContaining(IpPrefix.parse(prefix).toString());
    }
    for (String gateway : new String[] {"10.0.0.0", "10.0.0.3", "10.0.1.1", "fd00::1"}) {
      assertThatThrownBy(() -> NetworkSpec.builder("x").subnet("10.0.0.0/30", gateway))
          .hasMessageContaining("gateway");
    }
    for (String prefix : new String[] {"127.1.0.0/16", "224.0.0.0/8", "fe80::/64"}) {
      assertThatThrownBy(() -> NetworkSpec.builder("x").subnet(prefix))
          .hasMessageContaining(IpPrefix.parse(prefix).toString());
    }
    assertThatThrownBy(() -> NetworkSpec.builder("x").subnet("10.0.0.0/8").subnet("10.1.0.0/16"))
        .hasMessageContaining("overlap");
  }
}
