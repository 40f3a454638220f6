package io.runcible.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class RtnetlinkIT {
  private static final byte[] MAC = {2, 0, 0, 0, 0, 1};

  /** By itself the kernel makes one for each processor, and waits when it takes them away again. */
  @Test
  void joinedDevicesAreMadeWithOneQueueEachWay() {
    HostTools.requireRoot();
    Path ip = HostTools.requireProgram("ip", "iproute2");
    try (NetworkNamespace here = NetworkNamespace.create();
        NetworkNamespace there = NetworkNamespace.create()) {
      Rtnetlink.Link inside = here.netlink().addVeth("one", 0, 1400, there, "other", MAC);
      assertThat(inside.mtu()).isEqualTo(1400);
      assertThat(details(ip, here, "one")).contains("numtxqueues 1 ", "numrxqueues 1 ", "UP");
      assertThat(details(ip, there, "other")).contains("numtxqueues 1 ", "numrxqueues 1 ", "UP");
    }
  }

  private static String details(Path ip, NetworkNamespace namespace, String device) {
    return InNamespace.call(
        Path.of(namespace.descriptor().procPath()),
        () -> {
          Process process =
              new ProcessBuilder(ip.toString(), "-details", "link", "show", device)
                  .redirectErrorStream(true)
                  .start();
          return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        });
  }
}
