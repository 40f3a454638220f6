package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PacketFiltersIT {
  private Path nft;

  @BeforeEach
  void needPrograms() {
    HostTools.requireRoot();
    nft = HostTools.requireProgram("nft", "nftables");
  }

  private void nft(String... words) throws Exception {
    Process process =
        new ProcessBuilder(nft.toString(), String.join(" ", words)).inheritIO().start();
    assertThat(process.waitFor()).isZero();
  }

  /** What is looked for by it would otherwise never be seen. */
  @Test
  void generationChangesWithATable() throws Exception {
    String table = "inet test-" + ProcessHandle.current().pid();
    Optional<String> before = PacketFilters.generation();
    HostTools.require(before.isPresent(), "this kernel has no nf_tables");
    nft("add table", table);
    Optional<String> with = PacketFilters.generation();
    nft("delete table", table);
    assertThat(with).isNotEqualTo(before);
    assertThat(PacketFilters.generation()).isNotEqualTo(with).isNotEqualTo(before);
  }
}
