package io.runcible.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import io.runcible.ffi.NetworkNamespace;
import io.runcible.ffi.PrivilegedHost;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SpareNamespaceIT {
  private PrivilegedHost host;
  private SpareNamespace spare;
  private List<String> before;

  @BeforeEach
  void make() throws IOException {
    HostTools.requireRoot();
    host = PrivilegedHost.open();
    spare = new SpareNamespace(host);
    before = open();
  }

  @AfterEach
  void close() throws IOException {
    spare.close();
    host.close();
    assertThat(open()).isEqualTo(before);
  }

  /** The network namespaces that this process has open, each named by its number. */
  private static List<String> open() throws IOException {
    List<String> open = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path file : files) {
        try {
          String target = Files.readSymbolicLink(file).toString();
          if (target.startsWith("net:")) {
            open.add(target);
          }
        } catch (NoSuchFileException e) {
          // That of the listing itself, or closed since.
        }
      }
    }
    open.sort(null);
    return open;
  }

  private List<String> made() throws IOException {
    List<String> made = open();
    made.removeAll(before);
    return made;
  }

  @Test
  void isMadeOnceAndGivenToOne() throws IOException {
    spare.fill();
    spare.fill();
    List<String> ready = made();
    assertThat(ready).hasSize(1);
    try (NetworkNamespace first = spare.take();
        NetworkNamespace second = spare.take()) {
      assertThat(made()).hasSize(2).containsAll(ready);
      for (NetworkNamespace one : List.of(first, second)) {
        assertThat(one.netlink().link("lo").orElseThrow().up()).isTrue();
      }
    }
    assertThat(made()).isEmpty();
  }

  @Test
  void isGoneWithItsOwnerAndNotMadeAfterwards() throws IOException {
    spare.fill();
    assertThat(made()).hasSize(1);
    spare.close();
    assertThat(made()).isEmpty();
    spare.fill();
    assertThat(made()).isEmpty();
  }
}
