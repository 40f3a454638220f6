package io.runcible.junit;

import static io.runcible.junit.ShellImage.run;
import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.engine.Container;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Run in a JVM of its own, as an ordinary user. */
@RunContainer(
    name = "base",
    image = "${shell.image}",
    command = {"sh", "-c", "echo from the base >/tmp/index.html; httpd -f -p 80 -h /tmp"},
    ready = "port:80",
    network = "net",
    aliases = "front")
class UserJvm {
  @RunContainer(
      image = "${shell.image}",
      command = {"httpd", "-f", "-p", "8080", "-h", "/pages"},
      files = "files/greeting.txt:/pages/index.html",
      ports = "8080",
      network = "net",
      dependsOn = "base")
  static Container web;

  @Test
  void reachesItsContainersAndTheyEachOther(@HostUrl("http://web:8080/") URI url)
      throws IOException {
    try (InputStream in = url.toURL().openStream()) {
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8))
          .contains("said the class path.");
    }
    assertThat(run(web, "printf 'GET /index.html HTTP/1.0\\r\\n\\r\\n' | nc front 80"))
        .endsWith("from the base");
  }

  @Test
  void fails(@RunContainer(name = "own", image = "${shell.image}", readyLog = "up") Container own) {
    throw new AssertionError("on purpose, as user " + System.getProperty("user.name"));
  }
}
