package io.runcible.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.runcible.HostTools;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Bridge networks of an ordinary user, who is made for the test, which needs root. */
class RootlessBridgeIT {
  @RegisterExtension static final TestEngine ENGINE = new TestEngine();

  @BeforeAll
  static void needPrograms() {
    RootlessIT.needPrograms();
    HostTools.requireFile("/dev/net/tun", "kmod, and then: modprobe tun");
    HostTools.requireProgram("pasta", "passt");
    HostTools.requireProgram("nft", "nftables");
  }

  @Test
  void containersFindEachOther() throws Exception {
    try (TestRoot root = TestRoot.create();
        TestUser user = TestUser.create(root.path(), true)) {
      String reference = ENGINE.reference("busybox");
      String registry = reference.substring(0, reference.indexOf('/'));
      LeakCheck leaks = new LeakCheck(() -> List.of(root.path()));
      leaks.begin();
      try (ChildJvm jvm = user.jvmWithTun("true", RootlessBridgeProgram.class, registry, "all")) {
        Map<String, String> said = said(jvm);
        assertThat(said)
            .containsEntry("labels", "{a=b}")
            .containsEntry("alias", "db hello")
            .containsEntry("removed", "true");
        assertThat(said.get("used")).startsWith("FAILED_PRECONDITION").contains("[db, app]");
      }
      leaks.verify();
      try (ChildJvm jvm = user.jvmWithTun("true", RootlessBridgeProgram.class, registry, "wait")) {
        assertThat(jvm.line()).isEqualTo("up=true");
        jvm.kill();
      }
      leaks.verify();
    }
  }

  private static Map<String, String> said(ChildJvm jvm) {
    Map<String, String> said =
        jvm.rest().stream()
            .map(line -> line.split("=", 2))
            .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
    assertThat(jvm.waitFor()).as("%s", said).isZero();
    return said;
  }
}
