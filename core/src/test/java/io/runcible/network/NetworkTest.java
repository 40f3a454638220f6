package io.runcible.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.RuncibleException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkTest {
  @Test
  void textIsReadAsItIsWritten() {
    for (String text : new String[] {"none", "host", "bridge", "my-net", "container:db"}) {
      assertThat(Network.parse(text)).hasToString(text);
    }
    assertThat(Network.parse("none")).isSameAs(Network.NONE);
    assertThat(Network.parse("host")).isSameAs(Network.HOST);
    assertThat(Network.parse("bridge")).isEqualTo(Network.BRIDGE);
    assertThat(Network.parse("container:db").kind()).isEqualTo(Network.Kind.CONTAINER);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "-a", "A", "a b", "a/b", "..", "container:", "container:../x", "host\n"})
  void otherTextIsNoNetwork(String text) {
    assertThatThrownBy(() -> Network.parse(text)).isInstanceOf(RuncibleException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "a\n10.0.0.1 bank", "localhost", "LocalHost.localdomain", "ä"})
  void aliasIsAHostName(String alias) {
    assertThatThrownBy(() -> Network.BRIDGE.withAlias(alias)).isInstanceOf(RuncibleException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "02:00:00:00:00",
        "03:00:00:00:00:01",
        "00:00:00:00:00:00",
        "02-00-00-00-00-01"
      })
  void hardwareAddressIsOfOneDevice(String mac) {
    assertThatThrownBy(() -> Network.BRIDGE.withMac(mac)).isInstanceOf(RuncibleException.class);
  }

  @Test
  void onlyBridgeNetworksHaveNamesAndAddresses() {
    for (Network network : new Network[] {Network.NONE, Network.HOST, Network.container("a")}) {
      assertThatThrownBy(() -> network.withAlias("a")).isInstanceOf(RuncibleException.class);
      assertThatThrownBy(() -> network.withAddress("10.0.0.1"))
          .isInstanceOf(RuncibleException.class);
    }
    assertThatThrownBy(() -> Network.BRIDGE.withAddress("example.com"))
        .isInstanceOf(RuncibleException.class);
  }

  @Test
  void deviceOfANetworkIsANameOfADevice() {
    String device = NetworkRecord.device("/var/lib/runcible\0bridge", true);
    assertThat(device).hasSize(15).startsWith(NetworkRecord.DEVICES);
    assertThat(NetworkRecord.device("/elsewhere\0bridge", true)).isNotEqualTo(device);
    assertThat(NetworkRecord.device("/var/lib/runcible\0bridge", false))
        .startsWith(NetworkRecord.OPEN_DEVICES);
    assertThat(ContainerDevice.hostName("token", "bridge")).hasSize(15);
  }
}
