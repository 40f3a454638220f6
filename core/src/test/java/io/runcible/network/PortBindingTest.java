package io.runcible.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PortBindingTest {
  @ParameterizedTest
  @CsvSource({
    "80, 127.0.0.1:0:80/tcp",
    "80/udp, 127.0.0.1:0:80/udp",
    "80/UDP, 127.0.0.1:0:80/udp",
    "8080:80, 127.0.0.1:8080:80/tcp",
    "0:80, 127.0.0.1:0:80/tcp",
    ":80, 127.0.0.1:0:80/tcp",
    "127.0.0.1::53/udp, 127.0.0.1:0:53/udp",
    "0.0.0.0:8080:80, 0.0.0.0:8080:80/tcp",
    "192.0.2.10:1:65535/tcp, 192.0.2.10:1:65535/tcp",
    "[::1]:80:80, [0:0:0:0:0:0:0:1]:80:80/tcp",
    "[::]::80, [0:0:0:0:0:0:0:0]:0:80/tcp",
    "[2001:DB8::1]:80:80/udp, [2001:db8:0:0:0:0:0:1]:80:80/udp",
    "[::ffff:192.0.2.1]:80:80, 192.0.2.1:80:80/tcp"
  })
  void wordsOfDockerAreRead(String text, String read) {
    List<PortBinding> bindings = PortBinding.parse(text);
    assertThat(bindings).hasSize(1);
    assertThat(bindings.get(0)).hasToString(read);
    assertThat(PortBinding.parse(read)).isEqualTo(bindings);
  }

  @Test
  void rangesGoSideBySide() {
    assertThat(PortBinding.parse("8000-8002:9000-9002/udp").toString())
        .isEqualTo("[127.0.0.1:8000:9000/udp, 127.0.0.1:8001:9001/udp, 127.0.0.1:8002:9002/udp]");
    assertThat(PortBinding.parse("9000-9001").toString())
        .isEqualTo("[127.0.0.1:0:9000/tcp, 127.0.0.1:0:9001/tcp]");
    assertThat(PortBinding.parse("1-65535")).hasSize(65535);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        "a",
        "0",
        "-1",
        "65536",
        "99999",
        "80:",
        "80:0",
        "80:65536",
        "65536:80",
        "8000-8001:80",
        "80:8000-8001",
        "9-8",
        "0-3:1-4",
        "1-",
        "-",
        "1--2",
        "80/",
        "80/tcp/udp",
        "80/icmp",
        " 80",
        "80\n",
        "８０",
        "localhost:80:80",
        "127.0.0.1:80",
        "127.0.0:80:80",
        "127.0.0.01:80:80",
        "127.0.0.256:80:80",
        "127.0.0.1.:80:80",
        "1:2:3",
        "1:2:3:4",
        "::1:80:80",
        "[::1]:80",
        "[::1:80:80",
        "[]:80:80",
        "[1]:80:80",
        "[:::]:80:80",
        "[::1%lo]:80:80",
        "[127.0.0.1]:80:80",
        "1.1.1.1.1:80:80"
      })
  void otherWordsAreRefused(String text) {
    assertThatThrownBy(() -> PortBinding.parse(text))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
  }

  @Test
  void endlessTextIsNotShownWhole() {
    assertThatThrownBy(() -> PortBinding.parse("\u001b[31m" + "8".repeat(1_000_000)))
        .isInstanceOf(RuncibleException.class)
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(300).doesNotContain("\u001b"));
  }

  @Test
  void sctpIsUnsupported() {
    assertThatThrownBy(() -> PortBinding.parse("80/sctp"))
        .isInstanceOfSatisfying(
            RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED));
  }

  @Test
  void defaultIsForThisMachineAlone() {
    assertThat(PortBinding.tcp(80)).hasToString("127.0.0.1:0:80/tcp");
    assertThat(PortBinding.udp(53).withHostPort(5353).withHostAddress("::1"))
        .hasToString("[0:0:0:0:0:0:0:1]:5353:53/udp");
  }

  private static InetAddress zoned() {
    try {
      return Inet6Address.getByAddress(null, new byte[16], 1);
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void numbersAreChecked() {
    for (Runnable wrong :
        List.<Runnable>of(
            () -> PortBinding.tcp(0),
            () -> PortBinding.tcp(65536),
            () -> PortBinding.udp(-1),
            () -> PortBinding.tcp(1).withHostPort(-1),
            () -> PortBinding.tcp(1).withHostPort(65536),
            () -> new PortBinding(1, PortBinding.Protocol.TCP, zoned(), 0),
            () -> PortBinding.tcp(1).withHostAddress("registry.example"),
            () -> PortBinding.tcp(1).withHostAddress(""))) {
      assertThatThrownBy(wrong::run)
          .isInstanceOfSatisfying(
              RuncibleException.class,
              e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_INPUT));
    }
  }
}
