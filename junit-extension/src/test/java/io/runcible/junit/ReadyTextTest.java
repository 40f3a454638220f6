package io.runcible.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.RuncibleException;
import io.runcible.engine.ContainerSpec;
import io.runcible.network.PortBinding;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReadyTextTest {
  @ParameterizedTest
  @CsvSource({
    "port:5432,            a listener on TCP port 5432",
    "log:a:b|c,            a line of output that matches 'a:b|c'",
    "http:8080/a/b?c=d:e,  success of http on port 8080 for /a/b?c=d:e",
    "https:8443,           success of https on port 8443 for /",
    "exec: test  -e /x,    success of 'test -e /x'",
    "healthy,              health"
  })
  void conditionIsWhatItsTextSays(String text, String meaning) {
    assertThat(ReadyText.parse(text)).hasToString(meaning);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "port",
        "port:",
        "port:0",
        "port:65536",
        "exec: ",
        "healthy:now",
        "up",
        "http:/"
      })
  void otherTextIsRefused(String text) {
    assertThatThrownBy(() -> ReadyText.parse(text))
        .isInstanceOf(ExtensionConfigurationException.class)
        .hasMessageContaining("'" + text + "'");
  }

  @Test
  void expressionAndPathAreChecked() {
    assertThatThrownBy(() -> ReadyText.parse("log:(")).isInstanceOf(RuncibleException.class);
    assertThatThrownBy(() -> ReadyText.parse("http:80/a b")).isInstanceOf(RuncibleException.class);
  }

  @Test
  void portsOfTcpAreWaitedForByThemselves() {
    ContainerSpec spec =
        ContainerSpec.builder("x").publish(80).publish(PortBinding.udp(53)).publish(81).build();
    assertThat(ReadyText.ofPorts(spec).orElseThrow())
        .hasToString("a listener on TCP port 80 and a listener on TCP port 81");
    assertThat(ReadyText.ofPorts(ContainerSpec.builder("x").build())).isEmpty();
  }
}
