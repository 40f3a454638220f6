package io.runcible.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runcible.ErrorKind;
import io.runcible.RuncibleException;
import io.runcible.network.LeaseTable.Lease;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetworkFilesTest {
  @TempDir Path directory;

  private NetworkFiles files;

  @BeforeEach
  void makeNetwork() throws IOException {
    files = new NetworkFiles(directory);
    Files.createDirectory(directory.resolve("net"));
  }

  private static LeaseTable table(String id) {
    Lease lease =
        new Lease(id, id, "rcv", "eth0", List.of("10.0.0.2"), List.of(id), List.of(), List.of());
    return LeaseTable.EMPTY.with(lease, Map.of("10.0.0.0/24", "2")).withEngine("engine");
  }

  private List<String> names() throws IOException {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(directory.resolve("net"))) {
      all.forEach(file -> names.add(file.getFileName().toString()));
    }
    return names;
  }

  @Test
  void lastTableIsReadAndTheOthersAreRemoved() throws IOException {
    assertThat(files.leases("net")).isEqualTo(LeaseTable.EMPTY);
    assertThat(files.leases("none")).isEqualTo(LeaseTable.EMPTY);
    for (int i = 1; i <= 12; i++) {
      files.write("net", table("c" + i));
      assertThat(files.leases("net")).isEqualTo(table("c" + i));
    }
    assertThat(names()).containsExactly("leases-12.json");
  }

  /** A writer that is killed leaves two, and the next one removes both. */
  @Test
  void newestOfSeveralCounts() throws IOException {
    files.write("net", table("old"));
    Path net = directory.resolve("net");
    files.write("net", table("new"));
    Files.copy(net.resolve("leases-2.json"), net.resolve("leases-10.json"));
    Files.writeString(net.resolve("leases-x.json"), "not ours");
    Files.writeString(net.resolve("leases-2.json"), "{}");
    assertThat(files.leases("net")).isEqualTo(table("new"));
    files.write("net", table("newest"));
    assertThat(names()).containsExactlyInAnyOrder("leases-11.json", "leases-x.json");
  }

  @Test
  void damagedTableIsNamedAndHoldsUpNobodyElse() throws IOException {
    Path file = directory.resolve("net/leases-7.json");
    String lease =
        "{\"containerId\":\"a\",\"token\":\"a\",\"hostDevice\":\"d\",\"device\":\"e\","
            + "\"addresses\":%s,\"names\":[],\"gatewayNames\":[]}";
    for (String damaged :
        List.of(
            "",
            "{}",
            "[]",
            "{\"leases\":[null],\"engines\":[],\"last\":{}}",
            "{\"leases\":[{}],\"engines\":[],\"last\":{}}",
            "{\"leases\":[" + lease.formatted("[\"\"]") + "],\"engines\":[],\"last\":{}}",
            "{\"leases\":[" + lease.formatted("[null]") + "],\"engines\":[],\"last\":{}}",
            "\0\0\0")) {
      Files.writeString(file, damaged);
      assertThatThrownBy(() -> files.leases("net"))
          .as(damaged)
          .isInstanceOfSatisfying(
              RuncibleException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CORRUPT_DATA))
          .hasMessageContaining(file.toString())
          .hasMessageContaining("network 'net'");
      assertThat(files.readable("net")).isEmpty();
      assertThat(files.lease("net", "a")).isEmpty();
    }
    files.write("net", table("c"));
    assertThat(files.leases("net")).isEqualTo(table("c"));
    assertThat(names()).containsExactly("leases-8.json");
  }

  @Test
  void readerWithoutTheLockSeesATable() {
    files.write("net", table("c0"));
    CompletableFuture<Void> writer =
        CompletableFuture.runAsync(
            () -> {
              for (int i = 1; i < 300; i++) {
                files.write("net", table("c" + i));
              }
            });
    while (!writer.isDone()) {
      assertThat(files.leases("net").leases()).hasSize(1);
    }
    writer.join();
    assertThat(files.leases("net")).isEqualTo(table("c299"));
  }
}
