package io.runcible.junit;

import static io.runcible.junit.ShellImage.run;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import io.runcible.engine.ContainerSpec;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Run in a JVM of its own, on whatever version of JUnit. */
class SharingJvm {
  @RunContainer(
      image = "${shell.image}",
      command = {"sh", "-c", "echo up; httpd -f -p 8080"},
      ports = "8080",
      reuse = "sharing",
      ready = {"log:up", "port:8080"})
  static Container shared;

  @RegisterExtension
  static final ContainerExtension PROGRAMMATIC =
      ContainerExtension.of(ContainerSpec.builder(System.getProperty("shell.image")).build())
          .named("programmatic")
          .reuse("sharing");

  /** Both may look at the same time: only one of them makes the file. */
  private static String look(Container container) {
    return run(
        container,
        "if (set -C; echo >/tmp/first) 2>/dev/null; then echo first; else echo second; fi");
  }

  @Test
  void sharesContainers() throws Exception {
    Path directory = Path.of(System.getProperty("directory"));
    String seen = look(shared) + look(PROGRAMMATIC.container());
    Files.writeString(directory.resolve("being-written"), seen);
    Files.move(directory.resolve("being-written"), directory.resolve("ready"));
    while (!Files.exists(directory.resolve("go"))) {
      Thread.sleep(20);
    }
    // Also when the other one has ended.
    assertThat(run(shared, "echo here")).isEqualTo("here");
    assertThat(run(PROGRAMMATIC.container(), "echo here")).isEqualTo("here");
    InetSocketAddress address = shared.hostAddress(8080);
    try (Socket client = new Socket(address.getAddress(), address.getPort())) {
      client.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(US_ASCII));
      assertThat(client.getInputStream().read()).isEqualTo('H');
    }
  }

  @Test
  void sharesAContainerInItsRun(
      @RunContainer(image = "${shell.image}", scope = RunContainer.Scope.RUN) Container ofTheRun) {
    assertThat(ofTheRun.isRunning()).isTrue();
  }

  @Test
  void publishesPorts(
      @RunContainer(
              image = "${shell.image}",
              command = {"httpd", "-f", "-p", "8080"},
              ports = "8080")
          Container web) {
    assertThat(web.hostPort(8080)).isPositive();
  }

  @Test
  void fails() {
    Assertions.fail("on purpose");
  }
}
