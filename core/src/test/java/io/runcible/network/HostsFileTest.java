package io.runcible.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostsFileTest {
  private static final String BASE = "127.0.0.1\tlocalhost\n";

  @TempDir Path directory;

  @Test
  void blockIsAddedReplacedAndTakenAway() {
    String one = HostsFile.replace(BASE, "net", List.of("10.0.0.2\ta"));
    assertThat(one).isEqualTo(BASE + "# network net\n10.0.0.2\ta\n# end of network net\n");
    String two = HostsFile.replace(one, "net", List.of("10.0.0.2\ta", "10.0.0.3\tb"));
    assertThat(two)
        .isEqualTo(BASE + "# network net\n10.0.0.2\ta\n10.0.0.3\tb\n# end of network net\n");
    assertThat(HostsFile.replace(two, "net", List.of())).isEqualTo(BASE);
  }

  @Test
  void otherBlocksAndOtherLinesStay() {
    String text = HostsFile.replace(BASE, "net", List.of("10.0.0.2\ta"));
    text = HostsFile.replace(text + "192.0.2.1 mine\n", "net2", List.of("10.0.1.2\tb"));
    text = HostsFile.replace(text, "net", List.of("10.0.0.9\tz"));
    assertThat(text)
        .contains("192.0.2.1 mine\n", "10.0.1.2\tb\n", "10.0.0.9\tz\n")
        .doesNotContain("10.0.0.2");
  }

  /** A container may write what it likes, and harms itself alone. */
  @Test
  void blockWithoutAnEndEndsWithTheFile() {
    assertThat(HostsFile.replace(BASE + "# network net\nx\n", "net", List.of("10.0.0.2\ta")))
        .isEqualTo(BASE + "# network net\n10.0.0.2\ta\n# end of network net\n");
    assertThat(HostsFile.replace("", "net", List.of())).isEmpty();
  }

  @Test
  void fileIsWrittenInPlace() throws IOException {
    Path file = Files.writeString(directory.resolve("hosts"), BASE);
    Object before = Files.readAttributes(file, "unix:ino").get("ino");
    HostsFile.rewrite(file, "net", List.of("10.0.0.2\ta"));
    HostsFile.rewrite(file, "net", List.of("10.0.0.2\ta", "10.0.0.3\tb"));
    assertThat(Files.readString(file)).contains("10.0.0.3\tb");
    HostsFile.rewrite(file, "net", List.of());
    assertThat(Files.readString(file)).isEqualTo(BASE);
    assertThat(Files.readAttributes(file, "unix:ino").get("ino")).isEqualTo(before);
  }

  @Test
  void missingFileStaysMissingAndAHugeOneAsItIs() throws IOException {
    HostsFile.rewrite(directory.resolve("none"), "net", List.of("10.0.0.2\ta"));
    assertThat(directory.resolve("none")).doesNotExist();
    Path huge = Files.write(directory.resolve("huge"), new byte[300 << 10]);
    HostsFile.rewrite(huge, "net", List.of("10.0.0.2\ta"));
    assertThat(huge).hasSize(300 << 10);
  }

  @Test
  void bytesThatAreNoTextStay() throws IOException {
    Path file =
        Files.write(directory.resolve("hosts"), new byte[] {(byte) 0xff, (byte) 0xc3, '\n'});
    HostsFile.rewrite(file, "net", List.of("10.0.0.2\ta"));
    HostsFile.rewrite(file, "net", List.of());
    assertThat(Files.readAllBytes(file)).containsExactly(0xff, 0xc3, '\n');
  }
}
