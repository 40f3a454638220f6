package io.runcible.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.ffi.PrivilegedHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CniNetworksTest {
  @TempDir private Path directory;

  @Test
  void connectionsThatCannotBeListedAreNotNone() throws IOException {
    // A link to itself, which neither root can open.
    Path circle = Files.createSymbolicLink(directory.resolve("cni"), Path.of("cni"));
    try (PrivilegedHost host = PrivilegedHost.open()) {
      assertThatThrownBy(() -> new CniNetworks(host, circle).reclaim((id, token) -> false))
          .asInstanceOf(type(RuncibleException.class))
          .satisfies(e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNAVAILABLE));
    }
  }
}
