package io.runcible.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResolvConfTest {
  private static final String HOST =
      """
      # nameserver 192.0.2.1
      ; and another comment
      search example.org  sub.example.org
      nameserver 127.0.0.53
      \tnameserver\t192.0.2.53
      nameserver ::1
      nameserver
      options edns0 trust-ad
      unknown words
      """;

  private static String pasta(String host) {
    return new Pasta(Path.of("pasta")).resolvConf(ResolvConf.parse(host));
  }

  @Test
  void serverOnTheLoopbackDeviceIsReachedThroughTheProgram() {
    assertThat(pasta(HOST))
        .isEqualTo(
            """
            nameserver 169.254.1.1
            nameserver 192.0.2.53
            search example.org  sub.example.org
            options edns0 trust-ad
            """);
    assertThat(new Slirp4netns(Path.of("slirp4netns")).resolvConf(ResolvConf.parse(HOST)))
        .startsWith("nameserver 10.0.2.3\nsearch ");
  }

  @Test
  void nothingComesOfNothing() {
    assertThat(pasta("")).isEmpty();
    assertThat(ResolvConf.read(Path.of("/no/such/file")).servers()).isEmpty();
  }

  @Test
  void endlessFileIsCutOff(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("resolv.conf");
    Files.writeString(file, "nameserver 192.0.2.1\n".repeat(100_000));
    List<String> servers = ResolvConf.read(file).servers();
    assertThat(servers).hasSizeLessThan(4_000).contains("192.0.2.1");
  }
}
