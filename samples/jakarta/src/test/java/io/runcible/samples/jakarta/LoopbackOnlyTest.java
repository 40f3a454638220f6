package io.runcible.samples.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.UnknownHostException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoopbackOnlyTest {
  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, localhost, true",
    "127.0.0.1, 127.0.0.1, true",
    "::1, [::1], true",
    "0:0:0:0:0:0:0:1, [::1], true",
    "::ffff:127.0.0.1, localhost, true",
    "127.0.0.1, rebound.example, false",
    "127.0.0.1, localhost.rebound.example, false",
    "127.0.0.1, 127.0.0.1.rebound.example, false",
    "127.0.0.1, 192.0.2.1, false",
    "192.0.2.1, localhost, false",
    "2001:db8::1, [::1], false",
    "0.0.0.0, localhost, false",
  })
  void comesFromThisHostAndCallsItByItsName(String client, String server, boolean local)
      throws UnknownHostException {
    assertThat(LoopbackOnly.isLocal(client, server)).isEqualTo(local);
  }
}
